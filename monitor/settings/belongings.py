"""Which files belong to a store, so that no command writes over one of them.

That is the database, what SQLite puts beside it (``-wal``, ``-shm``, ``-journal``), also while that
is not there, and the key of pseudonyms. A path may lead there by a link, a hard link, or another
spelling. Of a log that is not in the configuration, files are known by how they begin and by the
names that they have beside it.

Sources: the SQLite database file format, sections 1.3 (database) and 4.1 (write-ahead log).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

APPLICATION_ID: Final = 0x7477726D
"""In the header of our files ("twrm"): tells them from other SQLite files."""

_SQLITE: Final = b"SQLite format 3\0"
_WAL: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_BESIDE: Final = {
    "-wal": "the write-ahead log of {}",
    "-shm": "the write-ahead log's index of {}",
    "-journal": "the rollback journal of {}",
    ".key": "the key of pseudonyms of {}",
}


def refusal(
    output: Path, log: Path | None = None, key: Path | None = None, *, replaces_logs: bool = False
) -> str | None:
    """Say why nothing may be written to a path, in one line; None if it may.

    Args:
        output: where a command is to write; it need not be there.
        log: the configured log, if it is known.
        key: its configured key of pseudonyms, if it is known.
        replaces_logs: what is written is a log itself: it may replace a copy of one, but neither
            the configured one, nor one with a key or a write-ahead log beside it.
    """
    for part, what in _parts(log, key):
        if _same(output, part):
            return f"{output}: is {what}; write somewhere else"
    itself = Path(os.path.realpath(output))
    for suffix, what in _BESIDE.items():
        base = itself.name.removesuffix(suffix)
        if base != itself.name and base and _begins(itself.with_name(base), _SQLITE):
            return f"{output}: is {what.format(itself.with_name(base))}; write somewhere else"
    if _begins(itself, *_WAL):
        return f"{output}: is a write-ahead log of SQLite; write somewhere else"
    if _begins(itself, _SQLITE):
        if not replaces_logs:
            return f"{output}: is a SQLite database; write somewhere else"
        if not is_ours(itself):
            return f"{output}: a SQLite file, but not a log of this program; write somewhere else"
        if Path(f"{itself}.key").exists():
            return f"{output}: is a log with a key of its own beside it; write somewhere else"
    return None


def _parts(log: Path | None, key: Path | None) -> Iterator[tuple[Path, str]]:
    if log:
        yield log, "the log itself"
        itself = os.path.realpath(log)
        for suffix, what in _BESIDE.items():
            yield Path(f"{itself}{suffix}"), what.format(log)
    if key:
        yield key, "the key of pseudonyms"


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)


def _begins(path: Path, *starts: bytes) -> bool:
    try:
        if not path.is_file():  # a pipe would wait for somebody to write
            return False
        with path.open("rb") as file:
            return file.read(16).startswith(starts)
    except OSError:
        return False


def is_ours(path: Path) -> bool:
    """Whether a file that SQLite cannot use still begins as a log of this program does.

    Source: the SQLite database file format, section 1.3: magic, and the application id at 68.
    """
    with path.open("rb") as file:
        header = file.read(72)
    return header.startswith(_SQLITE) and header[68:] == APPLICATION_ID.to_bytes(4)
