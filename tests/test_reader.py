"""The log, open for reading, beside a daemon that writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.integrity import StoreError
from monitor.reader import open_log
from monitor.store import Store
from tests.factories import batch_row, register, tweet_row
from tests.logs import Said, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one tweet, closed."""
    return write_log(tmp_path / "monitor.db", [Said()])


def test_reads_while_the_writer_writes(log: Path) -> None:
    """Neither waits for the other: a reader in the middle of a query sees its own moment."""
    with closing(Store(log)) as store, closing(open_log(log)) as connection:
        register(store)
        connection.execute("BEGIN")
        (before,) = connection.execute("SELECT count(*) FROM tweets").fetchone()
        store.write(batch_row(1), [tweet_row("new", "Acme")], [])
        (during,) = connection.execute("SELECT count(*) FROM tweets").fetchone()
        connection.execute("COMMIT")
        (after,) = connection.execute("SELECT count(*) FROM tweets").fetchone()

    assert (1, 1, 2) == (before, during, after)


def test_cannot_write(log: Path) -> None:
    """Whatever a query says."""
    with closing(open_log(log)) as connection:
        for statement in ("DELETE FROM tweets", "DROP TABLE tweets", "PRAGMA user_version = 3"):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute(statement)


def _none(log: Path) -> None:
    log.unlink()


def _folder(log: Path) -> None:
    log.unlink()
    log.mkdir()


def _no_database(log: Path) -> None:
    log.write_text("dear diary, " * 1000)


def _foreign(log: Path) -> None:
    log.unlink()
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")


def _change(log: Path, statement: str) -> None:
    with closing(sqlite3.connect(log, isolation_level=None)) as connection:
        connection.execute(statement)


def _older(log: Path) -> None:
    _change(log, "DELETE FROM _sqlite_migrations WHERE name = 'm005_rollups'")


def _newer(log: Path) -> None:
    _change(log, "UPDATE _sqlite_migrations SET name = 'm999_far' WHERE name = 'm005_rollups'")


def _half(log: Path) -> None:
    os.truncate(log, log.stat().st_size // 2)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_none, "no such log; `monitor run` makes it"),
        (_folder, "no such log"),
        (_no_database, "file is not a database"),
        (_foreign, "not a log of this program"),
        (_older, "written by an older version of this program .it lacks m005_rollups.; restart"),
        (_newer, "written by a newer version of this program .it has m999_far.; upgrade"),
        (_half, "the log is damaged"),
    ],
)
def test_says_what_it_cannot_read(log: Path, spoil: Callable[[Path], None], expected: str) -> None:
    """The file, what is wrong with it, and what to do."""
    spoil(log)
    with pytest.raises(StoreError, match=expected) as raised:
        open_log(log)

    assert str(raised.value).startswith(f"{log}: ")


def test_reads_names_that_mean_something_in_a_uri(tmp_path: Path) -> None:
    """A question mark, a percent sign or a hash in the name is part of it."""
    log = write_log(tmp_path / "what? 100%#1.db", [Said()])
    with closing(open_log(log)) as connection:
        assert (1,) == connection.execute("SELECT count(*) FROM tweets").fetchone()
