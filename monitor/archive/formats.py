"""What each format of a file must know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from monitor.archive.question import MICRO_BATCH, Columns
from monitor.console import as_json
from monitor.inference import Classifier

CHUNK: Final = 16 * MICRO_BATCH
"""Rows that are read, sent to a worker and written together: half a second of its time."""
CHUNK_BYTES: Final = 2**20
"""A chunk of longer rows ends at the first micro-batch beyond this."""


class FormatError(Exception):
    """A file is not what its name says; the message says why."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole micro-batches of a file's rows; fewer at its end."""

    rows: Any
    """As the format has them; can be pickled."""
    first: bool
    """Whether it is its file's first."""
    read: float
    """How much of the file has been read with it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class LabelledChunk:
    """What a chunk has become."""

    output: Any
    """For the writer of the format."""
    count: int
    """Rows in it."""
    rejected: tuple[str, ...]
    """JSON objects: where a row is that could not be labelled, why, and the row itself."""


def rejection(unit: str, number: int, reason: str, content: str) -> str:
    """Return what is kept of a row that cannot be labelled, as JSON.

    Args:
        unit: what is counted, ``line`` or ``row``.
        number: where it is, from 1.
        reason: why.
        content: the row, in a form that people can read.
    """
    row = {unit: number, "reason": reason, "content": content}
    return as_json(row)


class FileWriter(Protocol):
    """Writes one file."""

    def write(self, output: Any) -> None:  # noqa: ANN401  (the format's own)
        """Append what a chunk has become."""

    def close(self) -> None:
        """Write what is left; the file stays open."""


class Format(Protocol):
    """Reads, labels and writes files of one kind. Can be pickled."""

    def read(self, path: Path, question: Columns) -> Iterator[Chunk]:
        """Read a file in bounded memory.

        Raises:
            FormatError: if it is no such file.
            OSError: if it cannot be read.
            EOFError: if it is compressed and its end is missing.
            zlib.error: if it is compressed and damaged.
        """

    def label(self, chunk: Chunk, classifier: Classifier, question: Columns) -> LabelledChunk:
        """Label a chunk."""

    def writer(self, file: BinaryIO) -> FileWriter:
        """Begin a file."""
