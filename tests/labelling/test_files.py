"""Answers as files: what goes out comes back, all of it or nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import stat
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.cli import main
from monitor.labelling import files
from monitor.labelling.sample import tweets_of
from monitor.store import Store
from monitor.store.owner_labels import ANSWERS, DRAWN, OwnerLabel, opened_beside, put, read
from tests.factories import batch_row, register, tweet_row

AT = "2025-06-15T16:00:00.000Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of ten tweets about Acme; of the last it is Lumen as well, with a long id."""
    with closing(Store(tmp_path / "monitor.db")) as store:
        register(store)
        rows = [tweet_row(f"{i}", "Acme") for i in range(9)]
        rows.append(tweet_row("1234567890123456789", "Acme", "Lumen"))
        store.write(batch_row(10), rows, [])
    return tmp_path / "monitor.db"


def _run(log: Path, *arguments: str, text: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["label", "--database", str(log), *arguments], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def _labels(log: Path) -> list[OwnerLabel]:
    with opened_beside(log) as connection:
        return read(connection)


def _answer(log: Path, *ids: str, label: str = "negative") -> None:
    with opened_beside(log) as connection:
        tweets = tweets_of(connection, "Acme", [*ids])
        put(connection, [tweet.labelled(label, "random", AT) for tweet in tweets])


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.csv"])
def test_what_goes_out_comes_back(log: Path, name: str) -> None:
    """Deleted and imported again it is the same; a second time it is known."""
    _answer(log, "1", "2", "1234567890123456789")
    before = _labels(log)
    path = log.with_name(name)
    exported = _run(log, "--export", str(path))
    mode = stat.S_IMODE(path.stat().st_mode)
    _run(log, "--delete", "--yes")
    taken = _run(log, "--import", str(path))
    again = _run(log, "--import", str(path))

    assert (0, f"{path}: 3 answers\n") == exported
    assert 0o600 == mode
    assert (0, f"{path}: 3 answers taken, 0 known before, 0 rows without one\n") == taken
    assert (0, f"{path}: 0 answers taken, 3 known before, 0 rows without one\n") == again
    assert before == _labels(log)


def test_to_another_board(log: Path, tmp_path: Path) -> None:
    """Of tweets that it does not have, what the model said comes along; nobody drew them there."""
    _answer(log, "1")
    path = tmp_path / "answers.jsonl"
    _run(log, "--export", str(path))
    with closing(Store(tmp_path / "other.db")) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("other", "Acme")], [])
    taken = _run(tmp_path / "other.db", "--import", str(path))
    (expected,) = _labels(log)

    assert 0 == taken[0]
    assert [dataclasses.replace(expected, drawn="found")] == _labels(tmp_path / "other.db")


def test_a_sheet(log: Path, tmp_path: Path) -> None:
    """Tweets with a column to fill in, as a spreadsheet does, with semicolons if it likes."""
    path = tmp_path / "sheet.csv"
    code, said = _run(log, "--sheet", str(path), "--entity", "Acme", "--count", "4")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (0, 4) == (code, len(rows))
    assert "leave none out" in said
    assert {""} == {row["label"] for row in rows} | {row["reputation_negative"] for row in rows}
    for row, label in zip(rows, ["Negative", "Cannot tell", "not_about_it", ""], strict=True):
        row["label"] = label
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    code, said = _run(log, "--import", str(path))

    assert (0, True) == (code, "3 answers taken, 0 known before, 1 rows without one" in said)
    assert {"negative", "cannot-tell", "not-about-it"} == {one.label for one in _labels(log)}
    assert {"random"} == {one.drawn for one in _labels(log)}


def test_texts_from_elsewhere(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is asked about them; they are kept as texts may be, and count for no share."""
    monkeypatch.setenv("MONITOR_PRIVACY_STORE_TEXT", "redacted")
    row = {"text": "@bob Acme is the worst company ever", "entity": "Acme", "label": "negative"}
    code, said = _run(log, "--import", "-", text=json.dumps(row | {"drawn": "random"}) + "\n")
    again, _ = _run(log, "--import", "-", text=json.dumps(row | {"text": "@ann" + row["text"][4:]}))
    (label,) = _labels(log)

    assert (0, 0) == (code, again), said
    assert ("@user Acme is the worst company ever", "found") == (label.text, label.drawn)
    assert label.probabilities[0] > 0.5
    assert 1.0 == pytest.approx(sum(label.probabilities[:3]), abs=1e-4)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('{"id": "1", "label": "bad"}', "line 1: unknown label 'bad'; it is one of negative,"),
        ('{"id": "99", "label": "neutral"}', "line 1: there is no tweet 99 in the log"),
        ('{"id": "1", "entity": "Lumen", "label": "neutral"}', "no tweet 1 about Lumen in the log"),
        (
            '\n{"id": "1234567890123456789", "label": "neutral"}',
            "line 2: tweet 1234567890123456789 is about Acme, Lumen; say in `entity`",
        ),
        (
            '{"id": "1", "label": "neutral"}\n{"id": "1", "label": "positive"}',
            "line 2: tweet 1 about Acme is positive here and neutral in line 1",
        ),
        ('{"id": "2", "label": "neutral"}', "neutral here and negative in the log, since 2025-06"),
        ('{"label": "neutral"}', "line 1: neither an `id` nor a `text`"),
        ('{"text": "a", "label": "neutral"}', "and no `entity` that it is about"),
        ('{"id": "1.23457E+18", "label": "neutral"}', "was rounded by a spreadsheet"),
        ('{"id": "1", "label": "neutral", "labelled_at": "noon"}', "which is no time in ISO 8601"),
        ('{"id": "1", "label": "neutral", "drawn": "well"}', "`drawn` is 'well'"),
        ('{"id": ["1"], "label": "neutral"}', "`id` is no text"),
        ("[1]", "line 1: not a JSON object"),
        ("{", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ('"' + "x" * 2**20, "line 1: longer than 1,048,576 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(log: Path, rows: str, said: str) -> None:
    """And nothing of the file is taken, what was right before and after it included."""
    _answer(log, "2")
    before = _labels(log)
    path = log.with_name("answers.jsonl")
    path.write_text(f'{rows}\n{{"id": "3", "label": "positive"}}\n')
    code, output = _run(log, "--import", str(path))

    assert 1 == code
    assert f"{path}: nothing was taken:\n" in output
    assert said in output
    assert before == _labels(log)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,text\n1,a\n", "line 1: no columns `label`"),
        (b"id,label\n1,neutral\n2\n", "line 3: 1 cells, and the header has 2"),
        (b'id,label\n1,"neutral\n', "line 2: not CSV"),
        (b"id,label\n1,n\xe9gatif\n", "line 2: not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_table(log: Path, content: bytes, said: str) -> None:
    """Likewise."""
    path = log.with_name("answers.csv")
    path.write_bytes(content)
    code, output = _run(log, "--import", str(path))

    assert (1, True) == (code, said in output), output
    assert [] == _labels(log)


def test_many_problems_are_counted(log: Path) -> None:
    """Ten are told."""
    rows = "".join('{"id": "1", "label": "bad"}\n' for _ in range(30))
    code, output = _run(log, "--import", "-", text=rows)

    assert (1, 12) == (code, output.count("\n"))
    assert "and 20 more" in output


def test_no_texts_are_kept(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then by id alone."""
    monkeypatch.setenv("MONITOR_PRIVACY_STORE_TEXT", "none")
    row = '{"text": "a", "entity": "Acme", "label": "neutral"}'
    refused = _run(log, "--import", "-", text=row)
    taken = _run(log, "--import", "-", text='{"id": "1", "label": "neutral"}')

    assert (1, 0) == (refused[0], taken[0])
    assert 'store_text = "none"); give the id' in refused[1]


def test_replacing(log: Path) -> None:
    """Who means it says so."""
    _answer(log, "1")
    code, _ = _run(log, "--import", "-", "--replace", text='{"id": "1", "label": "neutral"}')

    assert (0, [("neutral", "random")]) == (code, [(x.label, x.drawn) for x in _labels(log)])


def test_a_file_that_belongs_to_the_log(log: Path) -> None:
    """Nothing of it is written over; one that cannot be written or read is told in one line."""
    content = log.read_bytes()
    for option, path in (
        ("--export", log),
        ("--sheet", log),
        ("--export", log.with_name("no") / "x"),
        ("--import", log.with_name("none.csv")),
    ):
        code, output = _run(log, option, str(path))
        assert (True, 1) == (code in (1, 2), output.count("\n")), output

    assert content == log.read_bytes()


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
_label = st.builds(
    OwnerLabel,
    tweet_id=st.one_of(_texts, st.integers(0, 10**19).map(str)).map(str.strip).filter(bool),
    entity=_texts.map(str.strip),
    label=st.sampled_from(ANSWERS),
    drawn=st.sampled_from(DRAWN),
    labelled_at=st.just(AT),
    received_at=st.just(AT),
    probabilities=st.tuples(*[st.floats(0, 1)] * 6),
    model_sha256=st.just("0" * 64),
    text=st.none() | _texts,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=_label, name=st.sampled_from(["a.csv", "a.jsonl"]))
def test_every_answer_can_be_written_and_read(tmp_path: Path, label: OwnerLabel, name: str) -> None:
    """Whatever its texts are made of; what is empty is left out."""
    path = tmp_path / name
    files.write(path, [files.of_label(label)])
    (row,) = files.read(path)
    expected = {k: v for k, v in files.of_label(label).items() if v not in (None, "")}
    found = {k: v for k, v in row.fields.items() if v != ""}

    assert {k: str(v) for k, v in expected.items()} == {k: str(v) for k, v in found.items()}


def test_spreadsheets_calculate_nothing(tmp_path: Path, log: Path) -> None:
    """A text that is a formula has an apostrophe before it, which an import takes away."""
    with closing(Store(log)) as store:
        row = dataclasses.replace(tweet_row("=1+1", "Acme"), text="=HYPERLINK(1)")
        store.write(batch_row(1), [row], [])
    path = tmp_path / "sheet.csv"
    _run(log, "--sheet", str(path), "--entity", "Acme")
    content = path.read_text()
    path.write_text(content.replace("'=1+1,Acme,", "'=1+1,Acme,neutral"))

    assert "'=1+1,Acme,,'=HYPERLINK(1)" in content
    assert 0 == _run(log, "--import", str(path))[0]
    assert ["=1+1"] == [label.tweet_id for label in _labels(log)]


def test_a_copy_of_the_log_takes_the_file(log: Path, tmp_path: Path) -> None:
    """By id, with what is in it of the tweets: `drawn` stays, for it is the same tweets."""
    copy = Path(shutil.copy(log, tmp_path / "copy.db"))
    _answer(log, "1")
    _run(log, "--export", str(tmp_path / "a.csv"))
    _run(copy, "--import", str(tmp_path / "a.csv"))

    assert _labels(log) == _labels(copy)
