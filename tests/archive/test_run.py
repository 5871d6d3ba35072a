"""``monitor.archive.run``: what is to be done, and nothing half done."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.archive.draft import clear
from monitor.archive.inputs import InputError, find
from monitor.archive.local import Local
from monitor.archive.manifest import Manifest
from monitor.archive.question import Columns
from monitor.archive.run import RunError, Summary, asked, carry_out, plan
from monitor.tweets import Entity
from tests.archive.files import QUESTION, lines, source
from tests.factories import STUB_MODEL, StubClassifier

ASKED = asked(STUB_MODEL, "litert", QUESTION)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with two files of tweets."""
    source(tmp_path / "in" / "a.jsonl", lines(3))
    source(tmp_path / "in" / "b.jsonl.gz", lines(5))
    return tmp_path / "in"


def _run(archive: Path, out: Path, *, question: Columns = QUESTION, force: bool = False) -> Summary:
    """Do what the command does, with a classifier that knows no doubt."""
    summary = Summary()
    told = asked(STUB_MODEL, "litert", question)
    inputs = find([str(archive)])
    with Manifest(out) as manifest:
        clear(out)
        todo = plan(inputs, out, manifest, told, force=force)
        carry_out(todo, out, manifest, told, lambda: Local(StubClassifier(), question), summary)
    return summary


def _contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != "MANIFEST"}


def test_every_file_becomes_one(archive: Path, tmp_path: Path) -> None:
    """Of the same name; a second run finds nothing to do."""
    out = tmp_path / "out"

    assert Summary(tweets=8, files=2) == _run(archive, out)
    assert {"a.jsonl", "b.jsonl.gz"} == _contents(out).keys()
    before = _contents(out)
    assert Summary() == _run(archive, out)
    assert before == _contents(out)


def test_what_is_missing_is_labelled(archive: Path, tmp_path: Path) -> None:
    """A file whose output went away, and one that came."""
    out = tmp_path / "out"
    _run(archive, out)
    (out / "a.jsonl").unlink()
    source(archive / "c.jsonl", lines(7))

    assert Summary(tweets=10, files=2) == _run(archive, out)


def test_a_changed_input_is_labelled_anew(archive: Path, tmp_path: Path) -> None:
    """As `make` would: by size and time; one that was only moved is not."""
    out = tmp_path / "out"
    _run(archive, out)
    archive = archive.rename(tmp_path / "moved")
    assert Summary() == _run(archive, out)
    _run(archive, out)
    source(archive / "a.jsonl", lines(4))

    with pytest.raises(InputError, match=r"a\.jsonl: is of .*/in/a\.jsonl"):
        _run(archive, out)
    archive = archive.rename(tmp_path / "in")
    assert Summary(tweets=4, files=1) == _run(archive, out)
    assert 4 == _contents(out)["a.jsonl"].count(b"\n")


def test_models_and_questions_are_not_mixed(archive: Path, tmp_path: Path) -> None:
    """Another question is refused, and --force labels all anew, or nothing."""
    out = tmp_path / "out"
    _run(archive, out)
    before = _contents(out)
    other = replace(QUESTION, task="sentiment")

    with pytest.raises(InputError, match=r"a\.jsonl \(and 1 more\): was made with task = 'reput"):
        _run(archive, out, question=other)
    with pytest.raises(InputError, match=r"give .*b\.jsonl\.gz too"):
        _run(archive / "a.jsonl", out, question=other, force=True)
    assert before == _contents(out)
    assert Summary(tweets=8, files=2) == _run(archive, out, question=other, force=True)
    assert before != _contents(out)
    assert Summary() == _run(archive, out, question=other, force=True)


def test_what_labels_depend_on_is_compared() -> None:
    """The model's bytes, its tokenizer, the runtime, and all of the question."""
    for other in (
        asked(replace(STUB_MODEL, sha256="1"), "litert", QUESTION),
        asked(replace(STUB_MODEL, tokenizer="{}"), "litert", QUESTION),
        asked(STUB_MODEL, "tflite-runtime", QUESTION),
        *(
            asked(STUB_MODEL, "litert", replace(QUESTION, **{field: "x"}))  # type: ignore[arg-type]
            for field in QUESTION.__dataclass_fields__
            if field != "entities"
        ),
    ):
        assert 1 == len([key for key in ASKED if ASKED[key] != other[key]])


def test_entities_are_compared_where_labels_depend_on_them() -> None:
    """With all that they are found by, if the model reads marks."""
    told = replace(QUESTION, entities=(Entity("Acme", ("@acmehelp",)),))
    other = replace(QUESTION, entities=(Entity("Acme"),))
    marks = replace(STUB_MODEL, reads="marks")

    assert ASKED == asked(STUB_MODEL, "litert", told)
    assert ASKED == asked(marks, "litert", QUESTION)
    assert ["entities"] == [
        key for key, value in asked(marks, "litert", told).items() if value != ASKED[key]
    ]
    assert asked(marks, "litert", other) != asked(marks, "litert", told)
    assert asked(marks, "litert", told) == asked(marks, "litert", replace(told))


@pytest.mark.parametrize("mine", ["before", "after"])
def test_files_of_others_are_not_replaced(archive: Path, tmp_path: Path, mine: str) -> None:
    """Neither one that was there, nor an output that has been edited; --force removes them."""
    out = tmp_path / "out"
    out.mkdir()
    if mine == "after":
        _run(archive, out)
    (out / "a.jsonl").write_text("mine\n")

    with pytest.raises(InputError, match=r"not made by this command|has been changed"):
        _run(archive, out)
    assert b"mine\n" == _contents(out)["a.jsonl"]
    _run(archive, out, force=True)
    assert 3 == _contents(out)["a.jsonl"].count(b"\n")


@pytest.mark.parametrize("force", [False, True])
def test_inputs_are_never_replaced(archive: Path, force: bool) -> None:
    """The folder of the inputs is no place for outputs, whatever is said."""
    before = _contents(archive)

    with pytest.raises(InputError, match="is an input"):
        _run(archive, archive, force=force)
    assert before == _contents(archive)


def test_a_damaged_file_stops_no_other(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, nothing of it is left, and it is tried again next time."""
    out = tmp_path / "out"
    whole = (archive / "b.jsonl.gz").read_bytes()
    (archive / "b.jsonl.gz").write_bytes(whole[:-9])
    source(archive / "c.csv", b"body\na\n")
    source(archive / "d.jsonl", lines(2))
    (archive / "e.jsonl.gz").write_bytes(lines(2))
    summary = _run(archive, out)

    assert Summary(tweets=5, files=2, failed=["b.jsonl.gz", "c.csv", "e.jsonl.gz"]) == summary
    assert {"a.jsonl", "d.jsonl"} == _contents(out).keys()
    said = capsys.readouterr().err.splitlines()
    assert f"monitor: {archive}/b.jsonl.gz: Compressed file ended" in said[0]
    assert f"monitor: {archive}/c.csv: no column 'text'" in said[1]
    assert f"monitor: {archive}/e.jsonl.gz: Not a gzipped file" in said[2]
    (archive / "c.csv").unlink()
    (archive / "e.jsonl.gz").unlink()
    (archive / "b.jsonl.gz").write_bytes(whole)
    assert Summary(tweets=5, files=1) == _run(archive, out)


def test_rejected_rows_are_counted(archive: Path, tmp_path: Path) -> None:
    """And kept; but a file of which not one row can be labelled is a wrong file."""
    out = tmp_path / "out"
    source(archive / "a.jsonl", lines(3) + b"oops\n")
    source(archive / "c.jsonl", b'{"body": "a"}\n{"body": "b"}\n')

    assert Summary(tweets=8, rejected=1, files=2, failed=["c.jsonl"]) == _run(archive, out)
    assert {"a.jsonl", "a.jsonl.rejected.jsonl", "b.jsonl.gz"} == _contents(out).keys()


def test_empty_files_stay_empty(tmp_path: Path) -> None:
    """Nothing in them is no error."""
    for name in ("a.jsonl", "b.csv", "c.jsonl.gz"):
        source(tmp_path / "in" / name, b"")

    assert Summary(files=3) == _run(tmp_path / "in", tmp_path / "out")


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond this, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz", "c.csv"])
def test_a_full_disk_ends_the_run(archive: Path, tmp_path: Path, name: str) -> None:
    """What was complete stays, nothing half does, and the next run goes on."""
    out = tmp_path / "out"
    text = os.urandom(2**18).hex()
    long = f"text\n{text[:100_000]}\n" if name == "c.csv" else f'{{"text": "{text}"}}\n'
    source(archive / name, long.encode())

    with _room_for(50_000), pytest.raises(RunError, match=f"out/{name}: File too large"):
        _run(archive, out)
    assert {"a.jsonl", "b.jsonl.gz"} == _contents(out).keys()
    assert Summary(tweets=1, files=1) == _run(archive, out)


@pytest.mark.parametrize("step", ["finish", "publish"])
def test_killed_anywhere_it_is_labelled_again(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before and after the entry is written: never an old output under a new entry."""
    out = tmp_path / "out"
    _run(archive, out)
    expected = _contents(out)
    old = (archive / "a.jsonl").read_bytes()
    source(archive / "a.jsonl", old.replace(b"A", b"B"))  # of the same size
    os.utime(archive / "a.jsonl", ns=(1, 1))

    class Killed(BaseException):
        """Nobody catches it."""

    with monkeypatch.context() as patch:
        patch.setattr(f"monitor.archive.draft.Draft.{step}", _raise(Killed()))
        patch.setattr("monitor.archive.draft.Draft.discard", lambda _draft: None)
        with pytest.raises(Killed):
            _run(archive, out)

    assert Summary(tweets=3, files=1) == _run(archive, out)
    assert expected.keys() == _contents(out).keys()
    assert expected["a.jsonl"] != _contents(out)["a.jsonl"]


def _raise(error: BaseException) -> object:
    def raises(*_arguments: object) -> None:
        raise error

    return raises
