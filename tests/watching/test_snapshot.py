"""What is read of a log at one moment."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.store import Store, open_log
from monitor.store.throughput import Minute
from monitor.watching.snapshot import HOURS, MINUTES, Snapshot, take
from tests.factories import NOW
from tests.logs import Said, write_log

MINUTE = Minute(
    started_at=utc(NOW - 90),
    seconds=60.0,
    received=130,
    labelled=120,
    duplicates=7,
    rejected=3,
    tweets_per_s=2.0,
    latency_p50_ms=12.5,
    latency_p95_ms=20.0,
    latency_p99_ms=30.0,
    latency_max_ms=40.0,
    queue_depth=9,
    rss_mib=99.5,
    cpu_celsius=51.0,
    clock_synchronised=True,
    broker_dropped=None,
)


def _take(log: Path, entity: str | None = None, tweets: int = 10) -> Snapshot:
    with closing(open_log(log)) as connection:
        return take(connection, "a log", NOW, entity, tweets)


def _write(log: Path, *minutes: Minute) -> None:
    with closing(Store(log)) as store:
        for minute in minutes:
            store.write_minute(minute)


def test_an_empty_log(tmp_path: Path) -> None:
    """Nothing is known, and nothing is made up."""
    found = _take(write_log(tmp_path / "monitor.db"))

    assert ((0.0, 0.0, 0.0), (None, None)) == (found.board.tweets_per_s, found.board.latency_ms)
    assert None is found.board.last_sign is found.board.queue is found.board.clock_synchronised
    assert ([], []) == (found.entities, found.tweets)


def test_throughput_is_that_of_the_last_seconds_minute_and_hour(tmp_path: Path) -> None:
    """Batches tell of seconds and the minute, the rows of the minutes tell of the hour."""
    second = 1 / 3600
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(count=50, hours_ago=90 * second),
            Said(count=12, hours_ago=30 * second),
            Said(count=20, hours_ago=2 * second),
        ],
    )
    _write(
        log,
        dataclasses.replace(MINUTE, started_at=utc(NOW - 7200), labelled=1000),
        dataclasses.replace(MINUTE, started_at=utc(NOW - 1900), labelled=600),
        MINUTE,
    )
    board = _take(log).board

    assert (2.0, 32 / 60, 720 / 3600) == pytest.approx(board.tweets_per_s)
    assert MINUTES == len(board.minutes)
    assert (2.0, 10.0) == (board.minutes[-2], board.minutes[-32])
    assert 2 == sum(rate is not None for rate in board.minutes)


def test_the_board_is_as_in_the_last_minute(tmp_path: Path) -> None:
    """Latency, queue, memory, temperature; a minute without tweets has no latency of its own."""
    log = write_log(tmp_path / "monitor.db", [Said(hours_ago=90 / 3600)])
    idle = dataclasses.replace(
        MINUTE, started_at=utc(NOW - 30), latency_p50_ms=None, latency_p99_ms=None, queue_depth=0
    )
    _write(log, MINUTE, idle)
    board = _take(log).board

    assert (12.5, 30.0) == board.latency_ms
    assert (0, 99.5, 51.0, True) == (
        board.queue,
        board.rss_mib,
        board.cpu_celsius,
        board.clock_synchronised,
    )
    assert 6 == board.dead_letters
    assert NOW + 30 == board.last_sign


def test_dead_letters_are_those_of_a_day(tmp_path: Path) -> None:
    """Older ones are history."""
    log = write_log(tmp_path / "monitor.db")
    _write(log, dataclasses.replace(MINUTE, started_at=utc(NOW - 25 * 3600)), MINUTE)

    assert 3 == _take(log).board.dead_letters


def test_entities_stand_as_in_the_last_day(tmp_path: Path) -> None:
    """With most tweets first, and the share of negative labels hour by hour."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said("Old", hours_ago=60),
            Said("Acme", "negative", 3, hours_ago=2),
            Said("Acme", "positive", 1, hours_ago=2),
            Said("Acme", "positive", 2, hours_ago=0),
            Said("Lumen", "neutral", 9, hours_ago=23),
        ],
    )
    lumen, acme = _take(log).entities

    assert ("Lumen", "Acme") == (lumen.standing.entity, acme.standing.entity)
    assert 6 == acme.standing.tweets
    assert HOURS == len(acme.negative_by_hour)
    assert {HOURS - 3: 0.75, HOURS - 1: 0.0} == {
        place: share for place, share in enumerate(acme.negative_by_hour) if share is not None
    }
    assert 0.0 == lumen.negative_by_hour[0]


def test_alerts_that_hold_are_marked(tmp_path: Path) -> None:
    """One that has ended is none."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("Lumen")])
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.executemany(
            "INSERT INTO alerts (entity, model_id, since, raised_at, ended_at, usual_share, share,"
            " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES (?, 1, '', ?, ?, 0.2, 0.4, 10, 4, 1, '0', 1, '0')",
            [
                ("Acme", utc(NOW - 3600 * 200), None),
                ("Lumen", utc(NOW - 7200), utc(NOW - 3600)),
            ],
        )

    assert {"Acme": True, "Lumen": False} == {
        entity.standing.entity: entity.alert for entity in _take(log).entities
    }


def test_the_last_tweets_come_first(tmp_path: Path) -> None:
    """As many as asked for, of all entities or of one, as they stand in the log."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said("Acme", "positive", hours_ago=9, text="first"),
            Said("", "neutral", hours_ago=8, text=None),
            Said("Acme", "negative", hours_ago=7, text="third"),
            Said("Lumen", "negative", hours_ago=6, text="fourth"),
        ],
        abstain_below=0.9,
    )

    assert ["fourth", "third", None] == [tweet.text for tweet in _take(log, tweets=3).tweets]
    assert [("third", "negative"), ("first", "positive")] == [
        (tweet.text, tweet.label) for tweet in _take(log, "Acme").tweets
    ]
    assert ["neutral"] == [tweet.label for tweet in _take(log, "").tweets]
    assert all(tweet.unsure for tweet in _take(log).tweets)


def test_reads_few_rows_of_many(tmp_path: Path) -> None:
    """However long the history, hardly more steps of SQLite's machine: no table is scanned."""

    def steps(log: Path) -> int:
        counted = 0

        def count() -> None:
            nonlocal counted
            counted += 1

        with closing(open_log(log)) as connection:
            connection.set_progress_handler(count, 100)
            take(connection, "a log", NOW, "Acme", 10)
        return counted

    log = write_log(tmp_path / "monitor.db", [Said()])
    few = steps(log)
    row = dataclasses.replace(MINUTE, started_at=utc(NOW - 100_000)).row()
    with closing(sqlite3.connect(log)) as connection, connection:
        # What is older than all that is asked for: minutes, batches, tweets and hours.
        connection.executemany(
            f"INSERT INTO throughput ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            [tuple(row.values())] * 5000,
        )
        for table, key in (("batches", "id"), ("tweets", "id"), ("rollups", "hour")):
            columns = [name for (_, name, *_) in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(column for column in columns if column != key)
            connection.execute(
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)"
                f" INSERT INTO {table} ({key}, {kept}) SELECT -n, {kept} FROM n, {table}"
            )

    assert steps(log) < 2 * few + 5
