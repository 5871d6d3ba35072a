"""A busy year in seconds: the log stops growing, and no step of pruning takes long."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from monitor.clock import Moment, utc
from monitor.store import Store
from tests.factories import (
    DAY_S,
    NOW,
    batch_row,
    dead_letter,
    query,
    register,
    see_minutes,
    tweet_row,
)

_KEEP_DAYS = 30
_BATCH = 50
_COUNTED = 1000
"""Operations of SQLite's machine: unlike time, they are as many on a slow or busy computer."""
_LONG = 500_000
"""So many operations take 50 ms or so on a desktop. Deleting rows for 20 ms takes 160,000."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A fresh log with a model in it; nobody pulls the plug here, so it is not synced."""
    with closing(Store(path)) as store:
        register(store)
        store._connection.execute("PRAGMA synchronous = OFF")
        yield store


class Calendar:
    """Lets days pass in a log: tweets about one entity or two, rejects, and pruning at night."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chance = Random(1)
        self._numbers = itertools.count()
        self.day = 0
        self.longest = 0
        """Operations of the longest step of pruning."""

    @property
    def now(self) -> float:
        """The end of the day, in seconds since the epoch."""
        return NOW + self.day * DAY_S

    def pass_days(self, days: int, tweets: int) -> list[int]:
        """Let days pass, and return how many bytes the file has after each."""
        return [self._pass_day(tweets) for _ in range(days)]

    def _pass_day(self, tweets: int) -> int:
        self.day += 1
        at = utc(self.now - 1)
        # A third of a day's: over three days as many as retention wants to believe the clock.
        see_minutes(self._store, itertools.repeat(self.now - 1, 480))
        for _ in range(tweets // _BATCH):
            numbers = [next(self._numbers) for _ in range(_BATCH)]
            rows = [
                # Half of the ids ascend, as the service gives them; the others are digests.
                tweet_row(
                    f"{number:016}" if number % 2 else f"{self._chance.getrandbits(64):016x}",
                    *("Acme", "Lumen")[: 1 + number % 2],
                    received_at=at,
                )
                for number in numbers
            ]
            letter = dead_letter(f"{self._chance.getrandbits(64):016x}", received_at=at)
            self._store.write(replace(batch_row(_BATCH + 1), started_at=at), rows, [letter])
        while self.prune():
            pass
        return self._store.path.stat().st_size

    def prune(self) -> int:
        """Take one step of pruning, as the writer does after each batch."""
        counts: list[None] = []
        connection = self._store._connection
        connection.set_progress_handler(lambda: counts.append(None), _COUNTED)
        gone = self._store.prune(Moment(self.now, True), _KEEP_DAYS)
        connection.set_progress_handler(None, 0)
        self.longest = max(self.longest, _COUNTED * len(counts))
        return gone


def test_the_file_stops_growing(path: Path, store: Store) -> None:
    """From its third month on, a log as busy as ever takes no more room."""
    calendar = Calendar(store)
    sizes = calendar.pass_days(365, tweets=150)
    ((oldest, kept),) = query(path, "SELECT min(received_at), count(*) FROM tweets")

    assert max(sizes[60:]) <= 1.05 * max(sizes[:60])
    assert utc(NOW + (365 - _KEEP_DAYS) * DAY_S - 1) <= oldest
    assert 150 * _KEEP_DAYS <= kept <= 150 * (_KEEP_DAYS + 1)
    assert Path(f"{path}-wal").stat().st_size <= 16 * 2**20
    assert calendar.longest <= _LONG
    assert [("ok",)] == query(path, "PRAGMA integrity_check")


def test_a_flood_is_forgotten_in_time(store: Store) -> None:
    """A day with a hundred times the tweets makes the file grow; a month later it is small."""
    calendar = Calendar(store)
    before = calendar.pass_days(40, tweets=150)[-1]
    flooded = calendar.pass_days(1, tweets=15_000)[-1]
    after = calendar.pass_days(_KEEP_DAYS + 15, tweets=150)[-1]

    assert calendar.longest <= _LONG
    assert flooded > 2 * before
    assert after < 1.5 * before


def test_no_step_is_long_after_a_month_away(store: Store) -> None:
    """A board that was off for a month has all its log to prune: in small steps, as ever."""
    with store._transaction():
        store._connection.executemany(
            "INSERT INTO batches (started_at, clock_synchronised, model_id, received, tweets,"
            " labels, duplicates, rejected, collect_ms, classify_ms, store_ms)"
            " VALUES (?, 1, 1, 1, 0, 0, 1, 0, 2000.1, 12.3, 1.2)",
            ((utc(NOW - 60 * DAY_S + 2 * number),) for number in range(400_000)),
        )
    calendar = Calendar(store)
    see_minutes(store, itertools.repeat(NOW - 1, 1440))

    assert all(calendar.prune() for _ in range(5))
    assert calendar.longest <= _LONG
