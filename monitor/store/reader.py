"""The store, open for reading beside the daemon, which it never blocks."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from monitor.store import integrity
from monitor.store.database import Database
from monitor.store.integrity import StoreError
from monitor.store.schema import known_migrations, migrations

_BUSY_TIMEOUT_S = 2.0


def open_log(path: Path | str) -> sqlite3.Connection:
    """Open a log for reading.

    In the write-ahead log's mode readers and the writer do not wait for each other. Keep no
    transaction open for long: what is written meanwhile cannot be folded back into the file.

    Raises:
        StoreError: if there is none, it is not a log of this program, or of another version.
    """
    return _opened(Path(path))[0]


def address(path: Path | str) -> str:
    """Return the SQLite URI by which a log can be attached to a connection, for reading.

    Raises:
        StoreError: as `open_log`.
    """
    connection, uri = _opened(Path(path))
    connection.close()
    return uri


def _opened(path: Path) -> tuple[sqlite3.Connection, str]:
    if not path.is_file():
        raise StoreError(
            f"{path}: no such log; `monitor run` makes it, --database or [store] path says where"
        )
    try:
        connection, uri = _connected(path)
    except sqlite3.Error as error:
        raise integrity.unusable(path, error) from error
    connection.text_factory = _text
    try:
        _check(path, connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise integrity.unusable(path, error) from error
        raise
    return connection, uri


def _connected(path: Path) -> tuple[sqlite3.Connection, str]:
    if not path.stat().st_size and integrity.ended_uncleanly(path):
        # Even for reading SQLite would delete what is left of it.
        raise integrity.DamagedLogError(path, "its write-ahead log is here, and the file is empty")
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # Even a reader wants to make the file of shared memory. Where it may not, and nobody
        # writes (there is no write-ahead log), the file can be read as it lies there.
        connection.close()
        if Path(f"{path}-wal").exists():
            raise
        uri += "&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)
    return connection, uri


def _text(stored: bytes) -> str:
    """Show a text although a bit of it has changed on the card, as the rest of the log."""
    return stored.decode(errors="replace")


def without_tables(path: Path) -> str | None:
    """Say that a file of ours holds nothing, as a copy without its write-ahead log may; or None.

    Raises:
        StoreError: if it cannot be read.
    """
    try:
        connection, _ = _connected(path)
        with closing(connection):
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            ours = application == integrity.APPLICATION_ID
            return _without_tables(path, connection) if ours else None
    except sqlite3.Error as error:
        raise integrity.unusable(path, error) from error


def _without_tables(path: Path, connection: sqlite3.Connection) -> str | None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return None
    return (
        f"{path}: holds no tables: it was copied without {path.name}-wal, which has what a daemon"
        " wrote last, or a start was broken off; `monitor backup` copies a log as a whole"
    )


def _check(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != integrity.APPLICATION_ID:
        raise StoreError(f"{path}: not a log of this program")
    if bare := _without_tables(path, connection):
        raise StoreError(bare)
    applied = {m.name for m in migrations.applied(Database(connection))}
    known = known_migrations()
    if newer := sorted(applied - known):
        raise StoreError(
            f"{path}: written by a newer version of this program (it has {newer[-1]}); upgrade the"
            " program"
        )
    if older := sorted(known - applied):
        raise StoreError(
            f"{path}: written by an older version of this program (it lacks {older[0]}); restart"
            " the daemon, or run `monitor check`, which brings it up to date (if the daemon is no"
            " older, this is a copy without its -wal: `monitor backup` copies all)"
        )
