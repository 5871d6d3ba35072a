"""``monitor.lab.profiling.nonnegative``: least squares without negative solutions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.profiling.nonnegative import nonnegative


def test_exact() -> None:
    """What is made from a solution above 0 gives it back."""
    a = np.array([[1.0, 2, 0], [3, 1, 1], [0, 1, 5], [2, 2, 2]])
    expected = np.array([0.5, 2, 0.25])

    assert expected.tolist() == pytest.approx(nonnegative(a, a @ expected).tolist())


def test_never_negative() -> None:
    """Where plain least squares would go below 0, it stays there and the others make up for it."""
    a = np.array([[1.0, 1], [1, 2], [1, 3]])

    assert [2.0, 0.0] == pytest.approx(nonnegative(a, np.array([3.0, 2, 1])).tolist())


@given(st.integers(0, 10_000))
def test_best(seed: int) -> None:
    """Nothing more can be gained: the gradient is 0 where x is above 0, and points below 0 else."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(size=(12, 6)), rng.uniform(size=12)
    a[:, 5] = a[:, 4] * (seed % 2) + a[:, 3]  # columns that depend on each other, too
    x = nonnegative(a, b)
    gain = a.T @ (b - a @ x)

    assert (x >= 0).all()
    assert gain.max() < 1e-8
    assert np.abs(gain[x > 0]).max() < 1e-8
