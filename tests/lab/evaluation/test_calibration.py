"""Calibration and abstention."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.lab.evaluation.calibration import (
    BINS,
    abstentions,
    bin_of,
    calibration_error,
    reliability_bins,
)
from monitor.lab.metrics import Floats

ANSWERS = st.lists(st.tuples(st.floats(1 / 3, 1), st.booleans()), min_size=1, max_size=40)
"""Probability of each answer, and whether it is right."""


def arrays(answers: list[tuple[float, bool]]) -> tuple[Floats, NDArray[np.bool_]]:
    """Take probabilities and rightness apart."""
    return np.array([one for one, _ in answers]), np.array([one for _, one in answers])


def ece(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Sum gaps by bin and compute the error."""
    gaps = np.zeros(BINS)
    np.add.at(gaps, bin_of(confidence), confidence - right)
    return float(calibration_error(gaps, len(right)))


@given(ANSWERS)
def test_error_is_a_share_and_as_guo_et_al_write_it(answers: list[tuple[float, bool]]) -> None:
    """It is the mean over the bins of |accuracy - confidence|, weighted by their tweets."""
    confidence, right = arrays(answers)
    bins = reliability_bins(confidence, right)
    expected = sum(
        one.tweets / len(answers) * abs(one.accuracy - one.confidence)
        for one in bins
        if one.accuracy is not None and one.confidence is not None
    )

    assert 0 <= ece(confidence, right) <= 1
    assert pytest.approx(expected) == ece(confidence, right)
    assert len(answers) == sum(one.tweets for one in bins)


@given(st.integers(1, 9), st.integers(1, 30))
def test_true_probabilities_have_no_error(tenths: int, times: int) -> None:
    """Answers of probability 0.x of which x in ten are right."""
    right = np.array([i < tenths for i in range(10)] * times)

    assert pytest.approx(0) == ece(np.full(len(right), tenths / 10), right)


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(0.0, 0), (1 / 15, 0), (0.0667, 1), (0.4, 5), (0.5, 7), (1.0, 14), (1.0000001, 14)],
)
def test_bins_hold_their_upper_end(confidence: float, expected: int) -> None:
    """Bins are (low, high]; what rounding pushes past 1 is in the last."""
    assert [expected] == bin_of(np.array([confidence])).tolist()


def test_certain_and_wrong() -> None:
    """The worst there is; empty bins have no means."""
    confidence, right = np.ones(4), np.zeros(4, dtype=bool)
    bins = reliability_bins(confidence, right)

    assert 1 == ece(confidence, right)
    assert (4, 1.0, 0.0) == (bins[-1].tweets, bins[-1].confidence, bins[-1].accuracy)
    assert (0, None, None) == (bins[0].tweets, bins[0].confidence, bins[0].accuracy)


def test_abstentions_by_hand() -> None:
    """An answer at the threshold is given; with none given there is no accuracy."""
    found = abstentions(np.array([0.35, 0.5, 0.55, 0.85]), np.array([False, True, False, True]))
    steps = {one.threshold: (one.coverage, one.accuracy) for one in found}

    assert {
        0.4: (0.75, pytest.approx(2 / 3)),
        0.5: (0.75, pytest.approx(2 / 3)),
        0.6: (0.25, 1.0),
        0.7: (0.25, 1.0),
        0.8: (0.25, 1.0),
        0.9: (0.0, None),
    } == steps


@given(ANSWERS)
def test_coverage_falls(answers: list[tuple[float, bool]]) -> None:
    """The higher the threshold, the fewer answers."""
    coverage = [one.coverage for one in abstentions(*arrays(answers))]

    assert sorted(coverage, reverse=True) == coverage
