"""Tweets in languages that the model does not read: counted apart, for they have no label."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.clock import utc
from monitor.console import counted, strict_json
from monitor.periods import beginning, ending
from monitor.tweets import NO_ENTITY

_NAMED: Final = 5
"""Entities that are counted by name, those with most such tweets."""
_HOUR: Final = len("2026-11-21T17")


@dataclass(frozen=True, slots=True)
class Unread:
    """Tweets without a label in a span; one about two entities counts for each, as labels do."""

    tweets: int = 0
    entities: Sequence[tuple[str, int]] = ()
    """Those with most of them, '' for tweets about none."""

    def told(self) -> list[str]:
        """Say so in a sentence, if there are any."""
        if not self.tweets:
            return []
        named = ", ".join(f"{name or NO_ENTITY} {count:,}" for name, count in self.entities)
        more = ", ..." if sum(count for _, count in self.entities) < self.tweets else ""
        said = f"{counted(self.tweets, 'tweet')} in languages that the model does not read"
        return [f"Not counted above: {said} ({named}{more}); they are stored without a label."]


def of_each(
    connection: sqlite3.Connection, since: float, until: float, among: Sequence[str]
) -> dict[str, int]:
    """Count them in a span of whole hours by entity, of these entities."""
    return dict(
        connection.execute(
            "SELECT entity, sum(other_language) FROM rollups INDEXED BY rollups_unread"
            " WHERE hour >= ? AND hour < ? AND other_language > 0"
            " AND entity IN (SELECT value FROM json_each(?)) GROUP BY entity",
            (*_hours(since, until), strict_json(list(among))),
        ).fetchall()
    )


def unread(
    connection: sqlite3.Connection, since: float, until: float, entity: str | None = None
) -> Unread:
    """Count them in a span of whole hours.

    Args:
        connection: from `reader.open_log`.
        since: seconds since the epoch; rounded down to a whole hour.
        until: the same; rounded up.
        entity: only those about this one, '' standing for tweets about none; None for all.
    """
    rows = connection.execute(
        "SELECT entity, sum(other_language), sum(sum(other_language)) OVER ()"
        " FROM rollups INDEXED BY rollups_unread WHERE hour >= ? AND hour < ?"
        " AND other_language > 0 AND (? IS NULL OR entity = ?)"
        " GROUP BY entity ORDER BY 2 DESC, entity LIMIT ?",
        (*_hours(since, until), entity, entity, _NAMED),
    ).fetchall()
    return Unread(rows[0][2] if rows else 0, [(name, count) for name, count, _ in rows])


def _hours(since: float, until: float) -> tuple[str, str]:
    first, last = beginning(since, "hour"), ending(until, "hour")
    return utc(max(first, 0.0))[:_HOUR], utc(max(last, 0.0))[:_HOUR]
