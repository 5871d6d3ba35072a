"""A redo log: every change the daemon made to its files, noted before it was made."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Record(NamedTuple):
    """One change of a file, or an acknowledgement to the broker."""

    what: str
    """``found`` at the start, ``write``, ``truncate``, ``sync``, ``delete`` or ``acknowledge``."""
    file: str = ""
    """Its name, without the folder."""
    at: int = 0
    """Where a write begins; how much a truncated file keeps."""
    data: bytes = b""


class Redo:
    """Writes the log. What is noted survives ``kill -9``: the kernel has it."""

    def __init__(self, path: Path) -> None:
        """Begin anew: what a process finds when it starts counts as safe on disk."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)

    def note(self, what: str, file: str = "", at: int = 0, data: bytes = b"") -> None:
        """Append a record, in one write."""
        os.write(self._file, pickle.dumps((what, file, at, data)))


def read(path: Path) -> Iterator[Record]:
    """Read a log up to its end, or to a record that a kill cut off."""
    with path.open("rb") as file:
        while True:
            try:
                yield Record(*pickle.load(file))
            except (EOFError, pickle.UnpicklingError):
                return


def acknowledged(records: Iterable[Record]) -> int:
    """How many messages the broker was told to forget."""
    return sum(record.what == "acknowledge" for record in records)
