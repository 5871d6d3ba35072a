"""Boards that share a topic: whatever happens to one, no tweet is lost, and none waits for it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.flow import Flow
from tests.faults.ledger import assert_balanced, publish, rejects, stored, tweets
from tests.faults.saboteur import sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until
from tests.warm import IMPORTED_FIRST

MakeBoard = Callable[[str], Daemon]


@pytest.fixture
def make_board(tmp_path: Path, mosquitto: Mosquitto, model_path: str) -> Iterator[MakeBoard]:
    """Make daemons of one group, each with a name and a log of its own, and one worker."""
    boards: list[Daemon] = []

    def make(name: str) -> Daemon:
        folder = tmp_path / name
        folder.mkdir()
        board = Daemon(
            folder,
            {
                "MONITOR_MQTT_PORT": str(mosquitto.port),
                "MONITOR_MQTT_GROUP": "boards",
                "MONITOR_MQTT_CLIENT_ID": name,
                "MONITOR_MODEL_PATH": model_path,
                "MONITOR_MODEL_WORKERS": "1",
                "MONITOR_BATCH_MAX_TWEETS": "8",
                "MONITOR_BATCH_MAX_DELAY_MS": "10",
                "MONITOR_PRIVACY_STORE_TEXT": "full",
                "MONITOR_PRIVACY_KEY_FILE": str(tmp_path / "fleet.key"),
                "PYTHONPATH": IMPORTED_FIRST,
            },
        )
        boards.append(board)
        return board

    yield make
    for board in boards:
        board.kill()


def _start(*boards: Daemon) -> None:
    """Start them side by side, and wait until all are subscribed."""
    before = [board.said().count('"subscribed"') for board in boards]  # in earlier lives
    for board in boards:
        board.start(ready=False)
    for board, times in zip(boards, before, strict=True):
        wait_until(
            lambda b=board, n=times: b.alive() and b.said().count('"subscribed"') > n,  # type: ignore[misc]
            "subscribed",
        )


def _stored(boards: Sequence[Daemon]) -> Counter[str]:
    """Ids of tweets and dead letters over all logs, and in how many of them each is."""
    return Counter(id_ for board in boards for id_ in stored(board))


def _wait_balanced(boards: Sequence[Daemon], published: Collection[str]) -> set[str]:
    """Wait until every id that was published is in some log, and check each log by itself.

    Returns:
        Ids that are in several logs: for the caller to explain.
    """
    wait_until(lambda: len(_stored(boards)) >= len(published), "everything stored", every=0.1)
    for board in boards:
        assert_balanced(board, set(stored(board)))
    counts = _stored(boards)
    assert set(published) == set(counts)
    return {id_ for id_, count in counts.items() if count > 1}


def _published(port: int, count: int, start: int) -> set[str]:
    """Publish so many tweets, and one message in twenty more that is none."""
    return publish(port, [*tweets(count, start), *rejects(count // 20, start)])


def _one_dies(port: int, others: Sequence[Daemon], doomed: Daemon) -> set[str]:
    """It is killed between COMMIT and acknowledgement, misses some, comes back and catches up."""
    published = _published(port, 400, 0)
    assert doomed.process is not None
    assert -signal.SIGKILL == doomed.process.wait(PATIENCE_S), doomed.said()
    before = doomed.stored()
    published |= _published(port, 200, 1000)
    wait_until(lambda: _settled(others, published), "the others' part", every=0.1)
    assert before == doomed.stored()
    doomed.start()

    assert set() == _wait_balanced([*others, doomed], published)
    # Some were stored and not acknowledged: they came again, to the same board.
    assert 0 < sum(n for (n,) in doomed.rows("SELECT duplicates FROM batches"))
    return published


def _settled(boards: Sequence[Daemon], published: Collection[str]) -> bool:
    """Whether these boards have their part of what was published: as good as three quarters."""
    return len(_stored(boards)) >= 0.7 * len(published)


def _one_is_slow(port: int, others: Sequence[Daemon], slow: Daemon) -> set[str]:
    """While it stands still, the others finish their part."""
    before, slow_before = len(_stored(others)), slow.stored()
    assert slow.process is not None
    slow.process.send_signal(signal.SIGSTOP)
    published = _published(port, 200, 2000)
    wait_until(lambda: len(_stored(others)) >= before + 0.7 * len(published), "the others' part")
    assert slow_before == slow.stored()
    slow.process.send_signal(signal.SIGCONT)
    return published


def _one_is_added(port: int, added: Daemon) -> set[str]:
    """It gets its part of a stream that runs."""
    with Flow(port, rate=100, first=3000) as flow:
        wait_until(lambda: len(flow.published) > 30, "a stream")
        _start(added)
        wait_until(lambda: added.stored() > 20, "its part")
    return flow.published


def _the_broker_restarts(mosquitto: Mosquitto, boards: Sequence[Daemon]) -> set[str]:
    """It has forgotten who shares, until the boards are back."""
    before = [board.said().count('"subscribed"') for board in boards]
    mosquitto.stop()
    mosquitto.start()
    for board, times in zip(boards, before, strict=True):
        wait_until(lambda b=board, n=times: b.said().count('"subscribed"') > n, "back")  # type: ignore[misc]
    return _published(mosquitto.port, 50, 8000)


def test_four_boards_share_a_topic(mosquitto: Mosquitto, make_board: MakeBoard) -> None:
    """One dies in the middle of a batch, one stands still, one is added: the ledger balances.

    So it does when the broker restarts. One test, since starting daemons is what costs.
    """
    port = mosquitto.port
    *others, doomed = boards = [make_board(name) for name in ("a", "b", "c", "d")]
    with sabotaged(doomed, "after-commit=3"):
        _start(*boards)
    published = _one_dies(port, others, doomed)
    assert min(map(len, map(stored, boards))) > 0.1 * len(published)
    while_slow = _one_is_slow(port, boards[1:], boards[0])
    published |= while_slow
    assert set() == _wait_balanced(boards, published)
    assert all(while_slow & set(stored(board)) for board in boards)
    boards.append(make_board("e"))
    published |= _one_is_added(port, boards[-1])
    assert set() == _wait_balanced(boards, published)

    published |= _the_broker_restarts(mosquitto, boards)
    assert set() == _wait_balanced(boards, published)

    # The documented exception: a tweet that is published twice goes to two boards. (One between,
    # so that the broker, which takes the boards in turn, is not at the same one again.)
    twice = publish(port, tweets(10, 9000))
    published |= twice | publish(port, [*tweets(1, 9100), *tweets(10, 9000)])
    copies = len(published) + len(twice)
    wait_until(lambda: _stored(boards).total() >= copies, "both copies", every=0.1)
    assert twice == _wait_balanced(boards, published)

    # So does one without an id; by the key that all have it is the same tweet to all.
    plain = [("", b"Acme opens at nine")]
    publish(port, plain * 2)
    wait_until(lambda: _stored(boards).total() >= copies + 2, "both copies", every=0.1)
    assert [2] == [count for id_, count in _stored(boards).items() if id_ not in published]


def test_a_board_leaves(mosquitto: Mosquitto, make_board: MakeBoard, tmp_path: Path) -> None:
    """``monitor run --leave`` labels what waits for a board, and then nothing waits for it.

    The board never comes back. Another machine takes its place at the broker, by its name.
    """
    stays, dies = boards = [make_board(name) for name in ("stays", "dies")]
    _start(*boards)
    assert b"group 'boards'" in stays.command("check").stdout
    published = _published(mosquitto.port, 40, 0)
    assert set() == _wait_balanced(boards, published)
    dies.kill()
    missed = _published(mosquitto.port, 100, 1000)

    heir = Daemon(tmp_path / "stays", dies.environment)
    heir.database = tmp_path / "stays" / "heir.db"
    heir.environment["MONITOR_STORE_PATH"] = str(heir.database)
    left = heir.command("run", "--leave", patience=2 * PATIENCE_S)
    assert 0 == left.returncode, left.stderr
    assert b'"left"' in left.stderr
    assert len(missed) * 0.4 < len(stored(heir)) < len(missed) * 0.6
    later = _published(mosquitto.port, 20, 2000)

    assert set() == _wait_balanced([stays, heir, dies], published | missed | later)
    assert later <= set(stored(stays))
    assert [] == heir.rows("SELECT * FROM subscriptions")


def test_a_board_joins(mosquitto: Mosquitto, make_board: MakeBoard) -> None:
    """What it had subscribed to by itself it gives up: nothing comes to it twice."""
    boards = alone, _ = [make_board(name) for name in ("a", "b")]
    alone.environment["MONITOR_MQTT_GROUP"] = ""
    alone.start()
    assert 0 == alone.stop()
    alone.environment["MONITOR_MQTT_GROUP"] = "boards"
    alone.start()
    boards[1].start()
    published = _published(mosquitto.port, 40, 0)

    assert set() == _wait_balanced(boards, published)
    received = [board.rows("SELECT sum(received) FROM batches")[0][0] for board in boards]
    assert len(published) == sum(received)
