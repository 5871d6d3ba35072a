"""Which topic filters our sessions at brokers have, so that stale ones can be given up."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def remember(
    connection: sqlite3.Connection, broker: str, client_id: str, topics: Sequence[str]
) -> set[str]:
    """Add topic filters to those that a session has, and return those it had."""
    known = connection.execute(
        "SELECT topic FROM subscriptions WHERE broker = ? AND client_id = ?", (broker, client_id)
    ).fetchall()
    connection.executemany(
        "INSERT INTO subscriptions VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(broker, client_id, topic) for topic in topics],
    )
    return {topic for (topic,) in known}


def forget(connection: sqlite3.Connection, broker: str, client_id: str) -> None:
    """Forget the topic filters of a session that the broker has ended."""
    connection.execute(
        "DELETE FROM subscriptions WHERE broker = ? AND client_id = ?", (broker, client_id)
    )
