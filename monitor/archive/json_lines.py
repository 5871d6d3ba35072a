"""JSON lines, as `monitor classify` prints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from monitor.archive import jsonlines
from monitor.archive.formats import Chunk, FormatError, LabelledChunk, rejection
from monitor.archive.question import Columns, ask
from monitor.archive.rows import AskedRow, BadRowError
from monitor.archive.text_files import BytesWriter, chunked, reading
from monitor.inference import Classifier

LONGEST: Final = 2**20
"""Bytes of a line; what is longer is no tweet, and is not held in memory."""
_KEPT: Final = 1000
"""Bytes of such a line that are kept with the reason."""


@dataclass(frozen=True, slots=True)
class JsonLines:
    """An object a line, each with a text. Blank lines do not count."""

    gzipped: bool

    def read(self, path: Path, question: Columns) -> Iterator[Chunk]:  # noqa: ARG002
        """Read numbered lines, unparsed: that is for the workers.

        Raises:
            FormatError: if it is a JSON array.
        """
        with reading(path, gzipped=self.gzipped) as (stream, position):
            rows = (((number, line), len(line)) for number, line in _lines(stream))
            for index, chunk in enumerate(chunked(rows)):
                if index == 0 and chunk[0][1].lstrip().startswith(b"["):
                    raise FormatError(
                        "a JSON array, not JSON lines; `jq -c '.[]'` makes lines of it"
                    )
                yield Chunk(chunk, index == 0, position())

    def label(self, chunk: Chunk, classifier: Classifier, question: Columns) -> LabelledChunk:
        """Parse and label lines."""
        rows: list[AskedRow | None] = []
        rejected = []
        for number, line in chunk.rows:
            try:
                rows.append(_parse(line, question))
            except BadRowError as error:
                rows.append(None)
                content = line.rstrip(b"\r\n") if len(line) < LONGEST else line[:_KEPT]
                text = content.decode(errors="backslashreplace")
                rejected.append(rejection("line", number, str(error), text))
        verdicts = ask(
            [None if row is None else jsonlines.pair(row, question.entity) for row in rows],
            classifier,
        )
        lines = [
            f"{jsonlines.answered(row.row, verdict, question.task)}\n"
            for row, verdict in zip(rows, verdicts, strict=True)
            if row is not None and verdict is not None
        ]
        return LabelledChunk("".join(lines).encode(), len(lines), tuple(rejected))

    def writer(self, file: BinaryIO) -> BytesWriter:
        """Begin a file."""
        return BytesWriter(file, gzipped=self.gzipped)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Number lines from 1; cut what is too long, and leave out what is blank."""
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        if not line.isspace():
            yield number, line


def _parse(line: bytes, question: Columns) -> AskedRow:
    if len(line) == LONGEST:
        raise BadRowError(f"longer than {LONGEST:,} bytes")
    return jsonlines.parse(line, question.text_column, question.entity_column)
