"""What lasts of an entity's error, and intervals of changes."""

import numpy as np
import pytest

from monitor.lab.quantifying.change import changes, cut, fleeting
from monitor.lab.quantifying.fit import CLASSES, EntityTweets
from monitor.standings import Calibration

WRONG = 0.3
"""Mean share of an entity's positive tweets that are labelled neutral."""


def entities(lasting: bool, count: int = 150) -> list[EntityTweets]:
    """Draw entities of 200 tweets with an error of their own, for good or for 50 tweets."""
    chance = np.random.default_rng(3)
    found = []
    for _ in range(count):
        errors = np.repeat(chance.uniform(0, 2 * WRONG, 4), 50)
        errors = np.full(200, errors[0]) if lasting else errors
        truth = np.full(200, 2)
        labels = np.where(chance.random(200) < errors, 1, 2)
        found.append(EntityTweets(CLASSES[labels], CLASSES[truth]))
    return found


def test_windows_are_cut_in_order() -> None:
    """What does not fill a window is left out."""
    labels = [0, 1, 2, 2, 1]
    found = cut(EntityTweets(CLASSES[labels], CLASSES[labels]), 2)

    assert [[0, 1], [2, 2]] == [one.true.argmax(axis=1).tolist() for one in found]
    assert [] == cut(EntityTweets(CLASSES[labels], CLASSES[labels]), 1)


def test_what_lasts_is_told_from_what_does_not() -> None:
    """0 where an entity's error stays; the more, the fewer tweets it stays for."""
    mapping = np.eye(3)
    lasting, gone = (fleeting(entities(lasting), mapping) for lasting in (True, False))

    assert {"25", "50", "100", "half"} == set(lasting)
    assert all(abs(share) < 0.1 for share in lasting.values())
    # Of the mean square 0.3² + 0.6²/12 a quarter goes; of shorter windows 3 pairs of 7 lose it.
    assert pytest.approx(0.25, abs=0.07) == gone["50"]
    assert pytest.approx(0.25 * 3 / 7, abs=0.04) == gone["25"]


@pytest.mark.parametrize(("drift", "low", "high"), [(0.0, 0.0, 0.75), (0.02, 0.9, 1.0)])
def test_change_is_held_if_drift_is_known(drift: float, low: float, high: float) -> None:
    """Half the error is another in the other half; intervals of chance alone miss that."""
    way = drift * np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]])
    calibration = Calibration(np.eye(3), np.eye(3), way, way)
    found = changes(entities(lasting=False), calibration, "regression", seed=0)

    assert 150 == found["entities"]
    assert 0 == found["mean_change"]
    assert low <= found["coverage"] <= high
    assert found["small_half"] > found["half"]
