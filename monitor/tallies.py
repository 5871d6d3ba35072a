"""What the rollups count of each entity in windows of time, model by model."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from monitor.clock import utc
from monitor.model import POLARITIES
from monitor.periods import Window, epoch

_HOUR: Final = len("2026-11-21T17")
_DAY: Final = len("2026-11-21")
_BEGINNINGS: Final[dict[Window, str]] = {
    "hour": "hour",
    "day": f"substr(hour, 1, {_DAY})",
    "week": f"date(substr(hour, 1, {_DAY}), 'weekday 0', '-6 days')",
}
"""SQL for the beginning of the window that an hour lies in."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Labels of an entity in a window, given by one model."""

    start: float
    """When the window begins, seconds since the epoch."""
    entity: str
    """'' for tweets about no entity."""
    model_id: int
    is_retweet: bool
    counts: tuple[int, int, int]
    """Negative, neutral, positive."""
    unsure: int
    """Of these, labels that are marked as abstained."""


def tallies(
    connection: sqlite3.Connection,
    edges: tuple[float, ...],
    window: Window | None,
    task: str,
    model_ids: Collection[int],
    entity: str | None = None,
) -> Iterator[Tally]:
    """Read one task's labels of some models, added up by window.

    Args:
        connection: from `reader.open_log`.
        edges: whole hours, rising; what lies between the first and the last is read.
        window: what to add up to; None for what lies between one edge and the next.
        task: whose labels.
        model_ids: whose labels, likewise.
        entity: only this one; None for all.
    """
    first, *inner, last = (utc(max(edge, 0.0))[:_HOUR] for edge in edges)
    beginning = _BEGINNINGS[window] if window else _step(inner)
    columns = ", ".join(f"sum({task}_{p} + {task}_unsure_{p})" for p in POLARITIES)
    unsure = " + ".join(f"{task}_unsure_{p}" for p in POLARITIES)
    found = connection.execute(
        f"SELECT {beginning}, entity, model_id, is_retweet, {columns}, sum({unsure})"  # noqa: S608
        f" FROM rollups WHERE hour >= ? AND hour < ?"
        f" AND model_id IN ({', '.join(map(str, model_ids))})"
        f"{'' if entity is None else ' AND entity = ?'} GROUP BY 1, 2, 3, 4",
        (first, last) if entity is None else (first, last, entity),
    )
    for start, name, model_id, is_retweet, negative, neutral, positive, marked in found:
        yield Tally(
            epoch(start) if window else edges[start],
            name,
            model_id,
            bool(is_retweet),
            (negative, neutral, positive),
            marked,
        )


def entities(connection: sqlite3.Connection) -> list[str]:
    """Name every entity that has been counted, '' included if there are tweets about none."""
    return [name for (name,) in connection.execute("SELECT DISTINCT entity FROM rollups")]


def _step(inner: list[str]) -> str:
    """Write SQL that numbers the spans between edges; the edges are hours of our own writing."""
    return " + ".join(["0", *(f"(hour >= '{edge}')" for edge in inner)])
