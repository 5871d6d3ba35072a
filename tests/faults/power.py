"""Power cuts: what a disk may hold after one, made from the redo log, put in place of the files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.redo import Record, read
from tests.faults.vfs import files_of
from tests.processes import Daemon

_SECTOR: Final = 512
_SYNCED_WITH_FOLDER: Final = ("-wal", "-journal")
"""When SQLite syncs such a file for the first time, it syncs the folder too."""
_MOST_S: Final = 1.0


def disk_after_cut(records: Iterable[Record], random: Random, kept: str = "") -> dict[str, bytes]:
    """Draw one of the many things that a disk may hold when the power goes after these records.

    Args:
        records: everything since the process started.
        random: draws.
        kept: of the writes that were not yet synced: "all", "none", or "some", whole or torn;
            drawn as well if empty.
    """
    files: dict[str, bytearray] = {}
    waiting: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.what == "found":
            files[record.file] = bytearray(record.data)
        elif record.what == "sync":
            if record.file not in files and record.file.endswith(_SYNCED_WITH_FOLDER):
                _settle_deletions(files, waiting)
            for change in waiting.pop(record.file, ()):
                _apply(files, change)
        elif record.file:
            waiting[record.file].append(record)
    kept = kept or random.choice(["all", "none", "some", "some"])
    for change in chain.from_iterable(waiting.values()):
        for part in _survivors(change, random) if kept == "some" else [change]:
            if kept != "none":
                _apply(files, part)
    return {name: bytes(data) for name, data in files.items()}


def _settle_deletions(files: dict[str, bytearray], waiting: dict[str, list[Record]]) -> None:
    """Sync the folder: deletions up to here cannot be undone any more."""
    for changes in waiting.values():
        count = max((i for i, c in enumerate(changes, 1) if c.what == "delete"), default=0)
        for change in changes[:count]:
            _apply(files, change)
        del changes[:count]


def _apply(files: dict[str, bytearray], change: Record) -> None:
    """Change a file; what lies between its end and a write beyond it is zeros."""
    if change.what == "delete":
        files.pop(change.file, None)
        return
    file = files.setdefault(change.file, bytearray())
    file.extend(bytes(max(0, change.at - len(file))))
    if change.what == "truncate":
        del file[change.at :]
    else:
        file[change.at : change.at + len(change.data)] = change.data


def _survivors(change: Record, random: Random) -> Iterator[Record]:
    """Keep a change, lose it or, of a write, keep some sectors."""
    fate = random.choice(["kept", "lost", "torn"])
    if fate == "kept" or (fate == "torn" and change.what != "write"):
        yield change
    elif fate == "torn":
        at, end = change.at, change.at + len(change.data)
        while at < end:
            edge = min(end, (at // _SECTOR + 1) * _SECTOR)
            if random.random() < 0.5:
                data = change.data[at - change.at : edge - change.at]
                yield change._replace(at=at, data=data)
            at = edge


def put_in_place(files: Mapping[str, bytes], database: Path) -> None:
    """Replace a database, of which nobody has a file open, by what the disk holds."""
    for path in (*files_of(database), database.with_name(database.name + "-shm")):
        path.unlink(missing_ok=True)
    for name, data in files.items():
        database.with_name(name).write_bytes(data)


def cut_power(daemon: Daemon, seed: int, kept: str = "") -> None:
    """Cut the power of a daemon on a sick disk at some moment, and start it again.

    The moment comes when it has written some more, how much is drawn, or after a second.
    """
    random = Random(seed)
    redo = daemon.folder / "redo"
    enough = redo.stat().st_size + random.randrange(500_000)
    latest = time.monotonic() + _MOST_S
    while redo.stat().st_size < enough and time.monotonic() < latest:
        time.sleep(0.001)
    daemon.alive()
    daemon.kill()
    put_in_place(disk_after_cut(read(redo), random, kept), daemon.database)
    daemon.start()
