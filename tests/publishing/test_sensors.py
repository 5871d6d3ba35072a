"""What the sensors say of a real log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.publishing.sensors import board, messages
from monitor.store import Store
from monitor.store.throughput import Minute
from tests.factories import NOW, batch_row, register, tweet_row, verdict

_UNKNOWN = dict.fromkeys(
    (
        "tweets_per_s",
        "latency_p50_ms",
        "latency_p99_ms",
        "queue",
        "rejected",
        "memory_mib",
        "temperature_c",
    )
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty log with a model in it."""
    with closing(Store(tmp_path / "log.db")) as made:
        register(made)
        yield made


def _log(store: Store) -> sqlite3.Connection:
    return store._connection


def _minute(started: float) -> Minute:
    return Minute(
        *(utc(started), 60.0, 90, 80, 5, 5, 1.5, 800.0, 2000.0, 2500.5, 2600.0, 64, 101.5, 48.25),
        clock_synchronised=True,
        broker_dropped=None,
    )


def test_an_empty_log(store: Store) -> None:
    """Nothing is known, and nobody is told otherwise."""
    board_message, acme = messages(_log(store), "t", ["Acme"], NOW)

    assert {**_UNKNOWN, "tweets": 0} == json.loads(board_message.payload)
    assert ("t/sensors/board", True) == (board_message.topic, board_message.retain)
    assert "t/sensors/entities/acme" == acme.topic
    document = json.loads(acme.payload)
    assert ("Acme", 0, 0) == tuple(map(document.pop, ("entity", "tweets", "other_languages")))
    assert {None} == set(document.values())


def test_the_last_minute(store: Store) -> None:
    """The board says what the log holds of the last minute, and all tweets ever."""
    store.write(batch_row(3), [tweet_row(str(i)) for i in range(3)], [])
    store.write_minute(_minute(NOW - 60))

    assert {
        "tweets_per_s": 1.5,
        "latency_p50_ms": 800.0,
        "latency_p99_ms": 2500.5,
        "queue": 64,
        "rejected": 5,
        "memory_mib": 101.5,
        "temperature_c": 48.25,
        "tweets": 3,
    } == board(_log(store), NOW)


@pytest.mark.parametrize("ago", [300.0, -300.0])
def test_a_minute_of_another_time(store: Store, ago: float) -> None:
    """What the log says of an hour ago, or of a wrong clock, is not said of now."""
    store.write_minute(_minute(NOW - ago))

    assert {**_UNKNOWN, "tweets": 0} == board(_log(store), NOW)


def test_how_an_entity_stands(store: Store) -> None:
    """Shares in per cent and the net score, each with its interval; others are not asked for."""
    at = utc(NOW)
    tweets = [
        *(
            tweet_row(f"n{i}", "Acme", received_at=at, answer=verdict("negative"))
            for i in range(30)
        ),
        *(
            tweet_row(f"p{i}", "Acme", received_at=at, answer=verdict("positive"))
            for i in range(10)
        ),
        tweet_row("other", "Lumen", received_at=at),
    ]
    store.write(batch_row(len(tweets)), tweets, [])
    _, acme = messages(_log(store), "t", ["Acme"], NOW)
    document = json.loads(acme.payload)

    assert (40, 75.0, 0.0, 25.0, -0.5, "none") == tuple(
        document[key] for key in ("tweets", "negative", "neutral", "positive", "net", "correction")
    )
    for name in ("negative", "positive", "net"):
        assert document[f"{name}_low"] < document[name] < document[f"{name}_high"]


def test_what_is_older_than_a_day_counts_no_more(store: Store) -> None:
    """Hours are whole, so a tweet counts for 24 to 25 hours."""
    store.write(batch_row(1), [tweet_row("1", "Acme", received_at=utc(NOW - 26 * 3600))], [])
    _, acme = messages(_log(store), "t", ["Acme"], NOW)

    assert 0 == json.loads(acme.payload)["tweets"]
