"""One log after the other goes into the joined one, each in a transaction of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.merging import counts, records, source
from monitor.merging.joined import open_joined
from monitor.merging.numbers import number
from monitor.merging.tweets import TweetMerger
from monitor.store import DamagedLogError, StoreError, integrity, open_log
from monitor.store.place import MovedError, Place

_LOOK_EVERY: Final = 1_000_000
"""Steps of SQLite's machine between two looks for Ctrl-C: a fraction of a second."""


@dataclass(slots=True)
class Merged:
    """What was new in an input."""

    path: Path
    tweets: int = 0
    labels: int = 0
    copies: int = 0
    """Labels that another log has, too; one of each is kept."""
    dead_letters: int = 0
    batches: int = 0
    minutes: int = 0
    alerts: int = 0
    owner_labels: int = 0
    """What owners said of tweets that nobody had said before."""
    seconds: float = 0.0
    """That it took."""


class Merge:
    """Joins logs; to be closed."""

    def __init__(self, output: Path, inputs: Sequence[Path]) -> None:
        """Look at all files, and open the joined log.

        Args:
            output: a joined log, or a file that is not there yet; it gets what it does not have.
            inputs: logs, of daemons or joined.

        Raises:
            StoreError: if one of them cannot be used; nothing was changed.
        """
        for path in inputs:
            open_log(path).close()
        self._output = output
        self._unused = not output.exists()
        self._connection = open_joined(output)
        self._place = Place(output)
        # Lets Python see Ctrl-C.
        self._connection.set_progress_handler(lambda: None, _LOOK_EVERY)
        counts.watch(self._connection)
        self._tweets = TweetMerger(self._connection)

    def take(
        self, path: Path, on_progress: Callable[[int, int], object] = lambda _done, _all: None
    ) -> Merged:
        """Join a log: all of it or, on an exception, nothing.

        Args:
            path: one of the inputs.
            on_progress: told how many of its tweets are looked at, and of how many.

        Raises:
            StoreError: if it cannot be read, or the joined log cannot be written.
            KeyboardInterrupt: on Ctrl-C.
        """
        started = time.monotonic()
        connection = self._connection
        with (
            _reasons(self._output, path),
            source.attached(connection, path),
            _transaction(connection),
        ):
            found = self._take(path, on_progress)
        with suppress(sqlite3.Error):  # somebody may be reading; the next one comes
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try:
            self._place.look()
        except MovedError as error:
            raise StoreError(
                f"{error}: was moved away or deleted meanwhile; run the same command again"
            ) from error
        self._unused = False
        found.seconds = time.monotonic() - started
        return found

    def _take(self, path: Path, on_progress: Callable[[int, int], object]) -> Merged:
        connection, found, now = self._connection, Merged(path), time.time()
        joined = source.is_joined(connection)
        source.identify(connection, path)
        records.merge_models(connection)
        number(connection, "batches", now)
        found.batches = records.merge_numbered(connection, "batches")
        number(connection, "throughput", now)
        found.minutes = records.merge_numbered(connection, "throughput")
        number(connection, "alerts", now)
        found.alerts = records.merge_numbered(connection, "alerts")
        records.end_alerts(connection)
        found.dead_letters = records.merge_dead_letters(connection, joined=joined)
        found.owner_labels = records.merge_owner_labels(connection)
        (total,) = connection.execute("SELECT count(*) FROM input.tweets").fetchone()
        done = 0
        for looked_at, new in self._tweets.merge(joined=joined):
            found.tweets += new.tweets
            found.labels += new.labels
            found.copies += new.copies
            done += looked_at
            on_progress(done, total)
        counts.merge_counts(connection, joined=joined)
        counts.add_up(connection)
        return found

    def close(self) -> None:
        """Close the joined log; if it was not there before and is empty, it goes again."""
        self._connection.close()
        if self._unused:
            self._output.unlink(missing_ok=True)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Change ``main``, and see one moment of ``input`` meanwhile."""
    connection.execute("BEGIN IMMEDIATE")  # what is read-only gets a read transaction
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends some by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _reasons(output: Path, path: Path) -> Iterator[None]:
    """Say which of two files an error is about."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise DamagedLogError(path, f"its rows contradict each other: {error}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from error
        if integrity.is_damage(error) and (damage := _damage(path)):
            raise DamagedLogError(path, damage) from error
        raise integrity.unusable(output, error) from error


def _damage(path: Path) -> str | None:
    try:
        return integrity.find_damage(path)
    except sqlite3.Error as error:
        return str(error)
