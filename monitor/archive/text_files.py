"""Files of lines, gzipped or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from os import fstat
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast

from monitor.archive.formats import CHUNK, CHUNK_BYTES
from monitor.archive.question import MICRO_BATCH
from monitor.tweets.encodings import utf8

_T = TypeVar("_T")


class Position(Protocol):
    """Tells how much of a file has been read, 0 to 1."""

    def __call__(self) -> float:
        """Tell it."""


@contextmanager
def reading(path: Path, *, gzipped: bool) -> Iterator[tuple[BinaryIO, Position]]:
    """Open a file for reading its lines as bytes: of UTF-8, without a byte order mark."""
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        size = fstat(raw.fileno()).st_size or 1
        lines = stack.enter_context(gzip.open(raw)) if gzipped else raw
        yield utf8(cast(BinaryIO, lines)), lambda: min(1.0, raw.tell() / size)


class BytesWriter:
    """Writes bytes, gzipped or not."""

    def __init__(self, file: BinaryIO, *, gzipped: bool) -> None:
        # Neither name nor time: the same input gives the same bytes.
        self._gzip = gzip.GzipFile("", "wb", 6, file, mtime=0) if gzipped else None
        self._file = self._gzip or file

    def write(self, output: bytes) -> None:
        """Append."""
        self._file.write(output)

    def close(self) -> None:
        """Write the end of what is compressed."""
        if self._gzip:
            self._gzip.close()


def chunked(rows: Iterable[tuple[_T, int]]) -> Iterator[list[_T]]:
    """Cut rows into chunks of whole micro-batches; the last may be shorter.

    Args:
        rows: each with its bytes, which bound a chunk.
    """
    chunk: list[_T] = []
    held = 0
    for row, size in rows:
        chunk.append(row)
        held += size
        if len(chunk) == CHUNK or (held >= CHUNK_BYTES and not len(chunk) % MICRO_BATCH):
            yield chunk
            chunk, held = [], 0
    if chunk:
        yield chunk
