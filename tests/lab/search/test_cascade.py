"""Two networks one after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.search.cascade import SHARES, NetworkAnswers, cascades, macro_recall, table


def answers(seed: int, truth: np.ndarray, right: float) -> NetworkAnswers:
    """Return answers of which a share is right, and surer where they are."""
    chance = np.random.default_rng(seed)
    good = chance.random(len(truth)) < right
    given = np.where(good, truth, (truth + 1) % 3)
    return NetworkAnswers(given, np.where(good, 0.8, 0.4) + 0.1 * chance.random(len(truth)))


@given(seed=st.integers(0, 1000))
def test_shares_are_about_those_asked_for(seed: int) -> None:
    """Thresholds of one half pass on about as many of the other, and more with each step."""
    truth = np.random.default_rng(seed).integers(0, 3, 2000)
    calibrating = np.arange(2000) % 2 == 0
    found = cascades(answers(seed, truth, 0.7), answers(seed + 1, truth, 0.9), truth, calibrating)

    assert np.allclose(SHARES, [each.passed for each in found], atol=0.08)
    assert [each.threshold for each in found] == sorted(each.threshold for each in found)


def test_passing_on_what_is_unsure_mends_it() -> None:
    """Where only wrong answers are unsure, the second network's answers come in their place."""
    truth = np.arange(3000) % 3
    calibrating = np.arange(3000) % 2 == 0
    first, second = answers(0, truth, 0.7), NetworkAnswers(truth, np.ones(3000))
    alone = macro_recall(truth[~calibrating].tolist(), first.given[~calibrating].tolist())
    half = cascades(first, second, truth, calibrating)[9]

    assert alone < 0.75
    assert 1.0 == half.accuracy
    assert 0.001 + half.passed * 0.01 == half.latency(0.001, 0.01)


def test_table_has_a_line_for_each() -> None:
    """Shares as percentages, milliseconds, recall."""
    assert (
        "| 3x192 | 20% | 0.226 | 0.7316 |" == table([("3x192", 0.2, 226e-6, 0.7316)]).split("\n")[2]
    )
