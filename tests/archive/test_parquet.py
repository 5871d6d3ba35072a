"""``monitor.archive.parquet``: own columns with their types, then answers."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.archive.formats import FormatError, LabelledChunk
from monitor.archive.parquet import ROW_GROUP, Parquet
from monitor.archive.question import Columns
from monitor.inference import Classifier
from tests.archive.files import QUESTION, labelled, rejects, rows
from tests.factories import StubClassifier


def _written(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path / "a.parquet", row_group_size=1500)
    return path / "a.parquet"


def _table(pieces: list[LabelledChunk]) -> pa.Table:
    file = io.BytesIO()
    writer = Parquet().writer(file)
    for piece in pieces:
        writer.write(piece.output)
    writer.close()
    return pq.read_table(io.BytesIO(file.getvalue()))


def test_answers_follow_the_own_columns(tmp_path: Path, classifier: Classifier) -> None:
    """Own columns keep types and values; the answers are those of the classifier."""
    given = pa.Table.from_pylist(rows(200)).append_column(
        "at", pa.array([[dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]] * 200)
    )
    table = _table(labelled(Parquet(), _written(tmp_path, given), classifier))
    verdicts = list(classifier.stream((row["text"], row["entity"]) for row in rows(200)))

    assert given == table.select(given.column_names)
    assert [answer["reputation"].label for answer in verdicts] == table["label"].to_pylist()
    assert pa.float32() == table.schema.field("sentiment_positive").type
    assert [
        round(answer["sentiment"].probabilities["positive"], 4) for answer in verdicts
    ] == pytest.approx(table["sentiment_positive"].to_pylist())


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_strings_of_any_kind(tmp_path: Path, kind: pa.DataType) -> None:
    """Texts may be laid out in any way that Arrow has for strings."""
    texts = [f"text {number}" for number in range(2500)]
    table = pa.table({"text": pa.array(texts).cast(kind)})
    classifier = StubClassifier()
    out = _table(labelled(Parquet(), _written(tmp_path, table), classifier))

    assert texts == [text for batch in classifier.asked for text, _ in batch]
    assert texts == out["text"].to_pylist()


def test_bad_rows_are_kept_aside(tmp_path: Path) -> None:
    """Rows without a text, or with one that is no UTF-8, by their number from 1."""
    broken = pa.array([b"a", None, b"\xff", b"b"]).view(pa.string())
    table = pa.table({"text": broken, "n": [1, 2, 3, 4], "day": [dt.date(2026, 1, 1)] * 4})
    pieces = labelled(Parquet(), _written(tmp_path, table), StubClassifier())

    assert [(2, "The message has no text."), (3, "'text' is not UTF-8")] == [
        (row["row"], row["reason"]) for row in rejects(pieces)
    ]
    assert {"text": None, "n": 2, "day": "2026-01-01"} == json.loads(rejects(pieces)[0]["content"])
    assert [1, 4] == _table(pieces)["n"].to_pylist()


def test_columns_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    """Labelling what was labelled before changes nothing."""
    once = _table(labelled(Parquet(), _written(tmp_path, pa.table({"text": ["a"]})), _stub()))
    twice = _table(labelled(Parquet(), _written(tmp_path, once), _stub()))

    assert once == twice


def _stub() -> StubClassifier:
    return StubClassifier()


def test_no_rows(tmp_path: Path) -> None:
    """A table without rows gets its columns."""
    empty = pa.table({"text": pa.array([], pa.string()), "n": pa.array([], pa.int8())})
    table = _table(labelled(Parquet(), _written(tmp_path, empty), _stub()))

    assert 0 == table.num_rows
    assert ["text", "n", "label"] == table.column_names[:3]
    assert pa.float32() == table.schema.field("reputation_neutral").type


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pa.table({"body": ["a"]}), "no column 'text'.*body"),
        (pa.table({"text": [1]}), "'text' holds int64, not strings"),
        (pa.table({"text": ["a"], "entity": [1]}), "'entity' holds int64"),
    ],
)
def test_a_table_that_will_not_do(tmp_path: Path, table: pa.Table, reason: str) -> None:
    """It is said what is wrong with it."""
    with pytest.raises(FormatError, match=reason):
        list(Parquet().read(_written(tmp_path, table), QUESTION))


def test_damage_is_said(tmp_path: Path) -> None:
    """A file that is none, and one of which the end is missing."""
    path = _written(tmp_path, pa.table({"text": ["a"]}))
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(FormatError, match="not a parquet file"):
        list(Parquet().read(path, QUESTION))


def test_row_groups_are_large() -> None:
    """Chunks are gathered: readers want row groups of tens of thousands."""
    file = io.BytesIO()
    writer = Parquet().writer(file)
    for _ in range(70):
        writer.write(pa.record_batch({"text": ["a"] * 1024}))
    writer.close()
    metadata = pq.ParquetFile(io.BytesIO(file.getvalue())).metadata

    assert [ROW_GROUP, 70 * 1024 - ROW_GROUP] == [
        metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)
    ]


def test_another_entity_column(tmp_path: Path) -> None:
    """The entity may stand in a column of another name."""
    classifier = StubClassifier()
    path = _written(tmp_path, pa.table({"text": ["a", "b"], "brand": ["Acme", None]}))
    labelled(Parquet(), path, classifier, Columns("reputation", "Lumen", "text", "brand"))

    assert [[("a", "Acme"), ("b", "Lumen")]] == classifier.asked
