"""The whole suite, in as little time as two cores allow: ``python -m tests``, or ``make test``.

What needs PyTorch or TensorFlow runs beside the rest in a process of its own: to import them takes
longer than most of those tests, so that not every worker should. Arguments are pytest's, but for
``--quick``: only what starts no process, and needs neither of them (``make quick``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
HEAVY: Final = TESTS / "lab"
"""What needs them."""
PROCESSES: Final = (
    *("arm", "benchmarks", "boot", "dashboard", "docs", "faults", "installing", "notifying", "old"),
)
"""Folders whose tests start processes or servers, nearly all of them."""
SHARED: Final = ("-n", "4", "--dist", "worksteal")
"""More workers than cores, for many tests wait. Whoever has done his part takes over half of what
another one has left: by pytest-xdist's usual way one worker gets most of `faults`, and the others
are done minutes earlier."""
NOTHING_CHOSEN: Final = 5
"""pytest's exit code where the arguments leave nothing to run."""
INTERRUPTED: Final = 130


def main(arguments: list[str]) -> int:
    """Run both halves; return pytest's exit code, 0 if all is well."""
    # Hundreds of daemons start: what they import is compiled once, whatever the shell says.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if "--quick" in arguments:
        return quick([one for one in arguments if one != "--quick"])
    pytest = [sys.executable, "-m", "pytest", "-m", "not study", *arguments]
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(
            [*pytest, "-n", "1", str(HEAVY)], stdout=said, stderr=subprocess.STDOUT
        )
        try:
            first = subprocess.call([*pytest, *SHARED, f"--ignore={HEAVY}", str(TESTS)])
            second = beside.wait()
        except KeyboardInterrupt:  # theirs, too
            beside.wait()
            return INTERRUPTED
        said.seek(0)
        lines = said.readlines()
    # All of it if something failed, else its sum: what failed in the other half stays in sight.
    sys.stdout.buffer.writelines(lines if second else lines[-1:])
    sys.stdout.flush()
    codes = [code for code in (first, second) if code != NOTHING_CHOSEN]
    return max(codes, default=NOTHING_CHOSEN)


def quick(arguments: list[str]) -> int:
    """Run what starts no process and no training; return pytest's exit code."""
    left_out = [HEAVY, *(TESTS / name for name in PROCESSES)]
    return subprocess.call(
        [
            *(sys.executable, "-m", "pytest", "-n", "2", "-m", "not study and not process"),
            *(f"--ignore={folder}" for folder in left_out),
            "--hypothesis-profile=quick",
            *arguments,
            str(TESTS),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
