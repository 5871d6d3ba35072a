"""Which structures are searched among."""

from __future__ import annotations

import itertools
import random
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.profiling.predictor import Predictor
from monitor.lab.search.space import Space
from monitor.lab.structure import Structure
from tests.lab.profiling.boards import profile_of
from tests.lab.search.conftest import SPACE, TOY, largest

NAMES = [name for name, _ in SPACE.choices()]


def test_ends() -> None:
    """The smallest and the largest choice of everything, heads as wide as they are."""
    low, high = SPACE.ends(TOY)

    assert low == replace(
        TOY,
        layers=2,
        hidden=6,
        bottleneck=4,
        heads=1,
        intermediate=5,
        stacks=1,
        embedding=3,
        vocabulary=20,
    )
    assert TOY == high


@given(seed=st.integers())
def test_drawn_are_choices(seed: int) -> None:
    """Each dimension is one of its values; the same seed draws the same."""
    drawn = SPACE.draw(TOY, random.Random(seed))

    assert all(getattr(drawn, name) in values for name, values in SPACE.choices())
    assert drawn.heads * 4 == drawn.bottleneck
    assert drawn == SPACE.draw(TOY, random.Random(seed))


def test_size_counts_all() -> None:
    """As many as there are combinations."""
    choices = dict(SPACE.choices())
    all_of_them = {
        SPACE.structure(TOY, dict(zip(NAMES, values, strict=True)))
        for values in itertools.product(*choices.values())
    }

    assert len(all_of_them) == SPACE.size()


def test_record_makes_the_space_again() -> None:
    """As JSON has it."""
    assert SPACE == Space(**{name: tuple(values) for name, values in SPACE.record().items()})


@given(
    st.fixed_dictionaries(
        {
            "layers": st.integers(1, 12),
            "hidden": st.integers(96, 512),
            "bottleneck": st.sampled_from((64, 96, 128, 160)),
            "intermediate": st.integers(128, 1024),
            "stacks": st.integers(1, 6),
            "embedding": st.integers(64, 128),
            "vocabulary": st.integers(100, 30_000),
        }
    )
)
def test_within(numbers: dict[str, Any]) -> None:
    """Below what can be predicted all can be predicted; values grow, none above the largest."""
    whole = Structure(heads=numbers["bottleneck"] // 32, **numbers)
    space = Space.within(whole)
    predictor = Predictor(PROFILE)

    for name, values in space.choices():
        assert sorted(set(values)) == list(values)
        assert 1 <= values[0] <= values[-1] <= getattr(whole, name)
    for end in space.ends(whole):
        assert predictor.p95(end) > 0
    assert asdict(whole)["vocabulary"] == space.vocabulary[-1]


PROFILE = profile_of()


def test_the_model_that_came_along() -> None:
    """A search from it has many structures to choose from."""
    assert Space.within(largest()).size() > 10_000


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_within_keeps_the_depth(layers: int) -> None:
    """Two layers or more, and as many as there are."""
    found = Space.within(replace(largest(), layers=layers)).layers

    assert tuple(range(min(2, layers), layers + 1)) == found
