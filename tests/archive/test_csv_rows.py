"""``monitor.archive.csv_rows``: own columns, then answers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from monitor.archive.csv_rows import CsvRows
from monitor.archive.formats import FormatError
from monitor.archive.question import Columns
from monitor.inference import Classifier
from tests.archive.files import QUESTION, labelled, rejects, rows, source
from tests.factories import StubClassifier

PLAIN = CsvRows(gzipped=False)
ADDED = (
    "label,reputation_negative,reputation_neutral,reputation_positive,"
    "sentiment,sentiment_negative,sentiment_neutral,sentiment_positive"
)
ANSWER = "positive,0.1,0.1,0.8,negative,0.8,0.1,0.1"


def _labelled(path: Path, content: str | bytes, question: Columns = QUESTION) -> str:
    raw = content.encode() if isinstance(content, str) else content
    pieces = labelled(PLAIN, source(path / "a.csv", raw).path, StubClassifier(), question)
    return b"".join(piece.output for piece in pieces).decode()


def test_answers_follow_the_own_columns(tmp_path: Path) -> None:
    """Commas, quotes and line breaks inside fields survive."""
    assert (f'n,text,{ADDED}\n1,"a, ""b""\nc",{ANSWER}\n2,d,{ANSWER}\n') == _labelled(
        tmp_path, 'n,text\r\n1,"a, ""b""\nc"\r\n\r\n2,d\r\n'
    )


def test_own_cells_come_out_as_they_went_in(tmp_path: Path) -> None:
    """Also what a spreadsheet would calculate: whoever changed it would change the data."""
    assert f"text,n,{ADDED}\n=1+1,-5,{ANSWER}\n@x,+1,{ANSWER}\n" == _labelled(
        tmp_path, "text,n\n=1+1,-5\n@x,+1\n"
    )


def test_the_task_comes_first(tmp_path: Path) -> None:
    """With --task sentiment its answer is the label, and columns of probabilities keep names."""
    header, row = _labelled(tmp_path, "text\na\n", Columns("sentiment")).splitlines()

    assert header.startswith("text,label,sentiment_negative,")
    assert ",reputation,reputation_negative," in header
    assert row.startswith("a,negative,0.8,")


def test_columns_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    """Labelling what was labelled before does not end in two columns of a name."""
    assert f"text,n,{ADDED}\na,1,{ANSWER}\n" == _labelled(tmp_path, "label,text,n\nold,a,1\n")


def test_the_answers_are_those_of_json_lines(tmp_path: Path, classifier: Classifier) -> None:
    """The same texts get the same probabilities, to the digit; an empty entity is none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["n", "text", "entity"])
    writer.writeheader()
    writer.writerows(rows(100))
    path = source(tmp_path / "a.csv", text.getvalue().encode()).path
    (piece,) = labelled(PLAIN, path, classifier)
    verdicts = classifier.stream((row["text"], row["entity"]) for row in rows(100))

    assert [
        [answer["reputation"].label, str(round(answer["sentiment"].probabilities["positive"], 4))]
        for answer in verdicts
    ] == [
        [row["label"], row["sentiment_positive"]]
        for row in csv.DictReader(io.StringIO(piece.output.decode()))
    ]


def test_bad_rows_are_kept_aside(tmp_path: Path) -> None:
    """Each with the line it begins in, its reason, and its content; the rest is labelled."""
    path = source(
        tmp_path / "a.csv",
        b'\xef\xbb\xbftext,n\n"a\nb",1\nc\nd,1,2\n\xff,1\n"e"f,1\ng,1\n"open,1\nh,1\n',
    ).path
    (piece,) = labelled(PLAIN, path, StubClassifier())

    assert [
        (4, "1 field, the header has 2", "c"),
        (5, "3 fields, the header has 2", "d,1,2"),
        (6, "not UTF-8", "\\xff,1"),
        (7, "',' expected after '\"' (lines 7 to 7)", ""),
        (9, "unexpected end of data (lines 9 to 10)", ""),
    ] == [tuple(row.values()) for row in rejects([piece])]
    assert f'text,n,{ADDED}\n"a\nb",1,{ANSWER}\ng,1,{ANSWER}\n' == piece.output.decode()
    assert 2 == piece.count


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("body,n\na,1\n", "no column 'text' .*'body,n'"),
        ("text;n\na;1\n", "no column 'text' .*'text;n'; commas"),
        ("text\tn\na\t1\n", "no column 'text' .*; commas"),
        ("text,n,n\na,1,2\n", "two columns 'n'"),
        ('"text"x,n\na,1\n', "the header"),
    ],
)
def test_a_header_that_will_not_do(tmp_path: Path, content: str, reason: str) -> None:
    """It is said what is wrong with it, and shown."""
    with pytest.raises(FormatError, match=reason):
        _labelled(tmp_path, content)


def test_few_rows(tmp_path: Path) -> None:
    """A header alone gives a header; nothing gives nothing."""
    assert f"text,{ADDED}\n" == _labelled(tmp_path, "text\n")
    assert "" == _labelled(tmp_path, "")


def test_the_header_is_written_once(tmp_path: Path) -> None:
    """Also if there are several chunks."""
    out = _labelled(tmp_path, "text\n" + "a\n" * 2000)

    assert 1 == out.count("label")
    assert 2001 == out.count("\n")
