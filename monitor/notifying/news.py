"""What of the log's alerts a recipient has not been told yet, by their numbers: no clock is asked.

A log may be put back from a backup, or begin anew after damage: its numbers then mean other alerts.
So an alert is remembered with the moment it was raised, and where the latest is not what is
remembered, the latest that still is counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from monitor.clock import utc
from monitor.console import strict_json
from monitor.standings.rise import COLUMNS as RISE

Mark: TypeAlias = tuple[int, str]
"""An alert: its number in the log, and when it was raised."""

MOST: Final = 1000
"""Alerts told at once; what is left is told after them. Each was held back, so nobody is in a
hurry."""
_WAITS_S: Final = 60.0
_REMEMBERED: Final = 20
"""Of the alerts told, the latest: a backup is seldom older than these."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a recipient has been told."""

    latest: tuple[Mark, ...] = ()
    """Alerts up to which all is told, the last one last."""
    owed: tuple[Mark, ...] = ()
    """Alerts that held before there was the recipient, which it is told of, too."""
    holding: tuple[Mark, ...] = ()
    """Alerts told of whose end is not."""
    summary: float | None = None
    """The moment of the latest summary, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of `alerts`."""

    id: int
    entity: str
    since: str
    raised_at: str
    ended_at: str | None
    outcome: str | None
    kind: str
    usual_share: float
    share: float
    usual_per_day: float | None
    per_day: float | None
    tweets: int
    negatives: int
    all_tweets: int | None = None
    all_negatives: int | None = None
    about: str | None = None

    @property
    def mark(self) -> Mark:
        """By what it is remembered."""
        return self.id, self.raised_at


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell."""

    raised: Sequence[Alert]
    """Alerts, the latest first; those that have ended meanwhile, too."""
    ended: Sequence[Alert]
    """Alerts told of before, which have ended."""
    told: Told
    """What the recipient has been told once it is told this."""

    def __bool__(self) -> bool:
        return bool(self.raised or self.ended)


_COLUMNS: Final = f"id, entity, since, raised_at, ended_at, outcome, {', '.join(RISE)}"


def first(connection: sqlite3.Connection) -> Told:
    """Begin to tell somebody: of the alerts that hold, and of all that come."""
    holding = _rows(connection, "ended_at IS NULL ORDER BY id DESC LIMIT ?", (MOST,))
    newest = _rows(connection, "true ORDER BY id DESC LIMIT ?", (_REMEMBERED,))
    return Told(
        latest=tuple(alert.mark for alert in newest[::-1]),
        owed=tuple(alert.mark for alert in holding[::-1]),
    )


def look(connection: sqlite3.Connection, told: Told, now: float) -> News:
    """See what a recipient has not been told.

    What was raised just now waits for the daemon to say what it is about, for a minute at most.

    Args:
        connection: from `reader.open_log`.
        told: what it has been.
        now: seconds since the epoch.

    Raises:
        sqlite3.Error: if the log cannot be read.
    """
    there = {alert.mark for alert in _those(connection, told.latest)}
    latest = told.latest
    while latest and latest[-1] not in there:
        latest = latest[:-1]
    if told.latest and not latest:  # another log: what is remembered is of none of its alerts
        told = replace(first(connection), summary=told.summary)
        latest = told.latest
    after = latest[-1][0] if latest else 0
    new = _rows(
        connection,
        "id > ?1 AND id < (SELECT coalesce(min(id), 9223372036854775807) FROM alerts WHERE id > ?1"
        " AND followed_at IS NULL AND ended_at IS NULL AND raised_at BETWEEN ?2 AND ?3)"
        " ORDER BY id LIMIT ?4",
        (after, utc(now - _WAITS_S), utc(now), MOST),
    )
    raised = [*_those(connection, told.owed), *new]
    known = _those(connection, told.holding)
    ended = [alert for alert in known if alert.ended_at is not None]
    holding = [alert.mark for alert in (*known, *raised) if alert.ended_at is None]
    return News(
        raised=raised[::-1],
        ended=ended[::-1],
        told=Told(
            latest=(*latest, *(alert.mark for alert in new))[-_REMEMBERED:],
            holding=tuple(dict.fromkeys(holding)),
            summary=told.summary,
        ),
    )


def _those(connection: sqlite3.Connection, marks: Iterable[Mark]) -> list[Alert]:
    """Read the alerts that are still what is remembered of them."""
    wanted = set(marks)
    numbers = strict_json([number for number, _ in wanted])
    rows = _rows(connection, "id IN (SELECT value FROM json_each(?)) ORDER BY id", (numbers,))
    return [alert for alert in rows if alert.mark in wanted]


def _rows(connection: sqlite3.Connection, which: str, parameters: Sequence[object]) -> list[Alert]:
    # S608: our own words.
    sql = f"SELECT {_COLUMNS} FROM alerts WHERE {which}"  # noqa: S608
    return [Alert(*row) for row in connection.execute(sql, parameters)]
