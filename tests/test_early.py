"""Signals while the program is still being imported: the real one, sent by what it imports."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.processes import PATIENCE_S, REPOSITORY, free_port, wait_until

_DO_AND_GO_ON = """
import importlib, os, sys
exec(os.environ["WHILE_IMPORTING"])
sys.path[:] = [folder for folder in sys.path if folder != os.path.dirname(__file__)]
del sys.modules[__name__]
sys.modules[__name__] = importlib.import_module(__name__)
"""
"""In place of a library: does something once, and then is that library.

The folder is twice in the path, as PYTHONPATH and as the working directory.
"""

_KILL = "import os, signal; os.kill(os.getpid(), {number}); "
_FIRST, _LAST = "click", "paho"
"""Of the libraries that are imported before the daemon has its own handlers."""


def _start(folder: Path, library: str, action: str, *command: str) -> subprocess.Popen[str]:
    """Run the program with that library replaced."""
    (folder / f"{library}.py").write_text(_DO_AND_GO_ON)
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", *command],
        env=os.environ
        | {
            "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}",
            "WHILE_IMPORTING": action,
            "MONITOR_MQTT_PORT": str(free_port()),
            "MONITOR_STORE_PATH": str(folder / "monitor.db"),
        },
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


@pytest.mark.parametrize("library", [_FIRST, _LAST])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_ends_at_once_and_well(tmp_path: Path, library: str, number: int) -> None:
    """It had not begun: exit code 0, no word, no log."""
    process = _start(tmp_path, library, _KILL.format(number=int(number)), "run")

    assert (0, "", "") == _end(process)
    assert not (tmp_path / "monitor.db").exists()


@pytest.mark.parametrize("library", [_FIRST, _LAST])
def test_a_reload_before_there_is_anything_to_reload(tmp_path: Path, library: str) -> None:
    """It goes on, and reads the configuration as it would have; then it ends as ever."""
    process = _start(tmp_path, library, _KILL.format(number=int(signal.SIGHUP)), "run")
    assert process.stderr is not None
    for line in process.stderr:
        if '"ready"' in line:
            break
    process.terminate()

    assert 0 == _end(process)[0]


def test_the_daemon_ends_well_whenever_it_is(tmp_path: Path) -> None:
    """From its first line on: while it imports, loads its model, makes its log, connects."""
    for seed in range(12):
        begun = tmp_path / f"begun-{seed}"
        process = _start(tmp_path, _FIRST, f"open({str(begun)!r}, 'w').close()", "run")
        wait_until(begun.exists, "its first line", every=0.001)
        time.sleep(random.Random(seed).uniform(0, 0.8))
        process.terminate()
        code, _, err = _end(process)

        assert 0 == code, (code, err)
        assert "Traceback" not in err


@pytest.mark.parametrize("command", [("report",), ("classify", "text"), ("--help",)])
def test_ctrl_c_stops_other_commands_without_a_traceback(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Exit code 130 and a word, as when they are stopped later."""
    process = _start(tmp_path, _FIRST, _KILL.format(number=int(signal.SIGINT)), *command)

    assert (130, "", "monitor: stopped\n") == _end(process)


def test_ctrl_c_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """A shell's background jobs do not hear it, and are not to."""
    action = "import signal; assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN; "
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = _start(
            tmp_path, _FIRST, action + _KILL.format(number=int(signal.SIGINT)), "--help"
        )
    finally:
        signal.signal(signal.SIGINT, before)

    code, out, err = _end(process)
    assert (0, "") == (code, err)
    assert "Usage" in out


_ANSWERED: Final = """
import os, signal
from monitor import early
early.install(["report"])
from monitor.cli import main
from monitor.reporting import command

def moment(*_arguments):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
    except KeyboardInterrupt:
        raise {error} from None

command.moment = moment
main(["report"])
"""


@pytest.mark.parametrize("error", ["ValueError('a library says')", "OSError(5, 'a disk says')"])
def test_ctrl_c_that_a_library_answers_with_an_error(tmp_path: Path, error: str) -> None:
    """As some do that it breaks into: it is a Ctrl-C all the same."""
    code = [sys.executable, "-c", _ANSWERED.format(error=error)]
    result = subprocess.run(code, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (130, "", "monitor: stopped\n") == (result.returncode, result.stdout, result.stderr)
