"""How long the disk lasts: from the log's own pace and size, before it is full."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.planning.plan import LOG_BYTES
from monitor.settings import WAL_BYTES, StoreSettings

_DAY_S: Final = 86_400
_MINUTES: Final = 7 * 1_440
"""Of running, the latest: a week."""
_MINUTES_SEEN: Final = 60
_TWEETS_SEEN: Final = 10_000
"""Fewer do not tell what one takes: a new log is mostly room."""
_SOON_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Room:
    """What there is, and what a log takes of it."""

    pace: float | None
    """Tweets and dead letters a second of running; None if the log does not know yet."""
    tweet_bytes: float
    taken: int
    """Bytes, by the log."""
    free: int
    """Bytes, of the disk."""

    @property
    def bytes_per_day(self) -> float:
        """What the log grows by, before anything is pruned."""
        return (self.pace or 0.0) * self.tweet_bytes * _DAY_S


def measure(connection: sqlite3.Connection, path: Path) -> Room:
    """Ask a log, and the disk that it lies on.

    Raises:
        OSError: if the disk cannot be asked.
        sqlite3.Error: if the log cannot.
    """
    execute = connection.execute
    minutes, rows, seconds = execute(
        "SELECT count(*), sum(labelled + rejected), sum(seconds)"
        " FROM (SELECT * FROM throughput ORDER BY id DESC LIMIT ?)",
        (_MINUTES,),
    ).fetchone()
    (page_bytes,) = execute("PRAGMA page_size").fetchone()
    (pages,) = execute("PRAGMA page_count").fetchone()
    (unused,) = execute("PRAGMA freelist_count").fetchone()
    (kept,) = execute(
        "SELECT (SELECT count(*) FROM tweets) + (SELECT count(*) FROM dead_letters)"
    ).fetchone()
    taken = (pages - unused) * page_bytes
    return Room(
        pace=rows / seconds if minutes >= _MINUTES_SEEN else None,
        tweet_bytes=taken / kept if kept >= _TWEETS_SEEN else LOG_BYTES,
        taken=taken,
        free=shutil.disk_usage(path).free + unused * page_bytes,
    )


def outlook(room: Room, keep: StoreSettings) -> tuple[bool, str]:
    """Say whether what is to be kept fits, and how long the disk lasts.

    Returns:
        Whether it lasts, and a line for people.
    """
    there = room.taken + room.free
    if keep.max_bytes > there:
        return False, (
            f"[store] max_bytes is {_gb(keep.max_bytes)}, and the disk has {_gb(there)} for the"
            " log: set it lower"
        )
    if not room.pace:
        pace = "nothing comes" if room.pace == 0 else "not known yet how much comes"
        return True, f"{pace}; {_gb(room.free)} are free"
    pace = f"{room.pace:.3g} tweets/s of {room.tweet_bytes:,.0f} bytes"
    if keep.max_bytes:
        days = max(0.0, keep.max_bytes - WAL_BYTES) / room.bytes_per_day
        if keep.keep_days and keep.keep_days <= days:
            days = keep.keep_days
        return True, f"{pace}: max_bytes = {_gb(keep.max_bytes)} holds {_days(days)}"
    last = room.free / room.bytes_per_day
    fit = int(there / room.bytes_per_day)
    if not keep.keep_days:
        line = f"{pace}, kept for ever: {_gb(room.free)} are free, full in {_days(last)}"
        return last > _SOON_DAYS, line if last > _SOON_DAYS else (
            f"{line}; set [store] keep_days or max_bytes"
        )
    needed = keep.keep_days * room.bytes_per_day
    line = f"{pace}: keep_days = {keep.keep_days} takes {_gb(needed)}, {_gb(there)} are there"
    if needed + WAL_BYTES <= there:
        return True, line
    return False, (
        f"{line}, full in {_days(last)}: set [store] keep_days to {max(1, fit - 1)} or less, or"
        " max_bytes"
    )


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"


def _days(days: float) -> str:
    return f"{days:,.0f} days" if days >= 10 else f"{days:,.1f} days"
