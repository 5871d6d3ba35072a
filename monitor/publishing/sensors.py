"""What the daemon tells of itself and of the entities, each minute, as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from monitor.clock import utc
from monitor.console import as_json
from monitor.mqtt import Message
from monitor.settings import topics
from monitor.standings import Estimate, Standing, standings, unread
from monitor.verdict import POLARITIES

SPAN_S: Final = 24 * 3600.0
_STALE_S: Final = 150.0
"""A minute's row that began longer ago says nothing of now."""

_MINUTE: Final = (
    "SELECT tweets_per_s, latency_p50_ms, latency_p99_ms, queue_depth AS queue, rejected,"
    " rss_mib AS memory_mib, cpu_celsius AS temperature_c"
    " FROM (SELECT * FROM throughput ORDER BY id DESC LIMIT 1) WHERE started_at BETWEEN ? AND ?"
)


def messages(
    connection: sqlite3.Connection, prefix: str, entities: Sequence[str], now: float
) -> list[Message]:
    """Return the messages that say how the board and the entities are doing, all retained.

    Args:
        connection: from `reader.open_log`.
        prefix: the topic below which we publish.
        entities: the names of those configured.
        now: seconds since the epoch.
    """
    asked = standings(connection, now - SPAN_S, now, among=entities, compared=False)
    found = {standing.entity: standing for standing in asked}
    apart = unread.of_each(connection, now - SPAN_S, now, entities)
    documents = {
        topics.BOARD: board(connection, now),
        **{
            topics.standing(name): standing(name, found.get(name), apart.get(name, 0))
            for name in entities
        },
    }
    return [
        Message(f"{prefix}/{suffix}", as_json(document), retain=True)
        for suffix, document in documents.items()
    ]


def board(connection: sqlite3.Connection, now: float) -> dict[str, Any]:
    """Say how the board did in its last minute (null where it is not known), and ever."""
    cursor = connection.execute(_MINUTE, (utc(now - _STALE_S), utc(now + _STALE_S)))
    names = [name for name, *_ in cursor.description]
    minute = cursor.fetchone() or [None] * len(names)
    # Rows are numbered as they come and pruned from the front, so the last number counts them all.
    (tweets,) = connection.execute("SELECT coalesce(max(rowid), 0) FROM tweets").fetchone()
    return {**dict(zip(names, minute, strict=True)), "tweets": tweets}


def standing(entity: str, stands: Standing | None, unread: int = 0) -> dict[str, Any]:
    """Say how an entity stands: shares in per cent, net score from -1 to 1, 95 % intervals.

    ``unread`` tweets, in languages that the model does not read, are not among the others.
    """
    document: dict[str, Any] = {
        "entity": entity,
        "tweets": stands.tweets if stands else 0,
        "other_languages": unread,
    }
    for name, scale, digits in (
        *((polarity, 100, 1) for polarity in POLARITIES),
        ("net", 1, 3),
    ):
        estimate: Estimate | None = getattr(stands, name) if stands else None
        for field, end in ((name, "value"), (f"{name}_low", "low"), (f"{name}_high", "high")):
            value = getattr(estimate, end) if estimate else None
            document[field] = None if value is None else round(scale * value, digits)
    document["correction"] = stands.correction if stands else None
    return document
