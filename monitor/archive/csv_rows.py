"""CSV with a header, as spreadsheets and `sqlite-utils` write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from monitor.archive import columns, jsonlines
from monitor.archive.formats import Chunk, FormatError, LabelledChunk, rejection
from monitor.archive.question import Columns, ask
from monitor.archive.rows import AskedRow, BadRowError, asked
from monitor.archive.text_files import BytesWriter, chunked, reading
from monitor.console import counted, csv_lines
from monitor.inference import Classifier
from monitor.tweets.twitter import WHOLE


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    """Where it begins, from 1."""
    fields: list[str]
    error: str = ""
    """What the parser says; what it read is lost."""


@dataclass(frozen=True, slots=True)
class CsvRows:
    """Commas, a header, UTF-8 with or without a byte order mark."""

    gzipped: bool

    def read(self, path: Path, question: Columns) -> Iterator[Chunk]:
        """Read rows; the header comes with each chunk.

        Raises:
            FormatError: if there is no column of texts, or there are two of a name.
        """
        with reading(path, gzipped=self.gzipped) as (stream, position):
            # What is no UTF-8 costs its own row, not the file.
            text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
            rows = _rows(text)
            header = next(rows, None)
            if header is None:  # nothing in it, nothing out of it
                return
            _check(header, question)
            first = True
            for chunk in chunked((row, sum(map(len, row.fields))) for row in rows):
                yield Chunk((header.fields, chunk), first, position())
                first = False
            if first:
                yield Chunk((header.fields, []), first, 1.0)

    def label(self, chunk: Chunk, classifier: Classifier, question: Columns) -> LabelledChunk:
        """Label rows; a file's first chunk begins with the new header."""
        header: list[str]
        rows: list[_Row]
        header, rows = chunk.rows
        added = columns.added(classifier.model.tasks, question.task)
        kept = [i for i, name in enumerate(header) if name not in added]
        read = [_read(row, header, question) for row in rows]
        verdicts = ask(
            [
                jsonlines.pair(one, question.entity) if isinstance(one, AskedRow) else None
                for one in read
            ],
            classifier,
        )
        lines = [[*(header[i] for i in kept), *added]] if chunk.first else []
        lines += [
            [*(row.fields[i] for i in kept), *_cells(columns.values(verdict, question.task))]
            for row, verdict in zip(rows, verdicts, strict=True)
            if verdict is not None
        ]
        rejected = [
            rejection("line", row.line, reason, _printable(row.fields))
            for row, reason in zip(rows, read, strict=True)
            if isinstance(reason, str)
        ]
        return LabelledChunk(_csv(lines).encode(), len(rows) - len(rejected), tuple(rejected))

    def writer(self, file: BinaryIO) -> BytesWriter:
        """Begin a file."""
        return BytesWriter(file, gzipped=self.gzipped)


def _rows(text: io.TextIOWrapper) -> Iterator[_Row]:
    """Parse rows that are not blank; go on after one that cannot be parsed."""
    reader = csv.reader(text, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(line, [], f"{error} (lines {line} to {reader.line_num})")
            continue
        if fields:
            yield _Row(line, fields)


def _check(header: _Row, question: Columns) -> None:
    if header.error:
        raise FormatError(f"the header: {header.error}")
    for name in header.fields:
        if header.fields.count(name) > 1:
            raise FormatError(f"the header has two columns {name!r}")
    if not {question.text_column, *(WHOLE if question.whole_texts else ())} & {*header.fields}:
        only = header.fields[0] if len(header.fields) == 1 else ""
        other = "; commas separate columns here" if any(mark in only for mark in ";\t|") else ""
        raise FormatError(
            f"no column {question.text_column!r} (--text-column) among"
            f" {_printable(header.fields)!r}{other}"
        )


def _read(row: _Row, header: Sequence[str], question: Columns) -> AskedRow | str:
    """Read what is asked about a row, or say why it cannot be labelled."""
    if row.error:
        return row.error
    if len(row.fields) != len(header):
        return f"{counted(len(row.fields), 'field')}, the header has {len(header)}"
    if any("\udc80" <= character <= "\udcff" for field in row.fields for character in field):
        return "not UTF-8"
    fields = dict(zip(header, row.fields, strict=True))
    fields.pop("entities", None)  # a cell is no list
    try:
        return asked(fields, question.text_column, question.entity_column)
    except BadRowError as error:
        return str(error)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    return csv_lines(rows)


def _printable(fields: list[str]) -> str:
    """Write a row as it stood, with what is no UTF-8 as escapes."""
    row = _csv([fields]).removesuffix("\n") if fields else ""
    return row.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _cells(values: Iterable[object]) -> list[str]:
    return ["" if value is None else str(value) for value in values]
