"""CUSUMs come as wanted, and are more careful the less is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts.design import Tuning, Usual, design, lasting_tweets, raised
from monitor.alerts.runlength import RunLengths
from monitor.standings import Calibration

TUNING = Tuning(rise=2.0, false_alarm_days=30.0, quiet_s=0.0, learn_tweets=500)
SURELY = 1e12


@pytest.mark.parametrize("share", [0.02, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("pace", [20, 200, 2000])
def test_false_alarms_are_as_rare_as_wanted(share: float, pace: float) -> None:
    """From one to the next, the time it holds included: the days asked for, and little more."""
    cusum = design(Usual(share * SURELY, SURELY, pace), TUNING)
    until = RunLengths(np.array([share]), cusum.up, cusum.down).average(cusum.threshold)[0]
    holds = RunLengths(np.array([1 - share]), cusum.down, cusum.up).average(cusum.recovery)[0]

    assert 30.0 <= (until + holds) / pace <= 32.0


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_the_less_is_known_the_higher_the_threshold(share: float) -> None:
    """For a share estimated from fewer tweets may be wrong by more."""
    lengths = []
    for tweets in (500, 5_000, 50_000, SURELY):
        cusum = design(Usual(share * (tweets + 1) - 0.5, tweets, 2000), TUNING)
        run = RunLengths(np.array([share]), cusum.up, cusum.down)
        lengths.append(float(run.average(cusum.threshold)[0]))

    assert sorted(lengths, reverse=True) == lengths
    assert lengths[0] > 1.5 * lengths[-1]


@settings(max_examples=20)
@given(
    st.integers(0, 500),
    st.floats(0.01, 1e7),
    st.floats(1.1, 100),
    st.floats(0.1, 400),
    st.floats(0, 0.5),
)
def test_whatever_is_set_there_is_a_chart(
    negatives: int, pace: float, rise: float, days: float, wrong: float
) -> None:
    """One negative tweet is never enough, and thresholds are bounded, and so is the memory."""
    tuning = Tuning(rise, days, 0.0, 500, wrong)
    cusum = design(Usual(negatives, 500, pace), tuning)

    assert max(cusum.up, cusum.down) < cusum.threshold <= 4096 or cusum.up == 0
    assert 0 < cusum.recovery <= 4096


@given(st.floats(0.01, 0.9), st.floats(1.1, 100), st.floats(0, 0.5))
def test_labels_rise_by_less_than_tweets(share: float, rise: float, wrong: float) -> None:
    """Never by more, at least half as much, and never to all."""
    tuning = dataclasses.replace(TUNING, rise=rise)
    plain, mapped = (
        raised(share, t) for t in (tuning, dataclasses.replace(tuning, false_positive=wrong))
    )

    assert share < mapped <= plain < 1
    assert mapped >= min(1 + (rise - 1) / 2, (1 + share) / (2 * share)) * share - 1e-12


def test_false_positives_are_read_off_the_confusion_matrix() -> None:
    """Of all that is not negative, what is labelled so: here 30 of 200, whatever the first row."""
    confusion = np.array([[70.0, 20, 10], [20, 70, 10], [10, 10, 80]])
    tuning = dataclasses.replace(
        TUNING, false_positive=Tuning.false_positives(Calibration(confusion))
    )

    assert 0.15 == tuning.false_positive
    assert 0.0 == Tuning.false_positives(None)
    # 35 % of labels: 20 % true ones at a rate of true positives of 0.7, 15 % false ones
    assert pytest.approx(0.15 + 0.4) == raised(0.35, tuning)


def test_nothing_is_worse_than_always_negative() -> None:
    """Where nearly all is negative every day, no CUSUM ever leaves 0."""
    cusum = design(Usual(490, 500, 100), TUNING)

    assert 0 == cusum.up


def test_how_long_is_lasting() -> None:
    """Two weeks, and as many tweets as show what is usual."""
    assert 28_000 == lasting_tweets(2000, TUNING)
    assert 500 == lasting_tweets(3, TUNING)
