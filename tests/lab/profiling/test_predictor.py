"""``monitor.lab.profiling.predictor``: from blocks to whole models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.lab.profiling.predictor import Predictor, UnmeasuredError
from monitor.lab.profiling.rounds import Shape
from monitor.lab.profiling.size import size
from monitor.lab.structure import Structure
from tests.lab.profiling.boards import plain, profile_of

WHOLE = (
    Structure(),
    Structure(layers=24, hidden=512, embedding=96),
    Structure(layers=2, hidden=128, bottleneck=64, heads=2, intermediate=128, stacks=1),
)
"""None of them is a block."""


@pytest.mark.parametrize("structure", WHOLE, ids=str)
@pytest.mark.parametrize("shape", [(1, 16), (1, 40), (8, 32)])
def test_whole(structure: Structure, shape: Shape) -> None:
    """On a board that multiplies and nothing else, whole models are predicted exactly."""
    predicted = Predictor(profile_of()).latency(structure, *shape)

    assert plain(structure, shape) == pytest.approx(predicted, rel=1e-4)


@pytest.mark.parametrize("structure", WHOLE, ids=str)
def test_every_cost(structure: Structure) -> None:
    """Costs of a layer, a stack, a head and a width are told apart."""

    def speed(each: Structure, shape: Shape) -> float:
        return (
            plain(each, shape)
            + each.layers * (1e-5 + 2e-5 * each.stacks + 3e-5 * each.heads + 1e-7 * each.bottleneck)
            + 1e-7 * each.embedding
            + 2e-7 * each.hidden
        )

    predicted = Predictor(profile_of(speed)).latency(structure)

    assert speed(structure, (1, 40)) == pytest.approx(predicted, rel=1e-3)


def test_cache() -> None:
    """Weights that no longer stay in a cache cost more, each of them."""

    def speed(each: Structure, shape: Shape) -> float:
        weights = (plain(each, (1, 1)) - 20e-6) / 1e-11
        return plain(each, shape) + 1e-10 * weights * min(max(weights / 2e6 - 1, 0), 1)

    predictor = Predictor(profile_of(speed))

    for structure in WHOLE:
        assert speed(structure, (1, 40)) == pytest.approx(predictor.latency(structure), rel=0.02)


def test_between_shapes() -> None:
    """Between measured shapes it is linear in length and in batch."""
    predictor = Predictor(profile_of())
    at = {shape: predictor.latency(Structure(), *shape) for shape in [(1, 16), (1, 40), (8, 40)]}

    assert (at[1, 16] + at[1, 40]) / 2 == pytest.approx(predictor.latency(Structure(), 1, 28))
    assert (at[1, 40] * 4 + at[8, 40] * 3) / 7 == pytest.approx(
        predictor.latency(Structure(), 4, 40)
    )


def test_tail() -> None:
    """The 95th percentile is as far above the median as the blocks' is."""
    predictor = Predictor(profile_of(tail=1.3))

    assert 1.3 * predictor.latency(Structure(), 1, 40) == pytest.approx(predictor.p95(Structure()))


@pytest.mark.parametrize(
    ("expected", "structure", "shape"),
    [
        ("hidden 1024: the blocks have 96 to 512", Structure(hidden=1024), (1, 40)),
        ("stacks 9", Structure(stacks=9), (1, 40)),
        ("of int8 weights, not fp32", Structure(quantization="fp32"), (1, 40)),
        ("8 tokens: measured were 16 to 64", Structure(), (1, 8)),
        ("64 tokens: measured were 16 to 48 with 8", Structure(), (4, 64)),
        ("9 tweets a call: measured were 1 to 8", Structure(), (9, 40)),
    ],
)
def test_unmeasured(expected: str, structure: Structure, shape: Shape) -> None:
    """What the profile does not know is said, not guessed."""
    with pytest.raises(UnmeasuredError, match=expected):
        Predictor(profile_of()).latency(structure, *shape)


def test_size() -> None:
    """The size is that of both files, and does not depend on the board."""
    assert size(Structure()) == Predictor(profile_of()).size(Structure())


def test_left_out() -> None:
    """A board as simple as the model is predicted from fewer blocks, too; another is not."""

    def moody(each: Structure, shape: Shape) -> float:
        return plain(each, shape) * (1.5 if each.hidden % 64 else 1)

    assert Predictor(profile_of()).left_out() < 0.001

    predictor = Predictor(profile_of(moody))
    fitted = [
        abs(predictor.latency(structure) / timings[1, 40].median - 1)
        for structure, timings in predictor.profile.timings.items()
    ]

    assert predictor.left_out() > 1.1 * sum(fitted) / len(fitted) > 0.05


def test_no_quantization_guessed() -> None:
    """The size of float weights is four times as large, wherever it is asked."""
    predictor = Predictor(profile_of())
    wide = replace(Structure(), quantization="fp32")

    assert 3.5 < predictor.size(wide) / predictor.size(Structure()) < 4
