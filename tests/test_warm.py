"""``tests.warm``: what is forked is to its parent, and to itself, as if it were started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import warm

_PROBE = """
import os, sys, time
print(sys.argv[1:], os.getcwd(), os.environ["PROBE"], os.getppid(), sys.stdin.read(), sys.path[0])
print(__name__, "rich" in sys.modules, time.tzname, len(os.listdir("/proc/self/fd")))
print("an error", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """In which there is a program to try."""
    (tmp_path / "probe.py").write_text(_PROBE)
    (tmp_path / "sleeper.py").write_text("import time\nprint(0, flush=True)\ntime.sleep(60)\n")
    return {**os.environ, "PYTHONPATH": warm.IMPORTED_FIRST, "PROBE": "x", "TZ": "Pacific/Apia"}


def _answer(
    start: Callable[..., subprocess.Popen[bytes]], folder: Path, environment: dict[str, str]
) -> tuple[int, bytes, bytes]:
    pipe = subprocess.PIPE
    program = [sys.executable, "-m", "probe", "a", "b c"]
    with start(
        program, env=environment, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        out, err = process.communicate(b"what it reads", 60)
    return process.returncode, out, err


def test_it_sees_what_it_was_given(tmp_path: Path, environment: dict[str, str]) -> None:
    """Arguments, folder, variables, time zone, streams, parent; and it is seen to end with 7."""
    forked = _answer(warm.popen, tmp_path, environment)

    assert 7 == forked[0]
    assert b"what it reads" in forked[1]
    assert _answer(subprocess.Popen, tmp_path, environment) == forked


def test_it_can_be_killed(tmp_path: Path, environment: dict[str, str]) -> None:
    """By its number, as any child."""
    program = [sys.executable, "-m", "sleeper"]
    with warm.popen(program, env=environment, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert b"0\n" == process.stdout.readline()
        assert process.poll() is None
        process.kill()

    assert -signal.SIGKILL == process.returncode


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LD_PRELOAD"])
def test_what_python_reads_at_its_start_is_read(
    tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    """A program with such a variable of its own begins from nothing."""
    with warm.popen(
        [sys.executable, "-m", "sleeper"], env={**environment, name: "0"}, cwd=tmp_path
    ) as process:
        begun = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.kill()

    assert b"tests.warm" not in begun
