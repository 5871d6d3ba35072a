"""What of the log is old enough to go, asked of clocks that may be wrong by years.

Batches are numbered in order of arrival, whatever the clock said, and everything hangs on a batch.
So the question is up to which number all is old, and dates only help to find it:

* A date counts if the clock was synchronised when it was written and is not in the future.
* All that arrived before a row that is certainly old is old, and all that arrived after one that
  is certainly young is young: so tweets of a board that booted in the past stay as long as others.
* Before anything goes, the log must hold an hour of minutes dated within the last day: a clock
  that has just jumped forward prunes nothing.
* Where the clock is not synchronised, nothing better than its dates is there, so they count, but
  at most an hour of the log goes each time: a clock that is wrong for a day costs days, not all.

Counts by hour (rollups) outlive what they count. They have no order of arrival but their dates, so
an hour stays while the log has tweets of it: a date from before the clock was set is no reason to
forget what arrived today.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Literal

from monitor.clock import Moment, utc

_DAY_S: Final = 86_400.0
_SLOWLY_S: Final = 3_600.0
_MINUTES_SEEN: Final = 60
_LOOK_ROWS: Final = 5_000
_STEP_S: Final = 0.02
"""What a step of pruning should take: the next batch waits for it."""
_STEP_ROWS: Final = (20, 2000)
_STEP_HOURS: Final = 24
_HOUR: Final = len("2026-11-21T17")
_NEVER: Final = "9999-12-31T24"
_FREE_SHARE: Final = 4
"""Free pages leave the file when they are more than one in so many: fewer will be used again."""


def believed(connection: sqlite3.Connection, now: Moment) -> bool:
    """Whether the log has seen enough of the present to take the clock at its word."""
    (seen,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM throughput WHERE started_at BETWEEN ? AND ? LIMIT ?)",
        (utc(now.epoch_s - _DAY_S), utc(now.epoch_s), _MINUTES_SEEN),
    ).fetchone()
    return bool(seen >= _MINUTES_SEEN)


def horizon(
    connection: sqlite3.Connection,
    table: Literal["batches", "throughput"],
    now: Moment,
    keep_days: int,
) -> int:
    """Return an id up to which the rows of a table are older than ``keep_days``; 0 for none.

    It may be lower than the highest such id: what is old beyond it is found when the rest has gone.
    """
    execute = connection.execute
    cutoff = utc(now.epoch_s - keep_days * _DAY_S)
    dated = "clock_synchronised IS NOT 0"
    if not now.synchronised:
        dated = "1"
        (slowly,) = execute(
            "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', started_at, ?)"  # noqa: S608  (our own names)
            f" FROM {table} ORDER BY id LIMIT 1",
            (f"+{_SLOWLY_S} seconds",),
        ).fetchone() or (cutoff,)
        cutoff = min(cutoff, slowly)
    first, last = execute(  # each by itself: together they would read it all
        f"SELECT (SELECT min(id) FROM {table}), (SELECT max(id) FROM {table})"  # noqa: S608
    ).fetchone()
    span = _LOOK_ROWS
    while first is not None:
        # Only as far as needed: after a month away it may be a million rows, and a step of pruning
        # takes few of them. Ids before `until` are looked at.
        until = first + span
        # The + keeps SQLite from an index that would have it sort everything by id afterwards.
        young = execute(
            f"SELECT id FROM {table} WHERE {dated} AND +started_at BETWEEN ? AND ?"  # noqa: S608
            " AND id < ? ORDER BY id LIMIT 1",
            (cutoff, utc(now.epoch_s + _DAY_S), until),
        ).fetchone()
        old = execute(
            f"SELECT id FROM {table} WHERE {dated} AND +started_at < ? AND id < ?"  # noqa: S608
            " ORDER BY id DESC LIMIT 1",
            (cutoff, young[0] if young else until),
        ).fetchone()
        if old or young or until > last:
            return int(old[0]) if old else 0
        span *= 4
    return 0


def old_hours(
    connection: sqlite3.Connection, now: Moment, keep_history_days: int, limit: int
) -> list[str]:
    """Return hours whose counts are older than ``keep_history_days``, the first ones first.

    With them those of a future that a clock once believed in, if the clock is known to be right.
    """
    execute = connection.execute
    cutoff = utc(now.epoch_s - keep_history_days * _DAY_S)[:_HOUR]
    beyond = utc(now.epoch_s + _DAY_S)[:_HOUR] if now.synchronised else _NEVER
    if not now.synchronised:
        limit = 1
    return [
        hour
        for (hour,) in execute(
            "SELECT DISTINCT hour FROM rollups AS r WHERE (hour < ? OR hour > ?) AND NOT EXISTS"
            " (SELECT 1 FROM tweets WHERE received_at BETWEEN r.hour AND r.hour || ':~')"
            " ORDER BY hour LIMIT ?",
            (cutoff, beyond, limit),
        )
    ]


class Pruner:
    """Deletes what is old, in steps so small that the next batch hardly waits."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Prepare.

        Args:
            connection: to the log.
            transaction: gives the context in which to change it.
        """
        self._connection = connection
        self._transaction = transaction
        self.rows = _STEP_ROWS[1] // 8
        """Deleted in a step, of each table; adapted to what that takes."""

    def step(self, now: Moment, keep_days: int, keep_history_days: int = 0) -> int:
        """Delete some of what is older than ``keep_days``, the first to arrive first.

        A batch goes after everything that came with it; counts by hour after ``keep_history_days``,
        if that is longer.

        Args:
            now: what the clock says.
            keep_days: 0 for ever, of the history, too.
            keep_history_days: 0 for ever.

        Returns:
            How many rows and pages went; 0 when there is nothing left to do.
        """
        if not keep_days or not believed(self._connection, now):
            return 0
        started = time.monotonic()
        gone = self._delete(
            horizon(self._connection, "batches", now, keep_days),
            horizon(self._connection, "throughput", now, keep_days),
        )
        history = 0
        if keep_history_days:
            history = self._delete_history(now, max(keep_days, keep_history_days))
        freed = self._give_space_back()
        if gone:
            least, most = _STEP_ROWS
            pace = _STEP_S / (time.monotonic() - started)
            self.rows = int(max(least, min(most, self.rows * min(pace, 2.0))))
        return gone + history + freed

    def _delete(self, last_batch: int, last_minute: int) -> int:
        execute, executemany = self._connection.execute, self._connection.executemany
        gone = 0
        with self._transaction():
            # Rows lie in order of arrival, so the old are the first and no index is needed.
            for table, key in (("tweets", "id"), ("dead_letters", "digest")):
                rows = execute(
                    f"SELECT rowid, batch_id, {key} FROM {table} ORDER BY rowid LIMIT ?",  # noqa: S608
                    (self.rows + 1,),
                ).fetchall()
                old = [row for row in rows[: self.rows] if (row[1] or 0) <= last_batch]
                if table == "tweets":
                    executemany("DELETE FROM labels WHERE tweet_id = ?", [row[2:] for row in old])
                executemany(f"DELETE FROM {table} WHERE rowid = ?", [row[:1] for row in old])  # noqa: S608
                gone += len(old)
                if len(rows) > len(old):  # the next one's batch stays with it
                    last_batch = min(last_batch, (rows[len(old)][1] or 0) - 1)
            for table, last in (("batches", last_batch), ("throughput", last_minute)):
                # The last stays, so that no number is given twice (`monitor merge` relies on it).
                gone += execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id <= ?"  # noqa: S608
                    f" AND id < (SELECT max(id) FROM {table}) ORDER BY id LIMIT ?)",
                    (last, self.rows),
                ).rowcount
        return gone

    def _delete_history(self, now: Moment, keep_days: int) -> int:
        # Looked up before the lock is taken: other programs may want to write.
        hours = old_hours(self._connection, now, keep_days, _STEP_HOURS)
        if not hours:
            return 0
        with self._transaction():
            return self._connection.executemany(
                "DELETE FROM rollups WHERE hour = ?", [(hour,) for hour in hours]
            ).rowcount

    def _give_space_back(self) -> int:
        """Let some free pages leave the file if there are too many, and return how many went."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        if free <= pages // _FREE_SHARE:
            return 0
        # As a script: `execute` steps it once, which frees a single page.
        self._connection.executescript("PRAGMA incremental_vacuum(200)")
        (left,) = self._connection.execute("PRAGMA page_count").fetchone()
        return int(pages - left)
