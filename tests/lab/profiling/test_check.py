"""``monitor.lab.profiling.check``: one finished model against a budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.profiling.check import Budget, Checked, check, structure_of, words_of
from monitor.lab.profiling.measure import Timing
from monitor.lab.structure import Structure, StructureError

CHECKED = Checked(Timing(median=0.008, p95=0.011, calls=100), size=7_800_000)


@pytest.mark.parametrize(
    ("expected", "budget"),
    [
        ([], Budget()),
        ([], Budget(0.011, 7_800_000)),
        (["latency 11 ms (p95) is above 10 ms"], Budget(0.010, 8_000_000)),
        (["size 7.80 MB is above 7.00 MB"], Budget(0.020, 7_000_000)),
        (
            ["latency 11 ms (p95) is above 9 ms", "size 7.80 MB is above 1.00 MB"],
            Budget(0.009, 1_000_000),
        ),
    ],
)
def test_complaints(expected: list[str], budget: Budget) -> None:
    """The 95th percentile counts, not the median; what is equal is within."""
    assert expected == CHECKED.complaints(budget)


def test_check(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's own bytes are measured, asked for one tweet of 40 of its own words."""
    asked: list[object] = []

    def measure(*arguments: object, vocabulary: int) -> Timing:
        asked.extend([*arguments, vocabulary])
        return CHECKED.timing

    monkeypatch.setattr("monitor.lab.profiling.check.measure", measure)
    found = check(model, "litert")

    assert [model.flatbuffer, "litert", 1, 40, words_of(model)] == asked
    assert CHECKED.timing == found.timing
    assert sum((model.folder / n).stat().st_size for n in ("model.tflite", "tokenizer.json")) == (
        found.size
    )


def test_structure(model: Model) -> None:
    """The small model tells its structure, and the tokenizer its vocabulary."""
    assert Structure(vocabulary=words_of(model)) == structure_of(model)


def test_without_bottlenecks() -> None:
    """Of such a structure a profile knows nothing."""
    assert structure_of(Model.load(DEFAULT_MODEL)) is None


@pytest.mark.parametrize(
    ("expected", "card"),
    [
        (None, ""),
        (None, "[training.settings]\nseed = 0\n"),
        (3, "[training.settings.structure]\nlayers = 3\n"),
    ],
)
def test_structure_of_others(model: Model, tmp_path: Path, expected: int | None, card: str) -> None:
    """A model may have none, such as one that was no student."""
    (tmp_path / "model.toml").write_text(card, encoding="utf-8")
    structure = structure_of(replace(model, folder=tmp_path))

    assert expected == (structure and structure.layers)


def test_vocabulary(model: Model, tmp_path: Path) -> None:
    """Where model.toml does not tell how many words there are, the tokenizer does."""
    (tmp_path / "model.toml").write_text(
        "[training.settings.structure]\nlayers = 3\n", encoding="utf-8"
    )
    tokenizer = '{"model": {"vocab": {"a": 0, "b": 1}}}'
    other = replace(model, folder=tmp_path, tokenizer=tokenizer)

    assert Structure(layers=3, vocabulary=2) == structure_of(other)


def test_no_structure(model: Model, tmp_path: Path) -> None:
    """An impossible one is told with its file."""
    (tmp_path / "model.toml").write_text(
        "[training.settings.structure]\nlayers = 0\n", encoding="utf-8"
    )
    with pytest.raises(StructureError, match=r"model\.toml: layers is 0"):
        structure_of(replace(model, folder=tmp_path))
