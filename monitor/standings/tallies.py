"""What the rollups count of each entity in windows of time, model by model."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor import zones
from monitor.clock import utc
from monitor.console import strict_json
from monitor.periods import Window, epoch
from monitor.tweets import OTHERS
from monitor.verdict import POLARITIES

_HOUR: Final = len("2026-11-21T17")
_LOCAL: Final = "date(hour || ':00', :ahead || ' hours'"
_BEGINNINGS: Final[dict[Window, str]] = {
    "hour": "hour",
    "day": f"{_LOCAL})",
    "week": f"{_LOCAL}, 'weekday 0', '-6 days')",
}
"""SQL for the window that an hour lies in: the hour itself, or its first local day."""

_ALWAYS: Final = ("", OTHERS)
"""Shown beside entities, whatever their number."""
_TWEETS: Final = " + ".join(f"reputation_{sure}{p}" for sure in ("", "unsure_") for p in POLARITIES)
# The rows of given entities, found by one look-up an hour and entity: the key of the rollups begins
# with (hour, entity), so that the rows of all other entities are not read.
_SOUGHT: Final = (
    "(WITH RECURSIVE hours (at) AS ("
    " SELECT (SELECT hour FROM rollups WHERE hour >= :first ORDER BY hour LIMIT 1) UNION ALL"
    " SELECT (SELECT hour FROM rollups WHERE hour > at AND hour < :last ORDER BY hour LIMIT 1)"
    " FROM hours WHERE at IS NOT NULL)"
    " SELECT r.* FROM hours CROSS JOIN rollups AS r ON r.hour = at"
    " AND r.entity IN (SELECT value FROM json_each(:entities)))"
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Labels of an entity in a window, given by one model."""

    start: float
    """When the window begins, seconds since the epoch."""
    entity: str
    """'' for tweets about no entity, `OTHERS` for those that are added up."""
    model_id: int
    is_retweet: bool
    counts: tuple[int, int, int]
    """Negative, neutral, positive."""
    unsure: int
    """Of these, labels that are marked as abstained."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The entities with most tweets."""

    names: tuple[str, ...]
    """With most first, unless they are all there are. Neither '' nor `OTHERS` is among them."""
    left: int
    """How many more there are."""


def tallies(
    connection: sqlite3.Connection,
    edges: tuple[float, ...],
    window: Window | None,
    task: str,
    model_ids: Collection[int],
    entities: Collection[str] | None = None,
    *,
    others: bool = False,
) -> Iterator[Tally]:
    """Read one task's labels of some models, added up by window; where clocks change, in two parts.

    Args:
        connection: from `reader.open_log`.
        edges: whole hours, rising; what lies between the first and the last is read.
        window: what to add up to; None for what lies between one edge and the next.
        task: whose labels.
        model_ids: whose labels, likewise.
        entities: only these; None for all, of which there may be as many as messages have named.
        others: add up the rest as `OTHERS`, but for tweets about no entity, which stay apart.
    """
    beginning = _BEGINNINGS[window] if window else _step([_hour(edge) for edge in edges[1:-1]])
    columns = ", ".join(f"sum({task}_{p} + {task}_unsure_{p})" for p in POLARITIES)
    marked = " + ".join(f"{task}_unsure_{p}" for p in POLARITIES)
    entity, source = "entity", "rollups"
    if others:
        entity = f"iif(entity IN (SELECT value FROM json_each(:entities)), entity, '{OTHERS}')"  # noqa: S608
        entities = [*(entities or ()), ""]
    elif entities is not None:
        source = _SOUGHT
    statement = (
        f"SELECT {beginning}, {entity}, model_id, is_retweet, {columns}, sum({marked})"  # noqa: S608
        f" FROM {source} WHERE hour >= :first AND hour < :last"
        f" AND model_id IN ({', '.join(map(str, model_ids))}) GROUP BY 1, 2, 3, 4"
    )
    spans = [(edges[0], edges[-1], 0)]
    if window in ("day", "week"):
        spans = zones.of_one_offset(edges[0], edges[-1])
    for begin, end, ahead in spans:
        span = {"first": _hour(begin), "last": _hour(end)}
        asked = span | {"ahead": ahead, "entities": _json(entities or ())}
        for start, name, model_id, is_retweet, *counts, unsure in connection.execute(
            statement, asked
        ):
            begins = edges[start] if window is None else _begins(start, window)
            negative, neutral, positive = counts
            yield Tally(
                begins, name, model_id, bool(is_retweet), (negative, neutral, positive), unsure
            )


def ranking(
    connection: sqlite3.Connection,
    most: int,
    *,
    span: tuple[float, float] | None = None,
    retweets: bool = True,
    besides: Collection[str] = (),
) -> Ranking:
    """Name the entities with most tweets, in memory that does not grow with how many there are.

    Args:
        connection: from `reader.open_log`.
        most: how many to name.
        span: whole hours, seconds since the epoch; None for all that is counted.
        retweets: count them, too.
        besides: entities to leave out.
    """
    where = "entity NOT IN (SELECT value FROM json_each(:besides))"
    if span:
        where += " AND hour >= :first AND hour < :last"
    first, last = (_hour(edge) for edge in span or (0.0, 0.0))
    asked = {"first": first, "last": last, "besides": _json([*besides, *_ALWAYS])}
    few = connection.execute(
        f"SELECT DISTINCT entity FROM rollups WHERE {where} LIMIT :most",  # noqa: S608
        asked | {"most": most + 1},
    ).fetchall()
    if len(few) <= most:
        return Ranking(tuple(name for (name,) in few), 0)
    counted = _TWEETS if retweets else f"({_TWEETS}) * NOT is_retweet"
    rows = connection.execute(
        "SELECT entity, count(*) OVER () FROM"  # noqa: S608
        f" (SELECT entity, sum({counted}) AS tweets FROM rollups WHERE {where} GROUP BY entity)"
        " ORDER BY tweets DESC, entity LIMIT :most",
        asked | {"most": most},
    ).fetchall()
    total = rows[0][1] if rows else len(few)
    return Ranking(tuple(name for name, _ in rows), total - len(rows))


def entities(connection: sqlite3.Connection) -> Iterator[str]:
    """Name every entity that has been counted, '' included if there are tweets about none.

    One by one: there may be as many as messages have named.
    """
    for (name,) in connection.execute("SELECT DISTINCT entity FROM rollups"):
        yield name


def is_known(connection: sqlite3.Connection, entity: str) -> bool:
    """Whether anything has been counted of an entity, '' standing for tweets about none."""
    try:
        entity.encode()
    except UnicodeEncodeError:  # SQLite's UTF-8 cannot hold it
        return False
    row = connection.execute("SELECT 1 FROM rollups WHERE entity = ? LIMIT 1", (entity,))
    return row.fetchone() is not None


def _hour(edge: float) -> str:
    """Write a whole hour as the rollups do."""
    return utc(max(edge, 0.0))[:_HOUR]


def _begins(written: str | None, window: Window) -> float:
    if window == "hour" or written is None:  # of an hour that is none
        return epoch(written)
    return zones.midnight(date.fromisoformat(written))


def _json(names: Collection[str]) -> str:
    return strict_json(list(names))


def _step(inner: list[str]) -> str:
    """Write SQL that numbers the spans between edges; the edges are hours of our own writing."""
    return " + ".join(["0", *(f"(hour >= '{edge}')" for edge in inner)])
