"""A busy half-year in seconds: the log stops growing, and no step of pruning takes long."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from monitor.clock import Moment, utc
from monitor.publishing import Outbox
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
from tests.faults.flow import Flow
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_KEEP_DAYS = 30
_DAYS = 6 * _KEEP_DAYS
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
    sizes = calendar.pass_days(_DAYS, tweets=150)
    ((oldest, kept),) = query(path, "SELECT min(received_at), count(*) FROM tweets")

    assert max(sizes[60:]) <= 1.05 * max(sizes[:60])
    assert utc(NOW + (_DAYS - _KEEP_DAYS) * DAY_S - 1) <= oldest
    assert 150 * _KEEP_DAYS <= kept <= 150 * (_KEEP_DAYS + 1)
    assert Path(f"{path}-wal").stat().st_size <= 16 * 2**20
    assert calendar.longest <= _LONG
    assert [("ok",)] == query(path, "PRAGMA integrity_check")


def test_a_flood_is_forgotten_in_time(store: Store) -> None:
    """A day with a hundred times the tweets makes the file grow; a month later it is small."""
    calendar = Calendar(store)
    before = calendar.pass_days(40, tweets=100)[-1]
    flooded = calendar.pass_days(1, tweets=10_000)[-1]
    after = calendar.pass_days(_KEEP_DAYS + 15, tweets=100)[-1]

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
            ((utc(NOW - 60 * DAY_S + 2 * number),) for number in range(100_000)),
        )
    calendar = Calendar(store)
    see_minutes(store, itertools.repeat(NOW - 1, 1440))

    assert all(calendar.prune() for _ in range(5))
    assert calendar.longest <= _LONG


_BOUND = 32 * 2**20


def _on_disk(path: Path) -> int:
    return sum(Path(f"{path}{part}").stat().st_size for part in ("", "-wal"))


def _hour(at: float) -> str:
    return utc(at)[: len("2026-11-21T17")]


def _fill(store: Store, batches: int, text: str, first: int = 0, tweets: int = 64) -> None:
    """Let an hour pass with each batch, and look at the bound after it, as the writer does."""
    for number in range(first, first + batches):
        at = utc(NOW + 3600 * number)
        rows = [
            replace(tweet_row(f"{number:08}-{i:05}", "Acme", received_at=at), text=text)
            for i in range(tweets)
        ]
        letters = [dead_letter(f"{number:08}-{i:05}", received_at=at) for i in range(3)]
        store.write(replace(batch_row(tweets + 3), started_at=at), rows, letters)


def _ids(path: Path) -> list[str]:
    return [row[0] for row in query(path, "SELECT id FROM tweets ORDER BY rowid")]


@pytest.mark.parametrize(
    ("text", "tweets", "batches"),
    [("x" * 140, 512, 100), ("x" * 8000, 64, 100)],
    ids=["short", "long"],
)
def test_the_log_stays_within_its_bound(
    path: Path, store: Store, text: str, tweets: int, batches: int
) -> None:
    """Whatever comes, file and write-ahead log take no more; what came last is there."""
    for number in range(batches):
        _fill(store, 1, text, number, tweets)
        store.bound(_BOUND)
        assert _on_disk(path) <= _BOUND
    kept = _ids(path)
    hours = query(path, "SELECT DISTINCT hour FROM rollups ORDER BY hour")

    assert _on_disk(path) > _BOUND // 4
    assert kept == sorted(kept)
    assert f"{batches - 1:08}-00000" in kept
    assert "00000000-00000" not in kept
    assert [(_hour(NOW + 3600 * number),) for number in range(batches)] == hours
    assert [] == query(path, "SELECT 1 FROM labels WHERE tweet_id NOT IN (SELECT id FROM tweets)")
    ((oldest,),) = query(path, "SELECT min(batch_id) FROM tweets")
    assert [] == query(path, f"SELECT 1 FROM dead_letters WHERE batch_id < {oldest}")
    assert [("ok",)] == query(path, "PRAGMA integrity_check")


def test_long_tweets_after_short_ones_stay_within_the_bound(path: Path, store: Store) -> None:
    """Old rows are small and new ones large: more of the old go than come."""
    for number in range(30):
        _fill(store, 1, "x" * 100, number, tweets=1000)
        store.bound(_BOUND)
    for number in range(30, 90):
        _fill(store, 1, "x" * 8000, number)
        store.bound(_BOUND)
        assert _on_disk(path) <= _BOUND


@pytest.mark.study
def test_a_bound_on_a_large_old_log_is_reached_in_small_steps(path: Path, store: Store) -> None:
    """Set years later, it takes nobody's time: step by step the first go, and the file shrinks."""
    _fill(store, 120, "x" * 140, tweets=1000)
    large = _on_disk(path)
    connection, longest, steps = store._connection, 0, 0
    counts: list[None] = []
    connection.set_progress_handler(lambda: counts.append(None), _COUNTED)
    while store.bound(_BOUND):
        longest, steps = max(longest, _COUNTED * len(counts)), steps + 1
        counts.clear()
    connection.set_progress_handler(None, 0)
    kept = _ids(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert large > 1.5 * _BOUND
    assert path.stat().st_size <= _BOUND - 16 * 2**20
    assert steps > 20
    assert longest <= _LONG
    assert "00000119-00999" == kept[-1]
    assert len(query(path, "SELECT DISTINCT hour FROM rollups")) == 120


@pytest.mark.study
def test_the_newest_batch_stays_whatever_the_bound(path: Path, store: Store) -> None:
    """A batch that alone is too much is kept; what came before goes."""
    _fill(store, 3, "x" * 8000, tweets=4000)
    while store.bound(_BOUND):
        pass

    assert {f"00000002-{i:05}" for i in range(4000)} == set(_ids(path))


def test_what_waits_to_be_published_takes_no_history_with_it(path: Path, store: Store) -> None:
    """Messages that a broker does not take may fill the log; counts by hour stay all the same."""
    _fill(store, 20, "x")
    outbox = Outbox("board")
    store.set_hooks([outbox])
    with store._transaction():
        for _ in range(40):
            outbox.put(store._connection, "results", "x" * 2**20, retain=False)
    while store.bound(_BOUND):
        pass

    assert len(query(path, "SELECT DISTINCT hour FROM rollups")) == 20
    assert query(path, "SELECT count(*) FROM outgoing") == [(40,)]


def test_no_bound_deletes_nothing(path: Path, store: Store) -> None:
    """0 is no bound, and a log that is small enough loses nothing."""
    _fill(store, 20, "x" * 8000)

    assert 0 == store.bound(0) == store.bound(_BOUND)
    assert 20 * 64 == len(_ids(path))


def test_a_daemon_keeps_to_its_bound(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """A large old log and a stream of tweets: smaller and smaller, and the newest all there."""
    daemon = make_daemon(
        mosquitto.port, MONITOR_STORE_MAX_BYTES=str(_BOUND), MONITOR_STORE_KEEP_DAYS="0"
    )
    with closing(Store(daemon.database)) as store:
        register(store)
        store._connection.execute("PRAGMA synchronous = OFF")
        _fill(store, 60, "x" * 1200, tweets=300)
    assert daemon.database.stat().st_size > _BOUND
    daemon.start()
    with Flow(mosquitto.port, rate=100) as flow:
        wait_until(
            lambda: daemon.database.stat().st_size <= _BOUND - 16 * 2**20, "small", every=0.2
        )
    tweets = {id_ for id_ in flow.published if id_.startswith("t")}
    wait_until(lambda: tweets <= set(_ids(daemon.database)), "what came last", every=0.2)

    assert _on_disk(daemon.database) <= _BOUND
    assert 60 <= len(daemon.rows("SELECT DISTINCT hour FROM rollups"))
    assert 0 == daemon.stop()
    assert daemon.database.stat().st_size <= _BOUND - 16 * 2**20
