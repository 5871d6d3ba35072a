"""Windows with artificial mixtures of classes."""

import numpy as np
import pytest

from monitor.lab.quantifying.prevalence import TWEETS, WINDOWS, windows
from monitor.lab.quantifying.score import estimates, scores
from monitor.standings import Calibration

CONFUSION = np.array([[700, 200, 100], [100, 700, 200], [50, 150, 800]])


def test_mixtures_are_everywhere_on_the_simplex() -> None:
    """Uniformly: each class has a third on average, and all but the ends occur."""
    counts, truth = windows(CONFUSION, seed=0)

    assert (WINDOWS, 3) == counts.shape == truth.shape
    assert (counts.sum(axis=1) == TWEETS).all()
    assert pytest.approx(np.ones(WINDOWS)) == truth.sum(axis=1)
    assert pytest.approx(np.full(3, 1 / 3), abs=0.03) == truth.mean(axis=0)
    assert pytest.approx(np.full(3, 1 / 18**0.5), abs=0.02) == truth.std(axis=0)


def test_same_seed_same_windows() -> None:
    """Another seed gives others."""
    first, again, other = (windows(CONFUSION, seed)[0] for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


def test_adjusted_counts_win_where_classes_are_mistaken_alike() -> None:
    """Their error is far below plain counting's, and their intervals hold."""
    counts, truth = windows(CONFUSION, seed=0)
    found = scores(
        estimates(counts, Calibration(CONFUSION.astype(np.float64))),
        truth,
        counts.sum(axis=1),
        seed=0,
    )

    for method in ("adjusted", "em"):
        coverage = found[method].coverage
        assert found[method].error < found["none"].error / 2
        assert coverage is not None
        assert 0.93 < coverage < 0.99
