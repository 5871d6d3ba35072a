"""The log as a database of Datasette."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from datasette.database import Database

from monitor.integrity import StoreError
from monitor.reader import open_log

if TYPE_CHECKING:
    from datasette.app import Datasette

NAME = "log"
"""In addresses, whatever the file is called."""

_T = TypeVar("_T")


class Log(Database):  # type: ignore[misc]  # (Datasette has no types)
    """Opened as all that only read it do, and again when another file has taken its place."""

    def __init__(self, datasette: Datasette, path: Path) -> None:
        super().__init__(datasette, path=str(path), is_mutable=True)
        self._open = threading.local()

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Open the log for reading.

        Raises:
            StoreError: if that cannot be, or writing is wanted.
        """
        if write:
            raise StoreError("the log is not written from here")
        return open_log(self.path)

    async def execute_fn(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run a function with a connection, on a thread of Datasette's."""

        def in_thread() -> _T:
            return function(self._connection())

        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, in_thread)

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection to the file that is at the log's place now."""
        try:
            found = Path(self.path).stat()
            file = (found.st_dev, found.st_ino)
        except FileNotFoundError:
            file = None
        if getattr(self._open, "file", None) != file or file is None:
            if old := getattr(self._open, "connection", None):
                old.close()
            self._open.file = self._open.connection = None
            connection = self.connect()
            self.ds._prepare_connection(connection, self.name)  # noqa: SLF001  (as Datasette does)
            self._open.connection, self._open.file = connection, file
        connection = self._open.connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    async def execute_write_fn(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise StoreError("the log is not written from here")
