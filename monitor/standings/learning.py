"""Entities of which alerts do not know well yet what is usual, and how long that will take."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from monitor.console import strict_json
from monitor.tweets import NO_ENTITY

ENOUGH: Final = 500
"""Tweets of an entity that show well what is usual: ``[alerts] learn_tweets`` by default."""
_NAMED: Final = 5
"""Entities that a sentence names."""


class Learning(NamedTuple):
    """How far it is."""

    entity: str
    tweets: int
    """That have shown what is usual."""
    days: float | None
    """Until there are enough, at the pace of those; None before a day has shown it."""


def learning(
    connection: sqlite3.Connection, entities: Collection[str], enough: int = ENOUGH
) -> list[Learning]:
    """Return those of some entities of which too little is known, the best known first.

    Who has an alert is not among them.

    Args:
        connection: from `reader.open_log`.
        entities: those asked for.
        enough: tweets from which on it is known well.
    """
    rows = connection.execute(
        "SELECT entity, learnt, iif(seconds >= 86400 AND pauses > 0,"
        " (?1 - learnt) * seconds / pauses / 86400, NULL) FROM alert_states"
        " WHERE learnt < ?1 AND alert_id IS NULL"
        " AND entity IN (SELECT value FROM json_each(?2)) ORDER BY learnt DESC, entity",
        (enough, strict_json(sorted(entities))),
    )
    return [Learning(*row) for row in rows]


def told(found: Sequence[Learning]) -> list[str]:
    """Say so in a sentence, if there are any."""
    if not found:
        return []
    names = ", ".join(map(_told, found[:_NAMED]))
    more = f" and {more:,} more" if (more := len(found) - _NAMED) > 0 else ""
    said = (
        f"Alerts still learn what is usual for {names}{more}, from so many tweets; until {ENOUGH}"
        " only great rises are found soon."
    )
    return [said]


def _told(one: Learning) -> str:
    name = one.entity or NO_ENTITY
    if one.days is None:
        return f"{name} ({one.tweets:,})"
    days = max(1, round(one.days))
    return f"{name} ({one.tweets:,}, {days:,} {'day' if days == 1 else 'days'} yet)"
