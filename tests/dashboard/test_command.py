"""The command as typed: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dashboard.conftest import Dashboard
from tests.pictures.logs import write


def _monitor(*arguments: str, script: str = "") -> tuple[int, str]:
    program = (
        ["-c", f"{script}\nimport monitor.cli; monitor.cli.main()"] if script else ["-m", "monitor"]
    )
    result = subprocess.run(
        [sys.executable, *program, "dashboard", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in result.stderr
    return result.returncode, result.stderr


def test_it_says_where_it_is_and_ends_with_ctrl_c(
    tmp_path: Path, serve: Callable[..., Dashboard]
) -> None:
    """The address of a free port on this machine; 130 as every command that Ctrl-C stops."""
    dashboard = serve(write(tmp_path / "log.db"))

    assert dashboard.address.startswith("http://127.0.0.1:")
    assert (130, "monitor: stopped\n") == dashboard.end()


def test_a_service_may_end_it(tmp_path: Path, serve: Callable[..., Dashboard]) -> None:
    """SIGTERM is no failure to whoever sent it."""
    assert (-signal.SIGTERM, "") == serve(write(tmp_path / "log.db")).end(signal.SIGTERM)


def test_others_are_warned_of(tmp_path: Path, serve: Callable[..., Dashboard]) -> None:
    """Beyond loopback whoever reaches it may read."""
    dashboard = serve(write(tmp_path / "log.db"), "--host", "0.0.0.0")

    assert "warning: whoever reaches 0.0.0.0 may read all" in dashboard.end()[1]


@pytest.mark.parametrize(
    ("host", "code", "said"),
    [("", 2, "--host: is empty"), (" ", 2, "--host: is empty"), ("256.1.1.1", 1, "no such host")],
)
def test_a_host_that_is_none(tmp_path: Path, host: str, code: int, said: str) -> None:
    """Nothing typed is no wish to be open to all; a name that leads nowhere is told as one."""
    ended, err = _monitor("--database", str(write(tmp_path / "log.db")), "--host", host)

    assert code == ended
    assert said in err


def test_a_port_in_use(tmp_path: Path) -> None:
    """One line with the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, err = _monitor("--database", str(write(tmp_path / "log.db")), "--port", port)

    assert 1 == code
    assert port in err
    assert "--port (0: a free one)" in err


def test_a_missing_log(tmp_path: Path) -> None:
    """As the reader says it."""
    code, err = _monitor("--database", str(tmp_path / "none.db"))

    assert 1 == code
    assert "no such log" in err


def test_a_missing_extra(tmp_path: Path) -> None:
    """What to install."""
    script = "import sys; sys.modules['datasette'] = None"
    code, err = _monitor("--database", str(write(tmp_path / "log.db")), script=script)

    assert 1 == code
    assert "pip install 'tweet-reputation-monitor[dashboard]'" in err


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port", "x"]])
def test_wrong_usage(arguments: list[str]) -> None:
    """Exit code 2."""
    assert 2 == _monitor(*arguments)[0]
