"""``monitor label``, as typed, on terminals and elsewhere."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.store import Store
from monitor.store.owner_labels import OwnerLabel, opened_beside, read
from tests.factories import batch_row, tweet_row, verdict
from tests.logs import Said, write_log
from tests.processes import PATIENCE_S, wait_until
from tests.terminal import Terminal


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log about Acme, and less of it about Lumen."""
    return write_log(
        tmp_path / "monitor.db",
        [
            Said("Acme", "negative", 20, text="a complaint \x1b]0;mine\x07 of <link>"),
            Said("Acme", "positive", 20, text="praise of it"),
            Said("Lumen", "positive", 2, text="a word about Lumen"),
            Said("Silent", "neutral", 3, text=None),
        ],
        now=time.time(),
    )


@pytest.fixture
def start(log: Path) -> Iterator[Callable[..., Terminal]]:
    """Start the command on terminals; they end with the test."""
    terminals: list[Terminal] = []

    def run(*arguments: str, kind: str = "xterm", nohup: bool = False) -> Terminal:
        given = ("label", "--database", str(log), *arguments)
        terminals.append(Terminal(*given, kind=kind, nohup=nohup))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def _labels(log: Path) -> list[OwnerLabel]:
    with opened_beside(log) as connection:
        return read(connection)


def _run(log: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["label", "--database", str(log), *arguments])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_a_sitting(start: Callable[..., Terminal], log: Path) -> None:
    """One key a tweet, what it is worth on the way, and at the end what to do next."""
    terminal = start("--count", "12")
    drawn = terminal.wait_for("1 of 12")
    assert b"Acme: 12 tweets of 40, drawn at random." in drawn
    assert b"mentions, links and numbers are masked" in drawn
    terminal.type(b"1231231231")  # typed ahead
    terminal.wait_for("10 answers: ")
    terminal.wait_for("11 of 12")
    terminal.type(b"45")
    code, rest = terminal.end()

    assert 0 == code
    assert b"12 answers about Acme, 12 of them now." in rest
    assert b"of all 40 tweets that are kept" in rest
    # Typed ahead, they may be of the same millisecond.
    expected = ["negative", "neutral", "positive"] * 3 + ["negative", "cannot-tell", "not-about-it"]
    assert sorted(expected) == sorted(label.label for label in _labels(log))
    assert {"random"} == {label.drawn for label in _labels(log)}


def test_back_and_quit(start: Callable[..., Terminal], log: Path) -> None:
    """Who goes back is asked again, and the new answer counts; q keeps all that was said."""
    terminal = start("--count", "5")
    terminal.wait_for("1 of 5")
    terminal.type(b"b1")
    terminal.wait_for("2 of 5")
    terminal.type(b"3\x1b[D")  # the arrow to the left
    terminal.wait_for("2 of 5")
    terminal.wait_for("(you said positive)")
    terminal.type(b"2q")
    code, rest = terminal.end()
    assert (0, ["negative", "neutral"]) == (code, sorted(label.label for label in _labels(log)))
    assert b"the same command goes on" in rest
    first = {label.tweet_id for label in _labels(log)}

    again = start("--count", "3")
    again.wait_for("1 of 3")
    again.type(b"111")

    assert 0 == again.end()[0]
    assert 5 == len(_labels(log))
    assert first < {label.tweet_id for label in _labels(log)}


def test_other_keys_say_what_keys_there_are(start: Callable[..., Terminal], log: Path) -> None:
    """And answer nothing: letters, function keys, what is no UTF-8."""
    terminal = start()
    terminal.wait_for("1 of 40")
    for key in (b"x", b"6", b"\xff", b"\x1bOP", b"\r"):
        terminal.type(key)
        terminal.wait_for("1 negative  2 neutral")
    terminal.type(b"q")

    assert 0 == terminal.end()[0]
    assert [] == _labels(log)


def test_a_tweet_does_not_steer_the_terminal(start: Callable[..., Terminal]) -> None:
    """Escape sequences are not among what is written."""
    terminal = start()
    terminal.wait_for("1 of 40")
    terminal.type(b"1" * 40)
    code, rest = terminal.end()

    assert 0 == code
    assert b"a complaint ]0;mine of" in rest
    assert b"\x1b]0;" not in rest


@pytest.mark.parametrize("ended_by", ["Ctrl-C", "SIGTERM", "SIGKILL", "hang-up"])
def test_however_it_ends(start: Callable[..., Terminal], log: Path, ended_by: str) -> None:
    """Each answer is in the log, and the terminal as it was, unless it was killed."""
    terminal = start(nohup=True)
    terminal.wait_for("1 of 40")
    terminal.type(b"123")
    terminal.wait_for("4 of 40")
    match ended_by:
        case "Ctrl-C":
            terminal.type(b"\x03")
        case "hang-up":
            terminal.hang_up()
        case _:
            terminal.process.send_signal(getattr(signal, ended_by))
    code = terminal.process.wait(PATIENCE_S)

    expected = {"Ctrl-C": 130, "SIGTERM": 143, "SIGKILL": -9, "hang-up": 129}
    assert expected[ended_by] == code
    # Keys that are typed ahead are answers of the same millisecond.
    assert ["negative", "neutral", "positive"] == sorted(label.label for label in _labels(log))
    if ended_by in ("Ctrl-C", "SIGTERM"):
        assert terminal.modes == terminal.modes_now()


def test_suspended_and_resumed(start: Callable[..., Terminal], log: Path) -> None:
    """After Ctrl-Z and `fg`, whatever the shell has made of the terminal, keys are keys."""
    terminal = start()
    terminal.wait_for("1 of 40")
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.set_modes(terminal.modes)
    terminal.process.send_signal(signal.SIGCONT)
    wait_until(lambda: terminal.modes_now() != terminal.modes, "keys are read one by one")
    terminal.type(b"1")
    terminal.wait_for("2 of 40")

    assert 1 == len(_labels(log))


def test_beside_a_daemon_and_another_labeller(start: Callable[..., Terminal], log: Path) -> None:
    """All write; the two ask about the same tweets, of which the later answer counts."""
    one, other = start("--count", "20"), start("--count", "20")
    for terminal in (one, other):
        terminal.wait_for("1 of 20")
    with closing(Store(log)) as store:
        for number in range(20):
            one.type(b"1")
            other.type(b"3")
            store.write(batch_row(1), [tweet_row(f"new-{number}", "Acme", answer=verdict())], [])
        assert (0, 0) == (one.end()[0], other.end()[0])

        assert 65 == store.tweets()
    assert 20 == len(_labels(log))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--entity", "Acne"], 2, "takes a terminal"),
        (["--count", "0"], 2, "0 is not in the range"),
        (["--since", "soon"], 2, "--since"),
        (["--since", "now", "--sheet", "-", "--entity", "Acme"], 1, "without --since"),
        (["--delete", "--entity", "Acme"], 0, "there are no answers about Acme"),
    ],
)
def test_without_a_terminal(log: Path, arguments: list[str], code: int, said: str) -> None:
    """One line that says what it takes."""
    found, output = _run(log, *arguments)

    assert code == found
    assert said in output


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        ("Acne", "nothing about 'Acne'; the nearest of 3 entities in the log is 'Acme'"),
        ("Silent", 'store_text = "none"), so none of the 3 tweets about Silent can be shown'),
    ],
)
def test_nothing_to_ask(start: Callable[..., Terminal], entity: str, said: str) -> None:
    """An unknown name, no texts: one line, and the way out."""
    code, seen = start("--entity", entity).end()

    assert 1 == code
    assert said in " ".join(seen.decode().split())


def test_all_is_labelled(start: Callable[..., Terminal]) -> None:
    """The second time there is nothing left, which is said."""
    terminal = start("--entity", "Lumen")
    terminal.wait_for("1 of 2")
    terminal.type(b"33")
    assert 0 == terminal.end()[0]
    code, seen = start("--entity", "Lumen").end()

    assert 1 == code
    assert b"all 2 tweets about Lumen are labelled" in seen


def test_teaching(start: Callable[..., Terminal], log: Path) -> None:
    """Marked as such, and it is said that shares are not estimated from it."""
    terminal = start("--teach", "--count", "1")
    drawn = terminal.wait_for("1 of 1")
    terminal.type(b"1")
    _, rest = terminal.end()

    assert b"of which the model is least sure" in drawn
    assert b"without --teach" in rest
    assert ["teaching"] == [label.drawn for label in _labels(log)]


def test_deleting(start: Callable[..., Terminal], log: Path) -> None:
    """One command, which asks first, or takes --yes."""
    terminal = start("--count", "3")
    terminal.wait_for("1 of 3")
    terminal.type(b"123")
    terminal.end()
    refused = _run(log, "--delete")
    kept = len(_labels(log))
    asked = start("--delete")
    asked.wait_for("Delete 3 answers?")
    asked.type(b"n\n")
    declined = asked.end()[0]
    done = _run(log, "--delete", "--yes")

    assert (2, 3, 1) == (refused[0], kept, declined)
    assert (0, "deleted 3 answers\n") == done
    assert [] == _labels(log)


def test_a_log_that_is_not_there(log: Path) -> None:
    """One line, and none is made."""
    code, output = _run(log.with_name("none.db"), "--delete", "--yes")

    assert (1, 1) == (code, output.count("\n"))
    assert "no such log" in output
