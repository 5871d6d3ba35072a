"""Deletes what is old, or what is too much, in steps so small that the next batch hardly waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from monitor.clock import Moment
from monitor.settings import WAL_BYTES
from monitor.store.retention import Belief, belief, first_hour, future_hours, horizon, old_hours

_SLOWLY_EVERY_S: Final = 1_800.0
_STEP_S: Final = 0.02
"""What a step of pruning should take: the next batch waits for it."""
_STEP_ROWS: Final = (20, 2000)
_STEP_HOURS: Final = 24
_FREE_SHARE: Final = 4
"""Free pages leave the file when they are more than one in so many: fewer will be used again."""
_SLACK_SHARE: Final = 16
"""Of the pages that a bound allows, one in so many is kept free for the next batches."""
_MINUTES_KEPT: Final = 4_320
"""Of the statistics, whatever the bound: three days, by which clocks are judged."""


class Pruner:
    """Deletes from the front of a log: what arrived first goes first."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
        script: Callable[[str], object],
    ) -> None:
        """Prepare.

        Args:
            connection: to the log.
            transaction: gives the context in which to change it.
            script: runs statements that are transactions of their own.
        """
        self._connection = connection
        self._transaction = transaction
        self._script = script
        self.rows = _STEP_ROWS[1] // 8
        """Deleted in a step, of each table; adapted to what that takes."""
        # Not from the start on: else a daemon that is restarted again and again would prune an
        # hour each time.
        self._next_hour_at = time.monotonic() + _SLOWLY_EVERY_S
        self._hour = {"batches": 0, "throughput": 0}
        """Up to which ids the hour goes that a clock nobody bears out has been granted."""
        self.keep_owner_labels = False
        """Whether labels of the owner stay when their tweets go."""
        self._in_use = 0
        """Pages after the last step towards the bound; 0 if they were few enough."""

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
        if not keep_days or (trust := belief(self._connection, now)) is Belief.NOTHING:
            return 0
        granted = time.monotonic() >= self._next_hour_at
        if granted:
            self._next_hour_at = time.monotonic() + _SLOWLY_EVERY_S
            self._hour["batches"] = first_hour(self._connection, "batches", keep_days)
            self._hour["throughput"] = first_hour(self._connection, "throughput", keep_days)
        batch = horizon(self._connection, "batches", now, keep_days)
        minute = horizon(self._connection, "throughput", now, keep_days)
        if trust is not Belief.FULLY:
            batch = min(batch, self._hour["batches"])
            minute = min(minute, self._hour["throughput"])
        gone = self._adapted(lambda: self._delete(batch, minute))
        if keep_history_days:
            kept = max(keep_days, keep_history_days)
            hours = _STEP_HOURS if trust is Belief.FULLY else int(granted)
            gone += self._forget(old_hours(self._connection, now, kept, hours))
            if granted and now.synchronised:
                # One at a time even so: a clock that is wrongly set back finds all in the future.
                gone += self._forget(future_hours(self._connection, now, 1))
        return gone + self._give_space_back()

    def bound(self, max_bytes: int) -> int:
        """Delete some of what arrived first if the log takes more than ``max_bytes``.

        That is the file and 16 MiB for its write-ahead log. Tweets and dead letters go with their
        batches and minutes; the newest batch stays. Counts by hour stay, unless they alone are too
        much: then the first hours go. What waits to be published counts, but leaves only when it is
        sent (`outbox`).

        Returns:
            How many rows and pages went; 0 when there is nothing left to do.
        """
        if not max_bytes:
            return 0
        (page_bytes,) = self._connection.execute("PRAGMA page_size").fetchone()
        most = (max_bytes - WAL_BYTES) // page_bytes
        goal = most - most // _SLACK_SHARE
        gone, before, in_use = 0, self._in_use, self._pages_in_use()
        while in_use > goal:
            share = (in_use - goal) / in_use
            deleted = self._adapted(partial(self._delete_first, share))
            in_use = self._pages_in_use()
            gone += deleted
            # More than came since the last step, or it would grow all the same.
            if not deleted or not before or in_use < before:
                break
        self._in_use = in_use if in_use > goal else 0
        return gone + self._give_space_back(most)

    def _pages_in_use(self) -> int:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free)

    def _adapted(self, delete: Callable[[], int]) -> int:
        """Delete, and let the next step be as large as the time that this one took allows."""
        started = time.monotonic()
        gone = delete()
        if gone:
            least, most = _STEP_ROWS
            pace = _STEP_S / (time.monotonic() - started)
            self.rows = int(max(least, min(most, self.rows * min(pace, 2.0))))
        return gone

    def _delete_first(self, share: float) -> int:
        """Delete the tweets and dead letters that arrived first, whatever their dates.

        As many as came with the newest batch; more if a larger share of the log is too much, but
        only what a step may take.
        """
        execute = self._connection.execute
        newest, received = execute(
            "SELECT id, received FROM batches ORDER BY id DESC LIMIT 1"
        ).fetchone() or (0, 0)
        first, end = execute(
            "SELECT (SELECT min(rowid) FROM tweets), (SELECT max(rowid) FROM tweets)"
        ).fetchone()
        too_many = int(share * (end - first + 1)) if first is not None else 0
        rows = max(received, min(self.rows, too_many), _STEP_ROWS[0])
        last = newest - 1
        for table in ("tweets", "dead_letters"):  # whichever is the fuller says how far to go
            if row := execute(
                f"SELECT batch_id FROM {table} ORDER BY rowid LIMIT 1 OFFSET ?",  # noqa: S608
                (rows - 1,),
            ).fetchone():
                last = min(last, row[0] or 1)
        (minute,) = execute(
            "SELECT max(id) FROM (SELECT id, started_at FROM throughput ORDER BY id LIMIT ?)"
            " WHERE started_at < (SELECT started_at FROM batches WHERE id > ? ORDER BY id LIMIT 1)"
            " AND id <= (SELECT max(id) FROM throughput) - ?",
            (rows, last, _MINUTES_KEPT),
        ).fetchone()
        gone = self._delete(last, minute or 0, rows)
        # What waits to be published leaves by itself, and would take the history with it.
        if not gone and not execute("SELECT 1 FROM outgoing LIMIT 1").fetchone():
            hours = execute(
                "SELECT DISTINCT hour FROM rollups WHERE hour < (SELECT max(hour) FROM rollups)"
                " ORDER BY hour LIMIT ?",
                (_STEP_HOURS,),
            ).fetchall()
            gone = self._forget([hour for (hour,) in hours])
        return gone

    def _delete(self, last_batch: int, last_minute: int, limit: int = 0) -> int:
        execute, executemany = self._connection.execute, self._connection.executemany
        gone, limit = 0, limit or self.rows
        with self._transaction():
            # Rows lie in order of arrival, so the old are the first and no index is needed.
            for table, key in (("tweets", "id"), ("dead_letters", "digest")):
                rows = execute(
                    f"SELECT rowid, batch_id, {key} FROM {table} ORDER BY rowid LIMIT ?",  # noqa: S608
                    (limit + 1,),
                ).fetchall()
                old = [
                    row for row in rows[:limit] if last_batch > 0 and (row[1] or 0) <= last_batch
                ]
                if table == "tweets":
                    executemany("DELETE FROM labels WHERE tweet_id = ?", [row[2:] for row in old])
                executemany(f"DELETE FROM {table} WHERE rowid = ?", [row[:1] for row in old])  # noqa: S608
                gone += len(old)
                if len(rows) > len(old):  # the next one's batch stays with it
                    last_batch = min(last_batch, (rows[len(old)][1] or 0) - 1)
            if not self.keep_owner_labels:
                gone += execute(
                    "DELETE FROM owner_labels WHERE batch_id <= ?", (last_batch,)
                ).rowcount
            # What its tweets were about goes with the first of them.
            execute(
                "UPDATE alerts SET about = NULL, stories = NULL"
                " WHERE stories IS NOT NULL AND ended_at IS NOT NULL AND batch_id <= ?",
                (last_batch,),
            )
            for table, last in (("batches", last_batch), ("throughput", last_minute)):
                # The last stays, so that no number is given twice (`monitor merge` relies on it).
                gone += execute(
                    f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id <= ?"  # noqa: S608
                    f" AND id < (SELECT max(id) FROM {table}) ORDER BY id LIMIT ?)",
                    (last, limit),
                ).rowcount
        return gone

    def _forget(self, hours: list[str]) -> int:
        """Delete counts by hour. Looked up before the lock is taken: others may want to write."""
        if not hours:
            return 0
        with self._transaction():
            return self._connection.executemany(
                "DELETE FROM rollups WHERE hour = ?", [(hour,) for hour in hours]
            ).rowcount

    def _give_space_back(self, most: int | None = None) -> int:
        """Let some free pages leave the file if there are too many, and return how many went.

        Args:
            most: pages that the file may have; None for any number.
        """
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        too_many = free > pages // _FREE_SHARE or (free and most is not None and pages > most)
        if not too_many:
            return 0
        # As a script: `execute` steps it once, which frees a single page.
        self._script("PRAGMA incremental_vacuum(200)")
        (left,) = self._connection.execute("PRAGMA page_count").fetchone()
        return int(pages - left)
