"""A store whose file was deleted while it is open: all of it is copied from the open file."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.atomic import sync

_STEP_PAGES: Final = 1024


def rescue(connection: sqlite3.Connection, path: Path, on_progress: Callable[[], object]) -> Path:
    """Copy what a connection has to a file of its own beside the log's place.

    Args:
        connection: to the log, not in a transaction.
        path: where the log was.
        on_progress: told again and again.

    Returns:
        The copy: NAME.rescued-TIME, which was free, for its owner alone.

    Raises:
        OSError, sqlite3.Error: if it cannot be written, or there is no room; then there is none.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    needed, free = pages * page_bytes, shutil.disk_usage(path.parent).free
    if needed > free:
        raise OSError(f"it takes {needed / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    saved = path.with_name(f"{path.name}.rescued-{stamp}")
    saved.touch(0o600, exist_ok=False)
    try:
        with closing(sqlite3.connect(saved, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")  # half a copy is worth nothing
            copy.execute("PRAGMA synchronous = OFF")
            connection.backup(
                copy, pages=_STEP_PAGES, progress=lambda _status, _left, _all: on_progress()
            )
            copy.execute("PRAGMA journal_mode = DELETE")
        for made in (saved, saved.parent):
            sync(made)
    except BaseException:
        saved.unlink(missing_ok=True)
        raise
    return saved
