"""``monitor backup``: a copy of the log while the daemon writes."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click

from monitor.atomic import sync
from monitor.store import integrity

_STEP_PAGES: Final = 1024
"""Copied at a time: what Ctrl-C waits for, and how much the daemon's next sync may find queued."""
_CHECK_OPERATIONS: Final = 1_000_000
"""SQLite's, between two looks for Ctrl-C: a fraction of a second."""


class BackupError(Exception):
    """There is no copy; the message says why."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds."""

    path: Path
    tweets: int
    size: int
    """Bytes."""
    seconds: float


def backup(log: Path, destination: Path, *, force: bool = False) -> Copied:
    """Copy a log to a file of its own, with a progress bar on a terminal.

    The copy is the log at one moment: it is made from a single read transaction, which keeps
    nobody from writing. It gets its name when it is complete, checked and on disk; before, it lies
    in a private folder beside it, which goes whatever happens.

    Args:
        log: what to copy.
        destination: a file, or a folder for a file named by the time.
        force: replace a file that is there.

    Raises:
        BackupError: if there is no such log, it is damaged, or the copy cannot be written.
    """
    started = time.monotonic()
    with _reasons(log):
        if not log.is_file():
            raise BackupError(f"{log}: there is no log; see [store] path")
    if destination.is_dir():
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        destination /= f"{log.stem}-{moment}{log.suffix}"
    with (
        _reasons(destination),
        tempfile.TemporaryDirectory(
            dir=destination.parent, prefix=f".{destination.name}."
        ) as folder,
    ):
        _see_that_free(log, destination, force=force)
        draft = Path(folder) / destination.name
        draft.touch(0o600)
        with draft.open("rb") as file:
            _copy(log, draft, file.fileno())
            tweets = _check(log, draft)
            os.fsync(file.fileno())
        _see_that_free(log, destination, force=force)
        size = draft.stat().st_size
        draft.replace(destination)
        sync(destination.parent)
    return Copied(destination, tweets, size, time.monotonic() - started)


def _see_that_free(log: Path, destination: Path, *, force: bool) -> None:
    """See that nothing is lost when a file gets this name."""
    if destination.exists():
        if destination.samefile(log):
            raise BackupError(f"{destination}: is the log itself")
        if not destination.is_file():  # a device, as root
            raise BackupError(f"{destination}: is no file that could be replaced")
        if not force:
            raise BackupError(f"{destination}: is there already; --force replaces it")
    for part in ("-wal", "-journal"):
        if Path(f"{destination}{part}").exists():
            # SQLite would take it for the copy's own.
            raise BackupError(f"{destination}{part}: is there, so {destination} may be in use")


def _copy(log: Path, draft: Path, descriptor: int) -> None:
    """Copy page by page, from one snapshot, so that the daemon's writing does not begin it anew."""
    with (
        closing(_connect(log, "ro")) as source,
        closing(_connect(draft, "rw")) as target,
        click.progressbar(
            length=1, label=str(log), file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar,
    ):
        target.execute("PRAGMA journal_mode = OFF")  # half a copy is worth nothing
        target.execute("PRAGMA synchronous = OFF")

        def progress(_status: int, remaining: int, total: int) -> None:
            # Bit by bit: one sync of it all would hold up the daemon's, on the same card.
            os.fdatasync(descriptor)
            bar.length = total
            bar.update(total - remaining - bar.pos)

        with _reasons(log):
            source.execute("BEGIN")
            (application,) = source.execute("PRAGMA application_id").fetchone()  # the snapshot
            if application != integrity.APPLICATION_ID:
                raise BackupError(f"{log}: a SQLite file, but not a log of this program")
        source.backup(target, pages=_STEP_PAGES, progress=progress)


def _check(log: Path, draft: Path) -> int:
    """Make it a file that needs no other, look through it, and count its tweets."""
    with closing(_connect(draft, "rw")) as copy, _reasons(log):
        # Out of WAL mode: it can be read where nothing can be written. The daemon changes it back.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.set_progress_handler(lambda: None, _CHECK_OPERATIONS)  # lets Python see Ctrl-C
        (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise BackupError(f"{log}: the log is damaged: {found.splitlines()[-1]}")
        return int(copy.execute("SELECT count(*) FROM tweets").fetchone()[0])


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.fsencode(path))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    """Say what went wrong, and with which file."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from error
        raise BackupError(f"{path}: {error}") from error
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}") from error
