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
"""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from monitor.clock import Moment, utc

_DAY_S: Final = 86_400.0
_SLOWLY_S: Final = 3_600.0
_MINUTES_SEEN: Final = 60
_LOOK_ROWS: Final = 5_000


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
