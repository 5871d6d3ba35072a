"""``monitor.archive.json_lines``: what `monitor classify` prints, and what it would not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from monitor.archive import jsonlines
from monitor.archive.formats import CHUNK, FormatError
from monitor.archive.json_lines import LONGEST, JsonLines
from monitor.archive.question import MICRO_BATCH, Columns
from monitor.inference import Classifier
from tests.archive.files import QUESTION, labelled, lines, rejects, source
from tests.factories import StubClassifier

PLAIN = JsonLines(gzipped=False)


@pytest.mark.parametrize("count", [1, MICRO_BATCH - 1, MICRO_BATCH, 150])
def test_it_is_what_classify_prints(tmp_path: Path, classifier: Classifier, count: int) -> None:
    """The bytes are those of lines on standard input, blank lines and all."""
    content = b"\n  \n".join(lines(count).splitlines())
    path = source(tmp_path / "a.jsonl", content).path
    printed = jsonlines.labelled(
        jsonlines.read(io.BytesIO(content), "a"), classifier, "reputation", "Acme"
    )
    pieces = labelled(PLAIN, path, classifier, Columns("reputation", "Acme"))

    assert "".join(f"{line}\n" for line in printed) == b"".join(p.output for p in pieces).decode()
    assert count == sum(piece.count for piece in pieces)


def test_chunks_are_whole_micro_batches(tmp_path: Path) -> None:
    """All but the last have the same number of rows, blank lines not counted."""
    content = b"\n" + lines(2 * CHUNK + 3)
    chunks = list(PLAIN.read(source(tmp_path / "a.jsonl", content).path, QUESTION))

    assert [CHUNK, CHUNK, 3] == [len(chunk.rows) for chunk in chunks]
    assert [True, False, False] == [chunk.first for chunk in chunks]
    assert 1.0 == chunks[-1].read
    assert 0 < chunks[0].read < 1


def test_long_rows_make_short_chunks(tmp_path: Path) -> None:
    """What is held is bounded in bytes, too, and chunks still end with a micro-batch."""
    row = json.dumps({"text": "a", "more": "x" * 20_000}).encode()
    path = source(tmp_path / "a.jsonl", b"\n".join([row] * 200)).path

    assert [MICRO_BATCH, MICRO_BATCH, MICRO_BATCH, 8] == [
        len(chunk.rows) for chunk in PLAIN.read(path, QUESTION)
    ]


def test_bad_lines_are_kept_aside(tmp_path: Path) -> None:
    """Each with its number, blank ones counted, its reason and content; the rest is labelled."""
    path = source(
        tmp_path / "a.jsonl",
        b'{"text": "a"}\n\nno\n{"text": 1}\n{"text": "b", "entity": 2}\n\xff\r\n{"text": "c"}',
    ).path
    pieces = labelled(PLAIN, path, StubClassifier())

    assert [
        (3, 'not JSON of the form {"text"', "no"),
        (4, "The text is not a string.", '{"text": 1}'),
        (5, '"entity" is not a string.', '{"text": "b", "entity": 2}'),
        (6, "Not UTF-8", "\\xff"),
    ] == [(row["line"], row["reason"].partition(":")[0], row["content"]) for row in rejects(pieces)]
    assert ["a", "c"] == [json.loads(line)["text"] for line in pieces[0].output.splitlines()]


def test_a_bad_line_keeps_its_place(tmp_path: Path) -> None:
    """Rows after it are labelled in the same company as if it were good."""
    good = lines(2 * MICRO_BATCH).splitlines(keepends=True)
    path = source(tmp_path / "a.jsonl", b"".join([good[0], b"oops\n", *good[2:]])).path
    classifier = StubClassifier()
    labelled(PLAIN, path, classifier)

    assert [MICRO_BATCH - 1, MICRO_BATCH] == [len(batch) for batch in classifier.asked]


def test_an_endless_line_is_not_held(tmp_path: Path) -> None:
    """Beyond a MiB it is rejected, cut, and counted as one line."""
    path = source(tmp_path / "a.jsonl", b"x" * (3 * LONGEST) + b'\n{"text": "a"}\n').path
    (chunk,) = PLAIN.read(path, QUESTION)
    piece = PLAIN.label(chunk, StubClassifier(), QUESTION)
    (row,) = rejects([piece])

    assert LONGEST == len(chunk.rows[0][1])
    assert (1, "longer than 1,048,576 bytes", "x" * 1000) == tuple(row.values())
    assert 1 == piece.count


def test_other_fields_can_be_named(tmp_path: Path) -> None:
    """Text and entity may have other names."""
    path = source(tmp_path / "a.jsonl", b'{"full_text": "a", "brand": "Acme"}\n{"text": "b"}').path
    classifier = StubClassifier()
    question = Columns("reputation", None, "full_text", "brand")
    pieces = labelled(PLAIN, path, classifier, question)

    assert [[("a", "Acme")]] == classifier.asked
    assert ["not an object with a `full_text`"] == [row["reason"] for row in rejects(pieces)]


def test_an_array_is_refused(tmp_path: Path) -> None:
    """A file that is one JSON array is told apart, with the way out."""
    path = source(tmp_path / "a.json", b'\n [{"text": "a"},\n{"text": "b"}]').path

    with pytest.raises(FormatError, match="jq"):
        list(PLAIN.read(path, QUESTION))


def test_nothing_in_it_nothing_out_of_it(tmp_path: Path) -> None:
    """An empty file has no chunks."""
    assert [] == list(PLAIN.read(source(tmp_path / "a.jsonl", b"").path, QUESTION))
