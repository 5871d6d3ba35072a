"""Limits of one query, whatever it asks for: of memory above all.

SQLite's own limits are made for servers: a value may have 10^9 bytes, and ``zeroblob(900000000)``
takes them, several times over. Here a query is the tweets of a board, a few hundred bytes each.
"""

from __future__ import annotations

import sqlite3
from typing import Final

_LARGEST_VALUE: Final = 2**20
"""Bytes. The largest thing a log holds is a message's text: 64 KiB, as the daemon is shipped."""
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LARGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 32,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 2000,  # Datasette asks for a page's labels by key
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""Source: https://sqlite.org/limits.html."""
_HEAP_BYTES: Final = 64 * 2**20
"""Of SQLite in this process, all connections together."""
ANSWER_BYTES: Final = 2 * 2**20
"""Of the values of an answer. As JSON they may be six times as long."""


class TooLargeError(sqlite3.OperationalError):
    """A question that costs more than it may; the message says what to do."""


def restrict(connection: sqlite3.Connection) -> None:
    """Set a connection's limits, and that of the process.

    Sorting stays in memory, where it is bounded: its temporary files are not.
    """
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    connection.execute(f"PRAGMA hard_heap_limit = {_HEAP_BYTES}")
    connection.execute("PRAGMA temp_store = MEMORY")


def fetched(cursor: sqlite3.Cursor, most_rows: int | None) -> tuple[list[sqlite3.Row], bool]:
    """Fetch the first rows of an answer, and say whether there were more.

    Args:
        cursor: of a query that has been started.
        most_rows: how many are fetched, as far as `ANSWER_BYTES` go; None for all of them.

    Raises:
        TooLargeError: if all are wanted, or the first one, and that is larger.
    """
    rows: list[sqlite3.Row] = []
    size = 0
    for row in cursor:
        size += sum(_size(value) for value in row)
        if size > ANSWER_BYTES and (most_rows is None or not rows):
            raise TooLargeError(
                f"the answer is larger than {ANSWER_BYTES // 2**20} MiB: ask for fewer rows or"
                " columns"
            )
        if size > ANSWER_BYTES or len(rows) == most_rows:
            return rows, True
        rows.append(row)
    return rows, False


def _size(value: object) -> int:
    """Return the bytes that a value takes, about."""
    if isinstance(value, str):
        value = value.encode(errors="replace")
    return len(value) if isinstance(value, bytes) else 8
