"""The whole suite, in as little time as two cores allow: ``python -m tests``, or ``make test``.

What needs PyTorch or TensorFlow runs beside the rest in a process of its own: to import them takes
longer than most of those tests, so that not every worker should. Arguments are pytest's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
HEAVY: Final = ("comparison", "evaluation", "profiling", "quantifying", "search", "training")
"""Folders that need them."""
NOTHING_CHOSEN: Final = 5
"""pytest's exit code where the arguments leave nothing to run."""
INTERRUPTED: Final = 130


def main(arguments: list[str]) -> int:
    """Run both halves; return pytest's exit code, 0 if all is well."""
    pytest = [sys.executable, "-m", "pytest", "-m", "not study", *arguments]
    heavy = [str(TESTS / name) for name in HEAVY]
    light = [f"--ignore={folder}" for folder in heavy]
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(
            [*pytest, "-n", "1", *heavy], stdout=said, stderr=subprocess.STDOUT
        )
        try:
            first = subprocess.call([*pytest, "-n", "4", *light, str(TESTS)])
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
