"""The log as a database of Datasette."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from datasette.database import Database, QueryInterrupted, Results
from datasette.utils import sqlite_timelimit
from datasette.views.base import DatasetteError

from monitor.console import harmless
from monitor.dashboard.limits import TooLargeError, fetched
from monitor.store import StoreError, open_log

if TYPE_CHECKING:
    from datasette.app import Datasette

    from monitor.dashboard.desk import Desk

NAME = "log"
"""In addresses, whatever the file is called."""

FOR_SPREADSHEET: Final = ContextVar("FOR_SPREADSHEET", default=False)
"""Whether what is being answered goes out as CSV."""

_T = TypeVar("_T")


class LogDatabase(Database):  # type: ignore[misc]  # (Datasette has no types)
    """Opened as all that only read it do, and again when another file has taken its place."""

    def __init__(self, datasette: Datasette, path: Path, desk: Desk | None = None) -> None:
        super().__init__(datasette, path=str(path), is_mutable=True)
        self._open = threading.local()
        self.desk = desk
        """Where its owner labels; None if that is not asked for."""

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Open the log for reading.

        Raises:
            StoreError: if that cannot be, or writing is wanted.
        """
        if write:
            raise StoreError("the log is not written from here")
        return open_log(self.path)

    async def execute(
        self,
        sql: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Results:
        """Answer a query as Datasette's own method does, in bounded memory.

        Args:
            sql: the query.
            params: its parameters.
            truncate: whether rows may be left out; what is fetched is told by Datasette's setting.
            custom_time_limit: ms; if less than Datasette's setting.
            page_size: of a table's page.
            log_sql_errors: not used: errors are said on the page.

        Raises:
            QueryInterrupted: if it takes too long.
            DatasetteError: if it is wrong, and asked for as CSV.
            sqlite3.Error: if it is wrong, or takes too much memory.
        """
        del log_sql_errors
        limit_ms = min(custom_time_limit or self.ds.sql_time_limit_ms, self.ds.sql_time_limit_ms)
        most = self.ds.max_returned_rows
        most += most == (page_size or self.ds.page_size)  # one more tells that there is a next page
        as_csv = FOR_SPREADSHEET.get()

        def answer(connection: sqlite3.Connection) -> Results:
            try:
                with sqlite_timelimit(connection, limit_ms):
                    cursor = connection.execute(sql, params or {})
                    rows, more = fetched(cursor, most if truncate else None)
            except MemoryError:
                raise TooLargeError("this takes too much memory: ask for less") from None
            except sqlite3.Error as error:
                if error.args == ("interrupted",):
                    raise QueryInterrupted(error, sql, params) from error
                if as_csv:  # where Datasette would answer with a table of nothing
                    raise DatasetteError(str(error), status=400) from error
                raise
            description = cursor.description
            if as_csv:
                rows = [sqlite3.Row(cursor, tuple(map(_harmless, row))) for row in rows]
                description = [(harmless(name), *rest) for name, *rest in description]
            return Results(rows, more, description)

        return await self.execute_fn(answer)

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


def _harmless(value: Any) -> Any:  # noqa: ANN401  (whatever SQLite holds)
    return harmless(value) if isinstance(value, str) else value
