"""A damaged store: how that is noticed, and how the file is put aside unchanged."""

from __future__ import annotations

import errno
import sqlite3
import stat
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.atomic import sync
from monitor.settings.belongings import APPLICATION_ID as APPLICATION_ID  # where its readers look
from monitor.settings.belongings import is_ours
from monitor.store.disk import free_bytes, is_full

_CHECK_S: Final = 20.0
"""A check is cut short after so long: the service manager waits for the start."""
_CHECK_EVERY: Final = 100_000  # steps of SQLite's machine
_PARTS: Final = ("", "-wal", "-shm", "-journal")


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class DamagedLogError(StoreError):
    """The database is one of ours, but SQLite finds it damaged."""

    def __init__(self, path: Path, what: object) -> None:
        super().__init__(
            f"{path}: the log is damaged: {what}; `sqlite3 FILE .dump`, or `.recover` where there"
            " is one, saves what can be (docs/operations.md)"
        )


def unusable(path: Path, error: sqlite3.Error) -> StoreError:
    """Say what an error means for a log."""
    if not is_damage(error):
        return StoreError(f"{path}: {error}{_for_want_of_room(path)}")
    if is_ours(path):
        return DamagedLogError(path, error)
    return StoreError(
        f"{path}: {error}, so no log of this program, or damaged beyond recognition; move it away,"
        " or set [store] path to another file"
    )


def _for_want_of_room(path: Path) -> str:
    """Say that the disk is full, of which SQLite often says no more than "disk I/O error"."""
    try:
        return " (nothing is free on its disk; make room)" if is_full(free_bytes(path)) else ""
    except OSError:
        return ""


def see_that_file(path: Path) -> None:
    """See that a path leads to a file or to nothing: SQLite would wait for who writes into a pipe.

    Raises:
        StoreError: if it leads to something else.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno != errno.ELOOP:
            return  # nothing there yet, or nowhere that a file could be made: whoever opens it says
        kind = "a link that leads to itself"
    else:
        if stat.S_ISREG(mode):
            return
        kind = next((name for is_one, name in _KINDS if is_one(mode)), "a device")
    raise StoreError(f"{path}: is {kind}, and no file; set [store] path to a file")


_KINDS: Final = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def look_over(path: Path) -> None:
    """See whether a crash has damaged a log, before it is opened for writing.

    Raises:
        DamagedLogError: if it has.
        sqlite3.Error: if it cannot be read.
    """
    if not ended_uncleanly(path):
        return
    if not (path.exists() and path.stat().st_size):
        # Opening the file anew, SQLite would delete what is left.
        raise DamagedLogError(path, "its write-ahead log is here, and the file itself is not")
    if is_ours(path) and (damage := find_damage(path)):
        raise DamagedLogError(path, damage)


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is not as it wrote it."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:  # a file ends before what SQLite wrote into it
        return True
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)  # without the extension


def ended_uncleanly(path: Path) -> bool:
    """Whether the last writer was killed: on closing it would have removed its write-ahead log."""
    wal = Path(f"{path}-wal")
    return wal.exists() and wal.stat().st_size > 0


def find_damage(path: Path) -> str | None:
    """Look through the file's structure (PRAGMA quick_check) and name the first damage.

    It reads the whole file: most of a second for a million tweets on a desktop, more on an SD card.
    After 20 s it gives up looking. Nothing is written, not even what waits in the write-ahead log.

    Raises:
        sqlite3.Error: if it cannot be opened, or is damaged beyond looking through.
    """
    deadline = time.monotonic() + _CHECK_S
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _CHECK_EVERY)
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return None
            raise
    return None if found == "ok" else str(found).splitlines()[-1]


def set_aside(path: Path) -> Path:
    """Rename a log and all that belongs to it, and return its new name, which was free."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 0
    while True:
        aside = path.with_name(f"{path.name}.damaged-{stamp}{f'-{number}' if number else ''}")
        if not any(Path(f"{aside}{part}").exists() for part in _PARTS):
            break
        number += 1
    # The file itself last: as long as it has its name, an interruption leaves work to be done.
    for part in reversed(_PARTS):
        if Path(f"{path}{part}").exists():
            Path(f"{path}{part}").rename(f"{aside}{part}")
    sync(path.parent)
    return aside
