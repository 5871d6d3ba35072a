"""``make audit``: what is said, and with which exit code, whatever pip-audit comes back with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

GOOD = {"name": "paho-mqtt", "version": "2.2.0", "vulns": []}
SKIPPED = {"name": "click", "skip_reason": "Dependency not found on PyPI"}
FOUND = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"], "description": ""}
BAD = {"name": "numpy", "version": "1.26.4", "vulns": [FOUND]}


@pytest.mark.parametrize(
    ("code", "expected", "packages"),
    [
        (0, ["a.lock: 0 of 1 packages are known to be vulnerable"], [GOOD]),
        (
            1,
            [
                "a.lock: numpy 1.26.4: PYSEC-1, CVE-1, fixed in 2.0",
                "a.lock: COULD NOT ASK PyPI about 1 of 3 packages",
                "a.lock: 1 of 2 packages are known to be vulnerable",
            ],
            [GOOD, BAD, SKIPPED],
        ),
        (0, ["a.lock: COULD NOT ASK PyPI about 1 of 1 packages"], [SKIPPED]),
        (0, ["a.lock: COULD NOT ASK PyPI: ConnectionError: no route"], None),
    ],
)
def test_outcomes(
    tmp_path: Path, code: int, expected: list[str], packages: list[object] | None
) -> None:
    """A known vulnerability fails it; that nobody could be asked does not, and is said."""
    report = json.dumps({"dependencies": packages, "fixes": []})
    (tmp_path / "pip_audit.py").write_text(
        "import sys\nsys.exit('Traceback\\nConnectionError: no route')\n"
        if packages is None
        else f"import sys\nprint({report!r})\nsys.exit({code})\n"
    )
    result = subprocess.run(
        [sys.executable, REPOSITORY / "requirements" / "audit.py", "a.lock"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert expected == result.stdout.splitlines()
    assert code == result.returncode, result.stderr
