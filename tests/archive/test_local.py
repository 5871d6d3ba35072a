"""``monitor.archive.local``: the same bytes with any number of workers, and little held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.archive.inputs import Input, find
from monitor.archive.local import Local
from monitor.archive.stream import End, Piece, Unlabelled, Work
from monitor.inference import Classifier, Model
from tests.archive.files import QUESTION, lines, source
from tests.factories import StubClassifier


def _bytes(model: Model, workers: int, inputs: list[Input]) -> list[bytes | str]:
    with Local(Classifier(model, workers), QUESTION) as engine:
        return [
            item.labelled.output if isinstance(item, Piece) else item.input.name
            for item in engine.label(inputs)
        ]


def test_bytes_do_not_depend_on_the_workers(model: Model, tmp_path: Path) -> None:
    """Over several chunks and files, with bad lines among them, in order."""
    content = lines(1500).splitlines(keepends=True)
    content[70] = b"oops\n"
    content[1100] = b"\n"
    source(tmp_path / "a.jsonl", b"".join(content))
    source(tmp_path / "b.jsonl.gz", lines(65))
    inputs = find([str(tmp_path)])
    alone = _bytes(model, 1, inputs)

    assert ["a.jsonl", "b.jsonl.gz"] == [item for item in alone if isinstance(item, str)]
    assert 5 == len(alone)
    assert alone == _bytes(model, 3, inputs)


def test_little_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the files are, reading is a few chunks ahead of writing."""
    one = source(tmp_path / "a.jsonl", lines(10))
    (chunk,) = one.format.read(one.path, QUESTION)
    taken = 0

    def many(*_arguments: object) -> Iterator[Unlabelled]:
        nonlocal taken
        while taken < 500:
            taken += 1
            yield Work(one, chunk)
        yield End(one)

    monkeypatch.setattr("monitor.archive.local.read", many)
    furthest = 0
    with Local(StubClassifier(), QUESTION) as engine:
        for written, _ in enumerate(engine.label([one])):
            furthest = max(furthest, taken - written)

    assert 500 == taken
    assert furthest <= 3


def test_a_classifier_that_fails_ends_the_run(tmp_path: Path) -> None:
    """Its error comes out, and no thread stays."""
    one = source(tmp_path / "a.jsonl", b'{"text": "poison"}\n')

    with Local(StubClassifier(), QUESTION) as engine, pytest.raises(RuntimeError, match="raised"):
        list(engine.label([one]))
