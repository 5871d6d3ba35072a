"""``monitor watch``, as typed, on terminals and elsewhere."""

from __future__ import annotations

import curses
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.watching import screen
from tests.logs import Said, write_log
from tests.processes import PATIENCE_S
from tests.terminal import Terminal

HINT = "q quits"
HOME = b"\x1b[?1049l"
"""What xterm is sent to get its screen back."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of the last hours, really."""
    return write_log(
        tmp_path / "monitor.db",
        [
            Said("Lumen", "positive", 2, hours_ago=3, text="praise \x1b]0;mine\x07of Lumen"),
            Said("Acme", "negative", 3, hours_ago=2, text="a word about Acme"),
        ],
        now=time.time(),
    )


@pytest.fixture
def start(log: Path) -> Iterator[Callable[..., Terminal]]:
    """Start the command on terminals; they end with the test."""
    terminals: list[Terminal] = []

    def run(*arguments: str, kind: str | None = "xterm", nohup: bool = False) -> Terminal:
        given = ("watch", "--database", str(log), *arguments)
        terminals.append(Terminal(*given, kind=kind, nohup=nohup))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def test_q_quits(start: Callable[..., Terminal]) -> None:
    """It draws, and on q it gives the screen back and ends with 0."""
    terminal = start()
    drawn = terminal.wait_for(HINT)
    terminal.type(b"q")
    code, rest = terminal.end()

    assert b"a word about Acme" in drawn
    assert 0 == code
    assert HOME in rest


def test_ctrl_c_ends_it_cleanly(start: Callable[..., Terminal]) -> None:
    """Exit code 130, the screen given back, no traceback."""
    terminal = start()
    terminal.wait_for(HINT)
    terminal.type(b"\x03")
    code, rest = terminal.end()

    assert 130 == code
    assert HOME in rest
    assert rest.endswith(b"monitor: stopped\r\n")
    assert b"Traceback" not in rest


def test_killed_it_gives_the_screen_back(start: Callable[..., Terminal]) -> None:
    """SIGTERM: whoever uses the terminal next finds it as it was."""
    terminal = start()
    terminal.wait_for(HINT)
    terminal.process.send_signal(signal.SIGTERM)
    code, rest = terminal.end()

    assert 128 + signal.SIGTERM == code
    assert HOME in rest


def _cpu_s(pid: int) -> float:
    """Return what a process has used of processors; it may have ended, but was not waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _ended(pid: int) -> bool:
    """Wait until a process has ended, and leave it for others to be waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.05)
    return False


def test_a_terminal_that_is_closed_ends_it(start: Callable[..., Terminal]) -> None:
    """By SIGHUP, or by seeing the end itself before that comes: a shell shows both as 129."""
    terminal = start()
    terminal.wait_for(HINT)
    terminal.hang_up()

    assert terminal.process.wait(PATIENCE_S) in (-signal.SIGHUP, 128 + signal.SIGHUP)


@pytest.mark.parametrize("interval", ["0.2", "2", "3600"])
def test_it_outlives_no_terminal(start: Callable[..., Terminal], interval: str) -> None:
    """Where SIGHUP is ignored (nohup, disown) it ends all the same, with that signal's code."""
    terminal = start("--interval", interval, nohup=True)
    terminal.wait_for(HINT)
    before = _cpu_s(terminal.process.pid)
    terminal.hang_up()

    assert _ended(terminal.process.pid)
    spent = _cpu_s(terminal.process.pid) - before
    assert 128 + signal.SIGHUP == terminal.process.wait(PATIENCE_S)
    assert 1.0 > spent


def test_arrows_choose_an_entity(start: Callable[..., Terminal]) -> None:
    """Twice down: the last tweets are those of the second entity."""
    terminal = start("--interval", "3600")
    terminal.wait_for(HINT)
    terminal.type(b"\x1bOB")
    terminal.wait_for("▸")
    terminal.type(b"\x1bOB")
    terminal.wait_for("▸")
    terminal.wait_for("praise")
    terminal.type(b"q")

    assert 0 == terminal.end()[0]


def test_resizes(start: Callable[..., Terminal]) -> None:
    """A wider terminal shows more: changes against the day before."""
    terminal = start("--interval", "1")  # a signal before curses waits is seen then
    first = terminal.wait_for(HINT)
    terminal.resize(30, 120)
    terminal.wait_for("change")
    terminal.type(b"q")

    assert b"change" not in first
    assert 0 == terminal.end()[0]


def test_only_what_changed_goes_over_the_line(start: Callable[..., Terminal], log: Path) -> None:
    """Of the next picture a fraction of the first is written, with the new tweet in it."""
    terminal = start("--interval", "0.2")
    first = terminal.wait_for(HINT)
    write_log(log, [Said("Acme", "neutral", text="news of it")], now=time.time())
    terminal.wait_for("news")
    terminal.seen = b""
    write_log(log, [Said("Acme", "neutral", text="more of it")], now=time.time())
    second = terminal.wait_for("more")

    assert len(second) < len(first) / 4


def test_nothing_steers_the_terminal(start: Callable[..., Terminal]) -> None:
    """An escape sequence in a tweet is not among those that are written."""
    terminal = start()
    drawn = terminal.wait_for(HINT)

    assert b"praise  ]0;mine of Lumen" in drawn
    assert b"\x1b]0;mine" not in drawn


@pytest.mark.parametrize("kind", ["dumb", "unknown", "no-such-terminal", "", None, "a/../b"])
def test_a_terminal_that_cannot_be_drawn_on(
    start: Callable[..., Terminal], kind: str | None
) -> None:
    """One picture, then the end."""
    code, seen = start(kind=kind).end()

    assert 0 == code
    assert b"a word about Acme" in seen
    assert b"\x1b" not in seen


@pytest.mark.parametrize("kind", ["vt52", "vt100", "vt102", "ansi", "sun", "xterm-mono", "linux"])
def test_a_terminal_of_few_abilities(start: Callable[..., Terminal], kind: str) -> None:
    """A serial line, say: one that cannot hide its cursor shows it."""
    terminal = start(kind=kind)
    terminal.wait_for("Acme")
    terminal.type(b"q")

    assert 0 == terminal.end()[0]


def test_a_terminal_that_fails_curses(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it cannot do: one line with the way out, and no traceback."""

    def refuse(_draw: object) -> None:
        raise curses.error("cbreak() returned ERR")

    monkeypatch.setattr(screen, "usable", lambda: True)
    monkeypatch.setattr(curses, "wrapper", refuse)
    monkeypatch.setenv("TERM", "odd")
    result = CliRunner().invoke(main, ["watch", "--database", str(log)])

    assert 1 == result.exit_code
    assert (
        "monitor: TERM=odd: cannot be drawn on (cbreak() returned ERR); --once prints one picture\n"
        == result.stderr
    )


def test_without_a_terminal(log: Path) -> None:
    """Into a pipe or a file goes one picture, too."""
    result = CliRunner().invoke(main, ["watch", "--database", str(log)])

    assert 0 == result.exit_code
    assert "a word about Acme" in result.stdout
    assert 24 >= result.stdout.count("\n")


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    """Exit code 1, one line."""
    result = CliRunner().invoke(main, ["watch", "--database", str(tmp_path / "nowhere.db")])

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "nowhere.db: no such log" in result.stderr
