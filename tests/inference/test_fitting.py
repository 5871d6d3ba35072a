"""Which model a board should run."""

from __future__ import annotations

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.inference.fitting import ENOUGH_PER_S, SMALL, TIMES_AS_FAST, advice


@pytest.mark.parametrize("name", [DEFAULT_MODEL, SMALL])
def test_both_come_along(name: str) -> None:
    """What is advised can be configured."""
    assert name == Model.load(name).name


def test_a_slow_board() -> None:
    """It is told of the small model; one that is fast enough, or runs the small one, is not."""
    said = advice(DEFAULT_MODEL, ENOUGH_PER_S - 1)

    assert said is not None
    assert "path = 'small'" in said
    assert advice(DEFAULT_MODEL, ENOUGH_PER_S) is None
    assert advice(SMALL, 1) is None


def test_a_fast_board() -> None:
    """One that runs the small model although the other would do is told so."""
    said = advice(SMALL, ENOUGH_PER_S * TIMES_AS_FAST)

    assert said is not None
    assert f"path = {DEFAULT_MODEL!r}" in said
    assert "about 20 tweets/s" in said


def test_a_busy_topic() -> None:
    """What is enough depends on what comes in."""
    assert advice(DEFAULT_MODEL, 400, wanted_per_s=300) is None
    said = advice(DEFAULT_MODEL, 400, wanted_per_s=1_000)
    assert said is not None
    assert "fewer than 1,000 tweets/s" in said


def test_a_model_of_ones_own() -> None:
    """Nothing is said about it."""
    assert advice("mine", 1) is None
