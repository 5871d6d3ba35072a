"""``monitor.archive.rows``: rows are read as messages are, or refused for the same reason."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive import jsonlines
from monitor.archive.csv_rows import CsvRows
from monitor.archive.json_lines import JsonLines
from monitor.archive.parquet import Parquet
from monitor.archive.question import Columns
from monitor.archive.rows import BadRowError, asked
from monitor.tweets import Rejection, decode
from tests.archive.files import labelled, rejects, source
from tests.factories import StubClassifier
from tests.tweets.test_bluesky import event
from tests.tweets.test_mastodon import STATUS
from tests.tweets.test_tweet import FIELDS, values

TRUNCATED = {
    "id_str": "1",
    "text": "cut\u2026",
    "truncated": True,
    "extended_tweet": {"full_text": "Acme &amp; I, whole"},
}
MESSAGES = [
    {"text": " a &amp; b "},
    TRUNCATED,
    {"text": "RT @a: cut\u2026", "retweeted_status": {"text": "c", "full_text": "whole"}},
    {"data": {"id": "1", "text": "a &lt; b", "author_id": "7"}, "entity": "Acme"},
    {"text": "a", "entities": ["Acme"]},
    {"text": "a", "user": "someone"},
    event(),
    STATUS,
    {"text": ""},
    {"text": "\u2003"},
    {"text": None},
    {"full_text": 7},
    {"data": [{"text": "a"}]},
    {"text": "a", "entity": 7},
]


def _line(message: object) -> tuple[str, str | None] | str:
    try:
        one = jsonlines.parse(json.dumps(message).encode())
    except BadRowError as error:
        return str(error)
    return one.text, one.entity


def _message(message: object) -> tuple[str, str | None] | str:
    payload = json.dumps(message).encode()
    tweet = decode(payload, max_bytes=len(payload), identify=lambda _: "digest")
    if isinstance(tweet, Rejection):
        return tweet.detail
    return tweet.text, next(iter(tweet.entities), None)


@pytest.mark.parametrize("message", MESSAGES)
def test_lines_are_read_as_messages(message: dict[str, Any]) -> None:
    """The same text about the same entity, or the same reason."""
    assert _message(message) == _line(message)


@given(st.dictionaries(st.sampled_from([*FIELDS, "text", "data"]), values, max_size=6))
def test_any_line_is_read_as_a_message(message: dict[str, Any]) -> None:
    """Whatever it holds; but for ids, which labels do not need, and several entities at once."""
    message = {name: value for name, value in message.items() if name not in ("id", "id_str")}
    read, line = _message(message), _line(message)

    if isinstance(line, str) and "several entities" in line:
        return
    if isinstance(read, str) and read.startswith('"id" '):  # deeper inside
        return
    assert read == line


@pytest.mark.parametrize("entity", ["Acme", "", None])
def test_an_entity_goes_before_several(entity: str | None) -> None:
    """A row has one label."""
    row = {"text": "a", "entity": entity, "entities": ["Zento", "Norwick"]}
    if entity:
        assert entity == asked(row).entity
    else:
        with pytest.raises(BadRowError, match="several"):
            asked(row)


def test_a_named_column_is_taken_as_it_is() -> None:
    """Whoever names a column means that one, and nothing else in the row."""
    row = {"full_text": "whole", "note": "a &amp; b", "brand": "Acme", "entities": "Zento, Acme"}
    one = asked(row, "note", "brand")

    assert ("a &amp; b", "Acme") == (one.text, one.entity)
    for text, entity in (("nothing", "brand"), ("note", "entity")):
        with pytest.raises(BadRowError):
            asked(row, text, entity)
    with pytest.raises(BadRowError, match="empty"):
        asked(row | {"note": " "}, "note", "brand")


def test_blank_arguments() -> None:
    """Are refused with their number."""
    with pytest.raises(BadRowError, match="argument 2: The text is empty"):
        list(jsonlines.arguments(["a", " "]))


def _csv(path: Path, content: str, encoding: str = "utf-8") -> tuple[list[str], list[str]]:
    classifier = StubClassifier()
    pieces = labelled(
        CsvRows(gzipped=False), source(path / "a.csv", content.encode(encoding)).path, classifier
    )
    reasons = [row["reason"] for row in rejects(pieces)]
    return [text for batch in classifier.asked for text, _ in batch], reasons


def test_csv(tmp_path: Path) -> None:
    """The whole text wins, blank ones are refused, `&amp;` is undone where an API wrote it."""
    assert (["a &amp; b", "c"], ["The text is empty.", "The text is empty."]) == _csv(
        tmp_path, "text,user,entities\na &amp; b,nora,{}\n,nora,\n  ,bob,\nc,bob,[]\n"
    )
    assert (["a & whole", "cut"], []) == _csv(
        tmp_path, "id_str,text,full_text\n1,cut,a &amp; whole\n2,cut,\n"
    )
    assert (["whole"], ["The text is empty."]) == _csv(tmp_path, "full_text,n\nwhole,1\n,2\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_files(tmp_path: Path, encoding: str) -> None:
    """What spreadsheets and shells write is told by its byte order mark, gzipped or not."""
    assert (["caf\u00e9"], []) == _csv(tmp_path, "text,n\r\ncaf\u00e9,1\r\n", encoding)
    content = '{"text": "caf\u00e9"}\r\n{"text": "b"}\r\n'.encode(encoding)
    for name in ("a.jsonl", "a.jsonl.gz"):
        classifier = StubClassifier()
        path = source(tmp_path / name, content).path
        labelled(JsonLines(gzipped=name.endswith("gz")), path, classifier)
        assert [[("caf\u00e9", None), ("b", None)]] == classifier.asked
    read = jsonlines.read(io.BytesIO(content), "standard input")
    assert ["caf\u00e9", "b"] == [one.text for one in read]


def _parquet(path: Path, table: pa.Table) -> tuple[list[tuple[str, str | None]], list[str]]:
    pq.write_table(table, path / "a.parquet")
    classifier = StubClassifier()
    pieces = labelled(Parquet(), path / "a.parquet", classifier, Columns("reputation"))
    reasons = [row["reason"] for row in rejects(pieces)]
    return [pair for batch in classifier.asked for pair in batch], reasons


def test_parquet(tmp_path: Path) -> None:
    """Nested columns are read as nested objects."""
    nothing: dict[str, object] = dict.fromkeys([*TRUNCATED, "entities"])
    rows: list[dict[str, object]] = [
        TRUNCATED,
        {"text": " "},
        {"text": "a", "entities": ["Acme"]},
        {"text": None},
    ]
    table = pa.Table.from_pylist([{**nothing, **row} for row in rows])

    assert (
        [("Acme & I, whole", None), ("a", "Acme")],
        ["The text is empty.", "The message has no text."],
    ) == _parquet(tmp_path, table)
    table = pa.Table.from_pylist([{"data": {"text": "v2"}}, {"data": {"text": ""}}])
    assert ([("v2", None)], ["The text is empty."]) == _parquet(tmp_path, table)
    table = pa.table({"text": ["a"], "entities": ["some words"]})
    assert ([("a", None)], []) == _parquet(tmp_path, table)
