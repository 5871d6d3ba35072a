"""sqlite-utils as the daemon loads it."""

import subprocess
import sys

WHAT_IS_LOADED = """
import sys
from monitor.daemon import service
print(*sorted(sys.modules.keys() & {"pandas", "pyarrow", "torch", "tensorflow"}))
import pandas
print(pandas.__name__)
"""


def test_nothing_heavy_comes_with_it() -> None:
    """The daemon starts without what happens to be installed; it can be imported all the same."""
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED], capture_output=True, text=True, check=True
    )

    assert ["", "pandas"] == done.stdout.splitlines()
