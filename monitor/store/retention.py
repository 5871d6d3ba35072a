"""What of the log is old enough to go, asked of clocks that may be wrong by years.

Batches are numbered in order of arrival, whatever the clock said, and everything hangs on a batch.
So the question is up to which number all is old, and dates only help to find it:

* A date counts if the clock was synchronised when it was written and is not in the future.
* All that arrived before a row that is certainly old is old, and all that arrived after one that
  is certainly young is young: so tweets of a board that booted in the past stay as long as others.
* Before anything goes, the log must hold an hour of minutes dated within the last day: a clock
  that has just jumped forward prunes nothing.
* Where the clock is not synchronised, nothing better than its dates is there, so they count. The
  same holds where it says that it is, but the log holds less than a day of minutes dated within the
  last three days: a board that was off for a month looks the same as one whose time server is
  wrong. Then an hour of the log goes each half hour that the program runs (`pruning.Pruner`): a
  clock that is wrong for a day costs two days of the log, not all of it.

Counts by hour (rollups) outlive what they count. They have no order of arrival but their dates, so
an hour stays while the log has tweets of it: a date from before the clock was set is no reason to
forget what arrived today.
"""

from __future__ import annotations

import sqlite3
from enum import Enum
from typing import Final, Literal

from monitor.clock import Moment, utc

_DAY_S: Final = 86_400.0
_MINUTES_SEEN: Final = 60
_MINUTES_BELIEVED: Final = 1_440
_BELIEVED_WITHIN_S: Final = 3 * _DAY_S
"""A board that runs for eight hours a day fills a day of minutes in three."""
_LOOK_ROWS: Final = 5_000
_QUARTERS: Final = 4
_HOUR: Final = len("2026-11-21T17")

_Table = Literal["batches", "throughput"]


class Belief(Enum):
    """How far the log bears the clock out."""

    NOTHING = "nothing goes"
    SLOWLY = "an hour of the log at a time"
    FULLY = "all that is old"


def belief(connection: sqlite3.Connection, now: Moment) -> Belief:
    """Say how far the log bears the clock out: what it holds of the present, by that clock."""
    if _minutes_within(connection, now, _DAY_S, _MINUTES_SEEN) < _MINUTES_SEEN:
        return Belief.NOTHING
    known = _minutes_within(connection, now, _BELIEVED_WITHIN_S, _MINUTES_BELIEVED)
    return Belief.FULLY if now.synchronised and known >= _MINUTES_BELIEVED else Belief.SLOWLY


def _minutes_within(connection: sqlite3.Connection, now: Moment, span_s: float, most: int) -> int:
    (seen,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM throughput WHERE started_at BETWEEN ? AND ? LIMIT ?)",
        (utc(now.epoch_s - span_s), utc(now.epoch_s), most),
    ).fetchone()
    return int(seen)


def first_hour(connection: sqlite3.Connection, table: _Table, keep_days: int) -> int:
    """Return the id up to which rows are of the hour that the table begins with; 0 for no rows.

    Rows are taken in order of arrival for as long as their dates are of that hour, so whatever
    comes after a jump of the clock is not of it. A clock that stands still, or starts from the same
    date at each boot, gives many days one hour: so it is a quarter of a day's share at most.
    """
    execute = connection.execute
    first, last, hour = execute(  # each by itself: together they would read it all
        f"SELECT (SELECT min(id) FROM {table}), (SELECT max(id) FROM {table}),"  # noqa: S608  (our own names)
        f" (SELECT substr(started_at, 1, ?) FROM {table} ORDER BY id LIMIT 1)",
        (_HOUR,),
    ).fetchone()
    if first is None:
        return 0
    share = max(1, (last - first + 1) // (_QUARTERS * keep_days))
    other = execute(
        f"SELECT id FROM {table} WHERE id BETWEEN ? AND ? AND substr(started_at, 1, ?) <> ?"  # noqa: S608
        " ORDER BY id LIMIT 1",
        (first, first + share - 1, _HOUR, hour),
    ).fetchone()
    return int(other[0]) - 1 if other else int(first) + share - 1


def horizon(
    connection: sqlite3.Connection,
    table: _Table,
    now: Moment,
    keep_days: int,
) -> int:
    """Return an id up to which the rows of a table are older than ``keep_days``; 0 for none.

    It may be lower than the highest such id: what is old beyond it is found when the rest has gone.
    """
    execute = connection.execute
    cutoff = utc(now.epoch_s - keep_days * _DAY_S)
    dated = "clock_synchronised IS NOT 0" if now.synchronised else "1"
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
    """Return hours whose counts are older than ``keep_history_days``, the first ones first."""
    before = utc(now.epoch_s - keep_history_days * _DAY_S)[:_HOUR]
    return _hours(connection, "hour < ?", before, limit)


def future_hours(connection: sqlite3.Connection, now: Moment, limit: int) -> list[str]:
    """Return hours of a future that a clock once believed in, the first ones first."""
    return _hours(connection, "hour > ?", utc(now.epoch_s + _DAY_S)[:_HOUR], limit)


def _hours(connection: sqlite3.Connection, which: str, bound: str, limit: int) -> list[str]:
    """Find counts by hour whose tweets have gone."""
    return [
        hour
        for (hour,) in connection.execute(
            f"SELECT DISTINCT hour FROM rollups AS r WHERE {which} AND NOT EXISTS"  # noqa: S608
            " (SELECT 1 FROM tweets WHERE received_at BETWEEN r.hour AND r.hour || ':~')"
            " ORDER BY hour LIMIT ?",
            (bound, limit),
        )
    ]
