"""Checks at each commit that the file is still at its path, and that no other program wrote it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from monitor.store import integrity
from monitor.store.integrity import DamagedLogError, StoreError
from monitor.store.place import MovedError, Place
from monitor.store.rescue import rescue

_LOOK_SHARE: Final = 20
"""Looking through a file that somebody wrote into takes one part in so many of the time."""


class Guard:
    """Looks at an open store's files before and after each transaction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Take the files as they are.

        Raises:
            MovedError: if they were moved away while they were opened.
            OSError: if they cannot be looked at.
        """
        self._connection = connection
        self._path = path
        self._place = Place(path)
        self._version = self._data_version()
        self._doubted, self._look_again_at = False, 0.0
        self.tell: Callable[[], object] = lambda: None
        """Called again and again while a deleted log is saved."""

    def fold_back(self) -> bool:
        """Fold the WAL back, which SQLite would not do on closing a file that was moved.

        Returns:
            Whether the file has all now: a reader may be in the way, or the disk be full.
        """
        with suppress(sqlite3.Error):
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        return False

    def _data_version(self) -> int:
        """Return a number that changes when another connection commits, and then only."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def see_untouched(self) -> None:
        """See that nothing but SQLite has written into the files since our last transaction.

        Another program's transaction is fine, and a checkpoint of its own as well. A copy over the
        file is not, which nothing but a look through it tells from that.
        """
        if not self._place.is_untouched():
            self.see_in_place()
            before, self._version = self._version, self._data_version()
            self._doubted |= self._version == before
        started = time.monotonic()
        if not self._doubted or started < self._look_again_at:
            return
        if damage := self._damage():
            raise DamagedLogError(self._path, f"something else wrote into it: {damage}")
        # Of the write-ahead log SQLite has looked at what it needed: after a crash it reads the
        # rest, too, and may find the log's beginning gone. Folded back, the log begins anew.
        self._doubted = not self.fold_back()
        self.see_in_place()
        took = time.monotonic() - started
        self._look_again_at = time.monotonic() + _LOOK_SHARE * took

    def _damage(self) -> str | None:
        if not self._path.stat().st_size:
            return "it is empty"  # not opened: SQLite would delete its write-ahead log
        try:
            return integrity.find_damage(self._path)
        except sqlite3.DatabaseError as error:
            if integrity.is_damage(error):
                return str(error)
            raise

    def see_in_place(self) -> None:
        """See that what was committed is where people will look for it."""
        try:
            self._place.look()
        except MovedError as error:
            raise StoreError(self._saved(error.path)) from error

    def _saved(self, gone: Path) -> str:
        """Save what only our open files have; say what has happened, and where it is now."""
        what = f"{gone}: was moved away or deleted while in use"
        if gone != self._path:
            if self.fold_back():
                return f"{what}; all that it held is in {self._path} now, so start again"
        elif where := self._place.found_again():
            self.fold_back()
            return f"{what}; what was stored is in {where}"
        try:
            saved = rescue(self._connection, self._path, self.tell)
        except (OSError, sqlite3.Error) as error:
            return f"{what}; what was stored could not be saved: {error}"
        return f"{what}; what was stored has been saved as {saved} (docs/operations.md)"
