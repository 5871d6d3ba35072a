"""The outbox in a real log: what is put, when it is seen, how it goes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from monitor.mqtt import Message
from monitor.publishing import Outbox, ResultsHook, results
from monitor.publishing import outbox as module
from monitor.publishing.outbox import remembered, retained, settle, waiting
from monitor.store import Store, open_log
from monitor.store.rows import Labelled
from tests.factories import batch_row, elsewhere, query, register, tweet_row, verdict


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty log with a model in it."""
    with closing(Store(tmp_path / "log.db")) as made:
        register(made)
        yield made


@pytest.fixture
def log(store: Store) -> Iterator[sqlite3.Connection]:
    """The log as those read it who forward."""
    with closing(open_log(store.path)) as connection:
        yield connection


class _Putting:
    """A hook that puts a message for every label, and may fail afterwards."""

    def __init__(self, outbox: Outbox, *, failing: bool = False) -> None:
        self._outbox = outbox
        self.failing = failing

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Put, and fail."""
        for label in fresh:
            self._outbox.put(connection, "said", label.tweet.id, retain=False)
        if self.failing:
            raise sqlite3.OperationalError("the disk is full")

    def committed(self) -> None:
        """Nothing."""


def _write(store: Store, *ids: str) -> None:
    store.write(batch_row(len(ids)), [tweet_row(id_) for id_ in ids], [])


def _payloads(log: sqlite3.Connection, after: int = 0) -> list[str]:
    return [each.message.payload for each in waiting(log, after, 1000)]


def test_messages_wait_in_order(store: Store, log: sqlite3.Connection) -> None:
    """Put in the transaction of their labels, they are read in order, so many at a time."""
    outbox = Outbox("home/tweets")
    store.set_hooks([_Putting(outbox), outbox])
    _write(store, "1", "2")
    _write(store, "3")

    assert ["1", "2", "3"] == _payloads(log)
    assert [Message("home/tweets/said", "2", retain=False)] == [
        each.message for each in waiting(log, after=1, limit=1)
    ]
    assert outbox.filled.is_set()


def test_nothing_waits_of_what_was_not_committed(store: Store, log: sqlite3.Connection) -> None:
    """A transaction that fails leaves no message; tried again, it leaves each once."""
    outbox = Outbox("t")
    putting = _Putting(outbox, failing=True)
    store.set_hooks([putting, outbox])
    with pytest.raises(sqlite3.OperationalError):
        _write(store, "1", "2")
    assert [] == _payloads(log)
    assert not outbox.filled.is_set()
    putting.failing = False
    _write(store, "1", "2")

    assert ["1", "2"] == _payloads(log)
    assert outbox.filled.is_set()


def test_what_was_forwarded_goes_with_the_next_transaction(
    store: Store, log: sqlite3.Connection
) -> None:
    """Nobody but the writer writes: with a batch, with a quiet minute, or at the end."""
    outbox = Outbox("t")
    store.set_hooks([_Putting(outbox), outbox])
    _write(store, "1", "2")
    outbox.forwarded = 1
    assert ["1", "2"] == _payloads(log)
    _write(store, "3")
    assert ["2", "3"] == _payloads(log)
    outbox.forwarded = 3
    store.tidy()

    assert [] == _payloads(log)


def test_what_is_forwarded_during_a_transaction_goes_with_the_next(
    store: Store, log: sqlite3.Connection
) -> None:
    """Who forwards does not wait for who writes, and nothing is left behind."""
    outbox = Outbox("t")

    class _Forwarding(_Putting):
        def committed(self) -> None:
            """Let messages be acknowledged between the writing and its COMMIT."""
            outbox.forwarded = 1

    store.set_hooks([_Forwarding(outbox), outbox])
    _write(store, "1")
    store.tidy()

    assert [] == _payloads(log)


def test_numbers_are_not_used_again(store: Store, log: sqlite3.Connection) -> None:
    """After the last message has gone, the next one comes after it."""
    outbox = Outbox("t")
    store.set_hooks([_Putting(outbox), outbox])
    _write(store, "1")
    outbox.forwarded = 1
    store.tidy()
    _write(store, "2")

    assert [2] == [each.id for each in waiting(log, after=1, limit=10)]


def test_the_oldest_go_if_too_many_wait(
    store: Store, log: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that acknowledges nothing does not fill the disk; it is said."""
    monkeypatch.setattr(module, "MOST", 3)
    outbox = Outbox("t")
    store.set_hooks([_Putting(outbox), outbox])
    with structlog.testing.capture_logs() as logs:
        _write(store, "1", "2", "3")
        outbox.dropping = True
        _write(store, "4", "5")

    assert ["3", "4", "5"] == _payloads(log)
    assert outbox.full
    assert [("outbox-overflowed", 2)] == [(e["event"], e["messages"]) for e in logs]


def test_it_is_full_until_some_are_forwarded(
    store: Store, log: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes unless it is to; what waited in an earlier life counts, what was sent does not.

    Whatever number the first of them has.
    """
    monkeypatch.setattr(module, "MOST", 3)
    earlier, outbox = Outbox("t"), Outbox("t")
    store.set_hooks([_Putting(earlier), earlier])
    _write(store, "1", "2", "3")
    earlier.forwarded = 1
    store.tidy()
    assert not earlier.full
    store.set_hooks([_Putting(outbox), outbox])
    _write(store, "4")
    assert outbox.full
    _write(store, "5")

    assert ["2", "3", "4", "5"] == _payloads(log)
    outbox.forwarded = 2
    assert outbox.full
    outbox.forwarded = 3
    assert not outbox.full


def test_nothing_is_written_without_need(store: Store) -> None:
    """An outbox that nobody uses changes no page of the log."""
    store.set_hooks([Outbox("t")])
    (before,) = query(store.path, "PRAGMA data_version")
    with closing(sqlite3.connect(store.path)) as other:
        (before,) = other.execute("PRAGMA data_version").fetchall()
        store.tidy()
        assert [before] == other.execute("PRAGMA data_version").fetchall()


def test_a_result_for_each_new_label(store: Store, log: sqlite3.Connection) -> None:
    """Each as it stands in the log (`results`); a label that was there already is none."""
    outbox = Outbox("t")
    store.set_hooks([ResultsHook(outbox, "attic"), outbox])
    sure, unsure = tweet_row("1", "Acme", ""), tweet_row("2", answer=verdict("neutral", "positive"))
    store.write(batch_row(2), [sure], [])
    store.write(batch_row(2, abstain_below=0.9), [sure, unsure], [])

    assert [
        results.write(log, *key, "attic") for key in (("1", "Acme"), ("1", ""), ("2", ""))
    ] == _payloads(log)
    assert {"t/results"} == {each.message.topic for each in waiting(log, 0, 10)}


def test_what_other_boards_labelled_is_not_told_again(
    store: Store, log: sqlite3.Connection
) -> None:
    """Else two boards that take in each other's results would pass them to and fro."""
    outbox = Outbox("t")
    store.set_hooks([ResultsHook(outbox, "attic"), outbox])
    store.write(batch_row(2), [elsewhere(tweet_row("1", "Acme")), tweet_row("2")], [])

    assert ["2"] == [json.loads(payload)["id"] for payload in _payloads(log)]


def test_what_is_retained_is_remembered(store: Store, log: sqlite3.Connection) -> None:
    """The last message of each topic is there to be published again."""
    outbox = Outbox("t")
    for payload in ("1", "2"):
        store.prepare(lambda c, p=payload: outbox.put(c, "alerts/acme", p, retain=True))  # type: ignore[misc]
    store.prepare(lambda c: outbox.put(c, "results", "3", retain=False))

    assert [Message("t/alerts/acme", "2", retain=True)] == retained(log)
    assert ["1", "2", "3"] == _payloads(log)


def test_what_is_wanted_no_more_is_cleared(store: Store, log: sqlite3.Connection) -> None:
    """An empty message waits for each topic that goes; what stays or is new costs none."""
    store.prepare(lambda c: settle(c, {"a": "1", "b": None, "c": "3"}))
    store.prepare(lambda c: settle(c, {"a": "1", "c": "4", "d": None}))

    assert [Message("b", "", retain=True)] == [each.message for each in waiting(log, 0, 10)]
    assert {"a": "1", "c": "4", "d": None} == remembered(log)
    assert ["1", "4"] == [message.payload for message in retained(log)]


def test_what_is_wanted_again_is_not_cleared(store: Store, log: sqlite3.Connection) -> None:
    """An empty message that still waits would take away what is published anew."""
    store.prepare(lambda c: settle(c, {"a": "1", "b": "2"}))
    store.prepare(lambda c: settle(c, {}))
    store.prepare(lambda c: settle(c, {"b": "3"}))

    assert ["a"] == [each.message.topic for each in waiting(log, 0, 10)]
