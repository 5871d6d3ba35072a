"""A real log with alerts in it, written as the daemon writes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.clock import utc
from tests.factories import NOW
from tests.logs import Said, write_log

BEGAN = NOW - 3600.0


class AlertLog:
    """A log, and what the daemon does to its alerts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            write_log(path, [Said(count=51, hours_ago=2.0), Said("Zento", "positive", count=9)])

    def raised(self, entity: str = "Acme", at: float = NOW) -> int:
        """Raise an alert, and return its number."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            number = connection.execute(
                "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share,"
                " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
                " VALUES (?, 1, ?, ?, 0.12, 0.41, 51, 21, 1, '0', 1, '50')",
                (entity, utc(at - 6500.0), utc(at)),
            ).lastrowid
        assert number is not None
        return number

    def change(self, sql: str, *values: object) -> None:
        """Change it by SQL."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def ended(self, number: int, outcome: str = "recovered", at: float = NOW + 86_400.0) -> None:
        """End it."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(
                "UPDATE alerts SET ended_at = ?, outcome = ? WHERE id = ?",
                (utc(at), outcome, number),
            )
