"""A log to be joined: attached as ``input``, its identity known, its past the same as ours.

Tables of what is joined are ``main``'s, notes for one input are ``temp``'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from monitor.merging.numbers import MOST_LOGS
from monitor.store import StoreError
from monitor.store.reader import address

_CACHE_KIB: Final = 4 * 1024


@contextmanager
def attached(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Attach a log as ``input``, for reading.

    Raises:
        StoreError: if it cannot be read (`reader.open_log`).
    """
    connection.execute("ATTACH ? AS input", (address(path),))
    try:
        connection.execute(f"PRAGMA input.cache_size = -{_CACHE_KIB}")
        yield
    finally:
        connection.execute("DETACH input")


def is_joined(connection: sqlite3.Connection) -> bool:
    """Whether the input is a joined log itself."""
    return connection.execute("SELECT 1 FROM input.logs WHERE own").fetchone() is None


def identify(connection: sqlite3.Connection, path: Path) -> None:
    """Note in ``temp.origins`` whose rows the input has, and what these logs are called here.

    A daemon's own rows have no ``log_id``. Its name is the one it has for its broker.

    Raises:
        StoreError: if the input and what was joined before are two continuations of one log.
    """
    execute = connection.execute
    execute("CREATE TEMP TABLE IF NOT EXISTS origins (log_id INTEGER PRIMARY KEY, input_id UNIQUE)")
    execute("DELETE FROM temp.origins")
    execute(
        "INSERT INTO main.logs (uuid, own, name)"
        " SELECT uuid, 0, CASE WHEN own THEN (SELECT max(client_id) FROM input.subscriptions)"
        " ELSE name END FROM input.logs WHERE true"
        " ON CONFLICT DO UPDATE SET name = excluded.name"
        " WHERE excluded.name > coalesce(name, '')"
    )
    execute(
        "INSERT INTO temp.origins SELECT o.id, CASE WHEN NOT i.own THEN i.id END"
        " FROM input.logs AS i JOIN main.logs AS o ON o.uuid = i.uuid"
    )
    (logs,) = execute("SELECT coalesce(max(id), 0) FROM main.logs").fetchone()
    if logs > MOST_LOGS:
        raise StoreError(f"{path}: is one log too many; {MOST_LOGS:,} can be joined in one")
    for table, unit in (("batches", "batch"), ("throughput", "minute")):
        (split,) = execute(
            "SELECT min(o.own_id)"  # noqa: S608  (our own names)
            f" FROM input.{table} AS i CROSS JOIN temp.origins AS g ON g.input_id IS i.log_id"
            f" CROSS JOIN main.{table} AS o"
            " ON o.log_id = g.log_id AND o.own_id = coalesce(i.own_id, i.id)"
            " WHERE (o.started_at, o.received) <> (i.started_at, i.received)"
        ).fetchone()
        if split is not None:
            raise StoreError(
                f"{path}: was the same log as one that is joined already, and from {unit}"
                f" {split:,} on it is another: a card was cloned, or a copy put back and written"
                " on; docs/merge.md says how to give it an identity of its own"
            )
