"""``monitor.archive.jsonlines``: lines in, lines out, in order and in bounded memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.archive.jsonlines import arguments, labelled, parse, read
from monitor.archive.rows import AskedRow, BadRowError, Row, asked
from monitor.inference import Classifier
from monitor.verdict import Answer, Pair, Verdict
from tests.factories import StubClassifier, verdict

NAME = "input.jsonl"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ADDED = ("label", "probabilities", "reputation", "sentiment")


def _read(*lines: bytes | str) -> list[Row]:
    raw = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    return [one.row for one in read(io.BytesIO(raw), NAME)]


def _labelled(
    rows: Sequence[Row], task: str = "reputation", entity: str | None = None
) -> list[Row]:
    lines = labelled(map(asked, rows), StubClassifier(), task, entity)
    return [json.loads(line) for line in lines]


@settings(max_examples=40)
@given(rows=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=10))
def test_rows_are_read_as_written(rows: list[Row]) -> None:
    """Objects with a text come out as they went in, in order, whatever else they hold."""
    rows = [{**row, "text": str(number), "entity": None} for number, row in enumerate(rows)]

    assert rows == _read(*(json.dumps(row) for row in rows))
    assert rows == _read(*(json.dumps(row, ensure_ascii=False) for row in rows))


def test_blank_lines_are_skipped() -> None:
    """Blank lines, line ends of other systems and a missing last one do not matter."""
    assert ["a", "b"] == [row["text"] for row in _read("", '{"text": "a"}\r', "  ", '{"text":"b"}')]
    assert [] == _read()


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("not JSON", "hello"),
        ("Not JSON", '{"text": "a"'),
        ("Not UTF-8", b'{"text": "\xff"}'),
        ("too deeply", "[" * 100_000),
        ("not JSON", "[]"),
        ("no text", "{}"),
        ("not JSON", '"text"'),
        ("no text", '{"text": null}'),
        ("not a string", '{"text": 1}'),
        ("empty", '{"text": ""}'),
        ("empty", '{"text": " \\n"}'),
        ("entity", '{"text": "a", "entity": 1}'),
        ("entity", '{"text": "a", "entity": ["Acme"]}'),
        ("several entities", '{"text": "a", "entities": ["Acme", "Zento"]}'),
        ("page", '{"data": [{"text": "a"}], "meta": {}}'),
        ("Jetstream", '{"did": "did:plc:a", "kind": "identity"}'),
    ],
)
def test_a_bad_line_is_named(part: str, line: bytes | str) -> None:
    """The line is named by its number in the file, blank ones counted, and why it is bad."""
    with pytest.raises(BadRowError) as caught:
        _read('{"text": "a"}', "", line, '{"text": "b"}')

    assert str(caught.value).startswith(f"{NAME}, line 3: ")
    assert part in str(caught.value)


def test_what_comes_before_a_bad_line_is_labelled() -> None:
    """The error comes after everything before it has been given out."""
    lines = [b'{"text": "a", "n": %d}' % number for number in range(100)]
    stream = io.BytesIO(b"\n".join([*lines, b"oops", b"{}"]))
    given_out: list[str] = []

    with pytest.raises(BadRowError, match="line 101"):
        given_out += labelled(read(stream, NAME), StubClassifier(), "reputation", None)
    assert list(range(100)) == [json.loads(line)["n"] for line in given_out]


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.dictionaries(st.text().filter(lambda key: key not in ADDED), JSON, max_size=4),
        max_size=10,
    )
)
def test_fields_are_kept(rows: list[Row]) -> None:
    """Every row keeps its fields, in their order and first, and gains its answers."""
    rows = [{**row, "text": str(number), "entity": None} for number, row in enumerate(rows)]
    copies = [dict(row) for row in rows]
    out = _labelled(rows)

    assert [list(copy.items()) for copy in copies] == [
        [(key, value) for key, value in row.items() if key not in ADDED] for row in out
    ]
    assert [[*copy, "label", "probabilities", "sentiment"] for copy in copies] == [
        list(row) for row in out
    ]


@pytest.mark.parametrize(
    ("task", "label", "other", "others_label"),
    [
        ("reputation", "positive", "sentiment", "negative"),
        ("sentiment", "negative", "reputation", "positive"),
    ],
)
def test_the_task_says_which_is_the_label(
    task: str, label: str, other: str, others_label: str
) -> None:
    """One task's answer is the label, the other's stands beside it under its name."""
    (row,) = _labelled([{"text": "a"}], task)

    assert label == row["label"]
    assert 0.8 == row["probabilities"][label]
    assert others_label == row[other]["label"]
    assert {"label", "probabilities"} == row[other].keys()
    assert task not in row


def test_probabilities_have_four_digits() -> None:
    """More digits would only be noise."""

    class Exact(StubClassifier):
        def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
            answer = Answer("positive", {"negative": 1 / 3, "positive": 2 / 3})
            future: Future[list[Verdict]] = Future()
            future.set_result([{"reputation": answer, "sentiment": answer} for _ in pairs])
            return future

    (line,) = labelled([asked({"text": "a"})], Exact(), "reputation", None)

    assert {"negative": 0.3333, "positive": 0.6667} == json.loads(line)["probabilities"]


@pytest.mark.parametrize(
    ("expected", "row"),
    [
        ("Lumen", {"text": "a", "entity": "Lumen"}),
        ("Acme", {"text": "a", "entity": None}),
        ("Acme", {"text": "a", "entity": ""}),
        ("Acme", {"text": "a"}),
    ],
)
def test_a_rows_own_entity_wins(expected: str, row: Row) -> None:
    """The entity of the command line is asked about where a row names none."""
    classifier = StubClassifier()
    list(labelled([asked(row)], classifier, "reputation", "Acme"))

    assert [[("a", expected)]] == classifier.asked


def test_half_an_emoji_is_survived(classifier: Classifier) -> None:
    """A lone surrogate, as a text that was cut in the middle of an emoji holds, stops nothing."""
    row = parse(b'{"text": "love it \\ud83d", "entity": "\\ud83d", "note": "\\ud83d"}')
    (line,) = labelled([row], classifier, "reputation", None)

    assert json.loads(line.encode())["label"] in classifier.model.tasks["reputation"]


def test_order_is_kept(classifier: Classifier) -> None:
    """Over several batches and workers, each row has its own answer."""
    texts = ["word " * (number % 30) + str(number) for number in range(200)]
    out = [json.loads(line) for line in labelled(arguments(texts), classifier, "reputation", None)]

    assert texts == [row["text"] for row in out]
    for row, answer in zip(
        out[:40], classifier.classify([(t, None) for t in texts[:40]]), strict=True
    ):
        assert row["probabilities"] == pytest.approx(answer["reputation"].probabilities, abs=2e-4)


def test_input_is_read_as_output_is_taken() -> None:
    """However long the input, only a few batches of it are held at a time."""
    taken = 0
    furthest = 0

    def rows() -> Iterator[AskedRow]:
        nonlocal taken
        while taken < 10_000:
            taken += 1
            yield asked({"text": "a"})

    lines = labelled(rows(), StubClassifier(), "reputation", None)
    assert 0 == taken
    for written, _ in enumerate(lines, 1):
        furthest = max(furthest, taken - written)

    assert 10_000 == taken
    assert furthest < 64 * (StubClassifier().workers + 1)


def test_emoji_stay_readable() -> None:
    """Output is UTF-8, not escapes."""
    (line,) = labelled([asked({"text": "\U0001f621 ñ"})], StubClassifier(), "reputation", None)

    assert "\U0001f621 ñ" in line
    assert verdict()["reputation"].label in line
