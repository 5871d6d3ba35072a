"""Run lengths against the Markov chain written out, and against chance itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.runlength import RunLengths


def written_out(share: float, up: int, down: int, threshold: int) -> float:
    """Solve the whole chain."""
    system = np.eye(threshold)
    for state in range(threshold):
        system[state, max(0, state - down)] -= 1 - share
        if state + up < threshold:
            system[state, state + up] -= share
    return float(np.linalg.solve(system, np.ones(threshold))[0])


@given(
    st.floats(0.01, 0.95),
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
)
def test_exact(share: float, up: int, down: int, above: list[int]) -> None:
    """Whatever the steps and in whatever order thresholds are asked for."""
    lengths = RunLengths(np.array([share, 0.5]), up, down)
    for more in above:
        threshold = lengths.least + more
        expected = written_out(share, up, down, threshold)
        actual = float(lengths.average(threshold)[0])
        if 0 < expected < 1e9:  # solved at one go, larger ones drown in rounding
            assert math.isclose(expected, actual, rel_tol=1e-3)
        else:
            assert actual > 9e8


@pytest.mark.parametrize(("share", "up", "down"), [(0.05, 13, 1), (0.4, 10, 13), (0.8, 1, 12)])
def test_as_long_as_chance_has_it(share: float, up: int, down: int) -> None:
    """Walked out a few thousand times with random numbers."""
    threshold = 2 * max(up, down)
    rng = np.random.default_rng(0)
    walks = 2000
    scores, lengths = np.zeros(walks, np.int64), np.zeros(walks)
    running = np.ones(walks, bool)
    while running.any():
        lengths[running] += 1
        steps = np.where(rng.random(walks) < share, up, -down)
        scores = np.maximum(scores + steps, 0)
        running &= scores < threshold
    expected = float(RunLengths(np.array([share]), up, down).average(threshold)[0])

    assert abs(lengths.mean() - expected) < 4 * lengths.std() / math.sqrt(walks)


def test_what_never_comes_is_very_long() -> None:
    """Beyond double precision the answer is neither negative nor an error."""
    lengths = RunLengths(np.array([0.01, 0.5]), 3, 17)

    assert (lengths.average(400) > 1e11).all()
