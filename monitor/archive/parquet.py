"""Parquet files: rows in groups, read and written in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.archive import columns, jsonlines
from monitor.archive.formats import CHUNK, Chunk, FormatError, LabelledChunk, rejection
from monitor.archive.question import Columns, ask
from monitor.archive.rows import READ, TEXT, AskedRow, BadRowError, Row, asked
from monitor.console import strict_json
from monitor.inference import Classifier

ROW_GROUP: Final = 64 * CHUNK
"""Rows of a row group, which the writer holds."""


@dataclass(frozen=True, slots=True)
class Parquet:
    """A table with a column of strings; all other columns keep their types."""

    def read(self, path: Path, question: Columns) -> Iterator[Chunk]:
        """Read record batches, each with the number of its first row.

        Raises:
            FormatError: if it is no Parquet, or has no column of texts.
        """
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                _check(schema, question)
                total = file.metadata.num_rows
                done = 0
                for batch in filter(len, file.iter_batches(batch_size=CHUNK)):
                    yield Chunk((done + 1, batch), done == 0, (done + batch.num_rows) / total)
                    done += batch.num_rows
                if not done:
                    yield Chunk((1, _empty(schema)), first=True, read=1.0)
        except pa.ArrowException as error:
            raise FormatError(str(error)) from error

    def label(self, chunk: Chunk, classifier: Classifier, question: Columns) -> LabelledChunk:
        """Label the rows of a record batch."""
        number, batch = chunk.rows
        read = [*_read(batch, question)]
        reasons = {i: reason for i, reason in enumerate(read) if isinstance(reason, str)}
        verdicts = ask(
            [
                jsonlines.pair(one, question.entity) if isinstance(one, AskedRow) else None
                for one in read
            ],
            classifier,
        )
        rejected = [
            rejection("row", number + i, reasons[i], _content(batch, i)) for i in sorted(reasons)
        ]
        rows = [columns.values(verdict, question.task) for verdict in verdicts if verdict]
        added = columns.added(classifier.model.tasks, question.task)
        kept = batch.drop_columns([name for name in batch.schema.names if name in added])
        if reasons:
            kept = kept.filter(pa.array([i not in reasons for i in range(batch.num_rows)]))
        return LabelledChunk(_append(kept, added, rows), len(rows), tuple(rejected))

    def writer(self, file: BinaryIO) -> ParquetWriter:
        """Begin a file."""
        return ParquetWriter(file)


class ParquetWriter:
    """Writes record batches in row groups of `ROW_GROUP` rows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []

    def write(self, output: pa.RecordBatch) -> None:
        """Append a record batch; the first tells the schema."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, output.schema)
        self._held.append(output)
        if sum(batch.num_rows for batch in self._held) >= ROW_GROUP:
            self._flush(self._writer)

    def close(self) -> None:
        """Write what is held, and the footer."""
        if self._writer is not None:
            self._flush(self._writer)
            self._writer.close()

    def _flush(self, writer: pq.ParquetWriter) -> None:
        if self._held:
            writer.write_table(pa.Table.from_batches(self._held), row_group_size=ROW_GROUP)
            self._held = []


def _check(schema: pa.Schema, question: Columns) -> None:
    if len(set(schema.names)) < len(schema.names):
        raise FormatError("two columns have the same name")
    if not {question.text_column, *question.whole_texts} & {*schema.names}:
        raise FormatError(
            f"no column {question.text_column!r} (--text-column) among {', '.join(schema.names)}"
        )
    for name in (question.text_column, question.entity_column):
        if name in schema.names and not _is_text(schema.field(name).type):
            raise FormatError(f"the column {name!r} holds {schema.field(name).type}, not strings")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _read(batch: pa.RecordBatch, question: Columns) -> Iterator[AskedRow | str]:
    """Read what is asked about each row, or say why it cannot be labelled."""
    names = {question.text_column, question.entity_column}
    if question.text_column == TEXT:
        names |= READ
    kept = [
        field.name
        for field in batch.schema
        if field.name in names and not (field.name == "entities" and _is_text(field.type))
    ]
    for i in range(batch.num_rows):
        row: Row = {}
        try:
            for name in kept:
                # Arrow does not look whether a file's strings are UTF-8.
                row[name] = batch.column(name)[i].as_py()
            yield asked(row, question.text_column, question.entity_column)
        except UnicodeDecodeError:
            yield f"{name!r} is not UTF-8"
        except BadRowError as error:
            yield str(error)


def _append(
    batch: pa.RecordBatch, added: Mapping[str, type], rows: list[Iterator[str | float | None]]
) -> pa.RecordBatch:
    """Append columns of answers: labels as strings, probabilities as 32-bit floats."""
    answers = list(zip(*rows, strict=True)) or [()] * len(added)
    for (name, kind), answer in zip(added.items(), answers, strict=True):
        values = pa.array(answer, pa.string() if kind is str else pa.float32())
        batch = batch.append_column(name, values)
    return batch


def _content(batch: pa.RecordBatch, row: int) -> str:
    """Show a row for people; it may hold what JSON does not have, or no UTF-8."""
    try:
        return strict_json(batch.slice(row, 1).to_pylist()[0], default=str, ensure_ascii=False)
    except UnicodeDecodeError:
        return ""


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema)
