"""``monitor.lab.search.validate``: predictions held against whole exported models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.lab.profiling.blocks import ours
from monitor.lab.profiling.device import runtime_of
from monitor.lab.profiling.predictor import Predictor
from monitor.lab.profiling.profile import ProfileError
from monitor.lab.profiling.size import flatbuffer_bytes
from monitor.lab.search import validate as module
from monitor.lab.search.validate import (
    ValidatedStructure,
    draw,
    exported,
    rank_correlation,
    summary,
    table,
    validate,
)
from monitor.lab.structure import Structure
from tests.lab.profiling.boards import profile_of

SMALL = Structure(
    layers=1,
    hidden=96,
    bottleneck=64,
    heads=2,
    intermediate=128,
    stacks=1,
    embedding=64,
    vocabulary=300,
    positions=64,
)


def test_drawn() -> None:
    """Structures differ, can all be predicted, are no blocks, and a seed gives them again."""
    profile = profile_of()
    drawn = draw(profile, 40, 12, seed=3)
    predictor = Predictor(profile)

    assert 40 == len(set(drawn))
    assert all(predictor.latency(each) > 0 for each in drawn)
    assert not set(drawn) & {block.structure for block in ours().all}
    assert drawn == draw(profile, 40, 12, seed=3) != draw(profile, 40, 12, seed=4)
    assert 1 == min(each.layers for each in drawn)
    assert 8 <= max(each.layers for each in drawn) <= 12


@pytest.mark.parametrize("quantization", ["int8", "fp32"])
def test_exported(quantization: str) -> None:
    """A student that has learnt nothing is exported with the weights of its structure."""
    structure = replace(SMALL, quantization=quantization)

    assert len(exported(structure, 0)) == pytest.approx(flatbuffer_bytes(structure), rel=0.02)


def test_rank_correlation() -> None:
    """The order counts, not the distance."""
    assert 1 == pytest.approx(rank_correlation([1, 2, 3, 4], [1, 10, 100, 1e6]))
    assert -1 == pytest.approx(rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]))
    assert 0.8 == pytest.approx(rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]))


def row(predicted: float, measured: float) -> ValidatedStructure:
    """Return one structure, the same at both shapes."""
    shapes = [module.name(shape) for shape in module.SHAPES]
    return ValidatedStructure(
        Structure(),
        dict.fromkeys(shapes, predicted),
        dict.fromkeys(shapes, measured),
        dict.fromkeys(shapes, 0.01),
        1000,
        1000,
    )


def test_summary() -> None:
    """Errors are relative to what was measured; bias keeps the sign."""
    rows = [row(0.009, 0.010), row(0.026, 0.020)]
    found = summary(rows)["1x40"]

    assert {
        "mean_absolute_error": pytest.approx(0.2),
        "largest_error": pytest.approx(0.3),
        "bias": pytest.approx(0.1),
        "rank_correlation": pytest.approx(1),
    } == found
    assert 0 == summary(rows)["bytes"]["largest_error"]
    assert "1x40: mean absolute error 20.0%, largest 30.0%, bias +10.0%" in table(rows)


def test_validate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are exported, measured and predicted, if the profile is of this runtime."""
    monkeypatch.setattr("monitor.lab.profiling.rounds.SECONDS", 0.0)
    profile = replace(profile_of(), runtime=runtime_of("litert"))
    (found,) = validate(profile, "litert", [SMALL], rounds=1, seed=0)

    assert SMALL == found.structure
    assert {"1x40": Predictor(profile).latency(SMALL)}.items() <= found.predicted.items()
    assert all(0 < seconds < 5 for seconds in found.measured.values())
    with pytest.raises(ProfileError, match="was taken with"):
        validate(profile_of(), "litert", [SMALL], rounds=1, seed=0)
