"""Ways in which a file is no log that can be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

LATEST = "m012_owner_labels"
"""The migration that older logs lack."""


def change(log: Path, sql: str, *values: object) -> None:
    """Change a log from outside, as people do."""
    with closing(sqlite3.connect(log, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(sql, values)


def gone(log: Path) -> None:
    """It is not there."""
    log.unlink()


def folder(log: Path) -> None:
    """It is a folder."""
    log.unlink()
    log.mkdir()


def no_database(log: Path) -> None:
    """It is text."""
    log.write_text("dear diary, " * 1000)


def foreign(log: Path) -> None:
    """It is a database of another program."""
    log.unlink()
    change(log, "CREATE TABLE invoices (id INTEGER PRIMARY KEY)")


def older(log: Path) -> None:
    """An older version of the program wrote it."""
    change(log, "DELETE FROM _sqlite_migrations WHERE name = ?", LATEST)


def newer(log: Path) -> None:
    """A newer version of the program wrote it."""
    change(log, "UPDATE _sqlite_migrations SET name = 'm999_far' WHERE name = ?", LATEST)
