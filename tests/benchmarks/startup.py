"""How long imports take before the daemon does anything.

    python -m tests.benchmarks.startup            # of this environment
    python -m tests.benchmarks.startup --json

Each figure is processor time, and the least of many fresh processes: a busy machine disturbs it
little. What one module costs, ``python -X importtime`` says.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

PROGRAMS: Final = {
    "python": "pass",
    "monitor --help": "import monitor.cli",
    "monitor classify": "import monitor.cli, monitor.archive.jsonlines, monitor.inference.model;"
    " {runtime}",
    "monitor run": "import monitor.cli, monitor.settings.credentials, monitor.daemon.service;"
    " {runtime}",
}
"""What is imported, by command; the first is what Python itself takes."""

_RUNTIME: Final = (
    "from importlib import import_module;"
    " from monitor.inference.interpreter import RUNTIMES, choose_runtime;"
    " import_module(RUNTIMES[choose_runtime()])"
)


def best_ms(program: str, runs: int) -> float:
    """Run a program in fresh processes; return the least milliseconds of a core that one took.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    least = float("inf")
    for _ in range(runs):
        before = _spent_s()
        subprocess.run([sys.executable, "-c", program.format(runtime=_RUNTIME)], check=True)
        least = min(least, _spent_s() - before)
    return 1000 * least


def _spent_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    found = {name: round(best_ms(text, options.runs), 1) for name, text in PROGRAMS.items()}
    if options.json:
        print(json.dumps(found))  # noqa: T201
    else:
        for name, milliseconds in found.items():
            print(f"{name:18} {milliseconds:7.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main()
