"""The file that logs are joined in: made, or opened again."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from monitor.settings import WAL_BYTES
from monitor.store import BUSY_TIMEOUT_S, Store, StoreError, integrity
from monitor.store.database import Database
from monitor.store.schema import is_joined, known_migrations, migrations

_CACHE_KIB: Final = 8 * 1024
"""Pages kept in memory; whatever is more goes to disk before the COMMIT."""
"""The write-ahead log is cut back to this after each input."""


def open_joined(path: Path) -> sqlite3.Connection:
    """Open a joined log for writing, making it if it is not there.

    Raises:
        StoreError: if it is a daemon's log or none at all, a newer version of the program wrote
            it, it is damaged, or it cannot be written.
    """
    try:
        if not path.exists():
            _make(path)
        integrity.look_over(path)
        connection = _connect(path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise integrity.unusable(path, error) from error
    try:
        _prepare(path, connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise integrity.unusable(path, error) from error
        raise
    return connection


def _make(path: Path) -> None:
    """Have the store make a log, and take its identity away before the file gets its name."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        try:
            Store(draft).close()
        except StoreError as error:
            raise StoreError(str(error).replace(str(draft), str(path))) from error
        with closing(_connect(draft)) as connection:
            connection.execute("DELETE FROM logs")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        draft.rename(path)


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    execute = connection.execute
    (application,) = execute("PRAGMA application_id").fetchone()
    if application != integrity.APPLICATION_ID:
        raise StoreError(f"{path}: not a log of this program")
    database = Database(connection)
    applied = {migration.name for migration in migrations.applied(database)}
    if newer := sorted(applied - known_migrations()):
        raise StoreError(
            f"{path}: written by a newer version of this program (it has {newer[-1]}); upgrade the"
            " program"
        )
    if "m009_logs" not in applied or not is_joined(connection):
        raise StoreError(
            f"{path}: is a daemon's own log, not a joined one; merge into a file that is not there"
            " yet, and name this one among the logs to join"
        )
    execute("PRAGMA journal_mode = WAL")  # who reads it meanwhile does not wait
    execute("PRAGMA synchronous = NORMAL")  # what a power cut takes back can be merged again
    execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    execute("PRAGMA temp_store = FILE")
    migrations.apply(database)
