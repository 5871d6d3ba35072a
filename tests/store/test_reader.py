"""The log, open for reading, beside a daemon that writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store, StoreError, open_log
from tests import spoiled
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


def _half(log: Path) -> None:
    os.truncate(log, log.stat().st_size // 2)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (spoiled.gone, "no such log; `monitor run` makes it"),
        (spoiled.folder, "no such log"),
        (spoiled.no_database, "file is not a database"),
        (spoiled.foreign, "not a log of this program"),
        (spoiled.older, "written by an older version .* lacks m012_owner_labels.; restart"),
        (spoiled.newer, "written by a newer version of this program .it has m999_far.; upgrade"),
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
