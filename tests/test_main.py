"""``python -m monitor``: what a shell is told in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN_INTO = """
exec("import os, signal; os.kill(os.getpid(), signal.SIGINT); signal.pause()")
"""
"""A library that executes a string while it is imported, as many do, and a Ctrl-C just then."""


def test_exit_code_of_a_ctrl_c_within_a_library(tmp_path: Path) -> None:
    """130 and not death by the signal, which Python would send itself once it is done."""
    (tmp_path / "torch.py").write_text(BROKEN_INTO)
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "export", tmp_path, "--output", tmp_path / "model"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (130, "monitor: stopped; run again to go on\n") == (done.returncode, done.stderr)


@pytest.mark.parametrize("flags", [(), ("-X", "dev")])
def test_an_operating_systems_error_can_be_traced(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """It is one line for users; in Python's development mode the traceback says where it was."""
    code = (
        "import sys\n"
        "from monitor import cli\n"
        "@cli.main.command('broken')\n"
        "def broken(): open(sys.argv[1])\n"
        "cli.main(['broken'])\n"
    )
    done = subprocess.run(
        [sys.executable, *flags, "-c", code, tmp_path / "missing"], capture_output=True, text=True
    )

    assert 1 == done.returncode
    assert bool(flags) == ("Traceback" in done.stderr)
    assert "missing" in done.stderr
