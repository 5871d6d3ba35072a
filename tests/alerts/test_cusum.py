"""What tweets do to a CUSUM: learn, raise, hold, recover, adopt; whatever the clock says."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts.cusum import Cusum
from monitor.alerts.design import Tuning
from monitor.alerts.stretch import take_all

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
TUNING = Tuning(rise=2.0, false_alarm_days=30.0, quiet_s=DAY_S, learn_tweets=50)

labels = st.lists(st.booleans(), max_size=120)
pauses = st.sampled_from([0.0, 60.0, HOUR_S, 3 * HOUR_S, 2 * DAY_S, 40 * DAY_S, -DAY_S, -1e9])


def learnt(one_in: int = 5, pause: float = HOUR_S, tuning: Tuning = TUNING) -> Cusum:
    """Make a CUSUM that has just learnt that every fifth tweet is negative."""
    cusum = Cusum()
    for number in range(tuning.learn_tweets):
        cusum.take(number % one_in == 0, 1e9 + number * pause, tuning)
    assert "watching" == cusum.phase
    return cusum


def feed(
    cusum: Cusum, stream: Iterable[bool], pause: float = HOUR_S, tuning: Tuning = TUNING
) -> list[str]:
    """Take tweets at an even pace; what happened, a word each."""
    taken = [cusum.take(negative, cusum.at + pause, tuning) for negative in stream]
    return [event for event in taken if event]


def every(one_in: int, count: int) -> list[bool]:
    """So many labels, one in so many negative."""
    return [number % one_in == one_in - 1 for number in range(count)]


def same(one: Cusum, other: Cusum) -> bool:
    """Whether CUSUMs are equal, nan for nan, to the last bit."""
    return repr(one) == repr(other)


def test_from_learning_to_alert_and_back() -> None:
    """What is usual raises nothing, a rise does, once; the usual again ends it."""
    cusum = learnt()
    assert [] == feed(cusum, every(5, 200))
    assert ["raised"] == feed(cusum, every(2, 60))
    assert cusum.begun_negatives / cusum.begun_tweets > 0.4
    assert pytest.approx(0.2, abs=0.02) == cusum.usual_share
    assert ["recovered"] == feed(cusum, every(5, 100))
    assert [] == feed(cusum, every(5, 100))


def test_the_change_point_is_where_the_rise_began() -> None:
    """Within a few tweets: where the score last left 0."""
    cusum = learnt()
    feed(cusum, every(5, 100))
    rise = cusum.at
    feed(cusum, every(2, 40))

    assert "alert" == cusum.phase
    assert abs(cusum.begun_at - rise) <= 3 * HOUR_S


def test_a_rise_that_lasts_becomes_the_usual() -> None:
    """After two weeks and as many tweets as show what is usual; then the old share is no news."""
    cusum = learnt()
    assert ["raised", "adopted"] == feed(cusum, every(2, 14 * 24 + 60))
    assert pytest.approx(0.5, abs=0.05) == cusum.usual_share
    assert [] == feed(cusum, every(2, 200))


def test_a_short_time_is_not_lasting() -> None:
    """However many tweets there are: two weeks are two weeks."""
    cusum = learnt()

    assert ["raised"] == feed(cusum, every(2, 1000), pause=60)


@given(st.integers(0, 400), st.sampled_from([60.0, HOUR_S, 30 * HOUR_S]))
@settings(max_examples=10)
def test_without_negatives_there_is_no_alert(count: int, pause: float) -> None:
    """Whatever the pace, and whatever was usual."""
    cusum = learnt()

    assert [] == feed(cusum, [False] * count, pause)


def test_quiet() -> None:
    """A second rise within quiet_hours of the last alert waits until they are over, if it holds."""
    quiet = dataclasses.replace(TUNING, quiet_s=20 * DAY_S)
    cusum = learnt()
    assert ["raised"] == feed(cusum, every(2, 40), tuning=quiet)
    assert ["recovered"] == feed(cusum, every(10, 60), tuning=quiet)
    assert [] == feed(cusum, every(2, 200), tuning=quiet)
    waited = cusum.since_raised_s
    assert waited < 20 * DAY_S
    assert ["raised"] == feed(cusum, every(2, 300), tuning=quiet)
    loud = learnt()
    feed(loud, [*every(2, 40), *every(10, 60)])
    loud.since_raised_s = DAY_S
    assert ["raised"] == feed(loud, every(2, 200))


def test_the_alert_teaches_nothing() -> None:
    """What is usual is the same before and after, but for the few tweets until it was raised."""
    cusum = learnt()
    feed(cusum, every(5, 500))
    before = cusum.usual_share
    feed(cusum, every(2, 300), pause=600)
    held = cusum.phase
    feed(cusum, every(5, 60))

    assert ("alert", "watching") == (held, cusum.phase)
    assert cusum.usual_share < 1.2 * before


def test_what_is_usual_is_learnt_on() -> None:
    """A share that creeps up, by a tenth a month, is followed and not alarmed about."""
    cusum = learnt()
    rng = np.random.default_rng(1)
    rare = dataclasses.replace(TUNING, false_alarm_days=36_500.0)
    for month in range(8):
        share = 0.2 * 1.1**month
        assert [] == feed(cusum, rng.random(720) < share, tuning=rare)

    assert cusum.usual_share > 0.28


@given(labels, st.lists(pauses, min_size=1, max_size=120))
@settings(max_examples=20)
def test_a_wrong_clock_makes_no_nonsense(stream: list[bool], steps: list[float]) -> None:
    """Jumps by years, either way, leave the pace as it was, but for days that could be true."""
    cusum, straight = learnt(), learnt()
    at = cusum.at
    for number, negative in enumerate(stream):
        at += steps[number % len(steps)]
        cusum.take(negative, at, TUNING)
        straight.take(negative, straight.at + HOUR_S, TUNING)

    assert (
        0 <= cusum.seconds <= straight.seconds + sum(s for s in steps if 0 < s <= 2 * DAY_S) * 120
    )
    assert cusum.usual.per_day > 0.4


def test_a_clock_set_by_years_is_no_pause() -> None:
    """At start-up in 1970, and then right: the pace stays that of the tweets."""
    cusum = learnt()
    before = cusum.usual.per_day
    cusum.take(False, 0.0, TUNING)
    feed(cusum, every(5, 10))
    cusum.take(False, 2e9, TUNING)

    assert pytest.approx(before) == cusum.usual.per_day


def test_slow_entities_have_a_pace() -> None:
    """A tweet every five days: the first pauses look like outages, and then like the pace."""
    cusum = learnt(pause=5 * DAY_S)

    assert pytest.approx(0.2, rel=0.1) == cusum.usual.per_day


def test_all_at_once() -> None:
    """Tweets without any time between them, as from a backlog: as busy as can be, no error."""
    cusum = learnt(pause=0.0)

    assert math.inf == cusum.usual.per_day
    assert [] == feed(cusum, every(5, 100), pause=0.0)


@given(st.integers(0, 2**32), st.floats(0.02, 0.6), st.floats(0.0, 0.9), st.integers(1, 700))
@settings(max_examples=6)
def test_a_stretch_at_once_is_tweet_by_tweet(
    seed: int, before: float, after: float, cut: int
) -> None:
    """The simulation's way through months does what the daemon does, to the last bit."""
    rng = np.random.default_rng(seed)
    negatives = np.concatenate([rng.random(400) < before, rng.random(400) < after])
    gaps = rng.exponential(2 * HOUR_S, 800)
    gaps[rng.integers(800)] = rng.choice([-DAY_S, 3 * DAY_S, 90 * DAY_S])
    times = 1e9 + np.cumsum(gaps)
    single, stretched = Cusum(), Cusum()
    expected = [
        (index, event)
        for index, (negative, at) in enumerate(zip(negatives, times, strict=True))
        if (event := single.take(bool(negative), float(at), TUNING))
    ]
    actual = take_all(stretched, negatives[:cut], times[:cut], TUNING)
    actual += [
        (index + cut, event)
        for index, event in take_all(stretched, negatives[cut:], times[cut:], TUNING)
    ]

    assert expected == actual
    assert same(single, stretched)


def test_a_copy_goes_on_alike() -> None:
    """All there is to a CUSUM is in its fields."""
    cusum = learnt()
    feed(cusum, every(3, 33))
    twin = copy.copy(cusum)
    assert feed(cusum, every(2, 100)) == feed(twin, every(2, 100))
    assert same(cusum, twin)


@pytest.mark.parametrize("count", [0, 200])
def test_labels_that_are_given_otherwise(count: int) -> None:
    """Rebased, a cusum goes on: what is usual now raises nothing, and a rise from there does."""
    cusum = learnt()
    feed(cusum, every(5, count))
    before = cusum.tweets + cusum.new_tweets
    cusum.rebase(0.5, TUNING)

    assert ("watching", before) == (cusum.phase, cusum.tweets)
    assert pytest.approx(0.5, abs=0.01) == cusum.usual_share
    assert [] == feed(cusum, every(2, 100))
    assert ["raised"] == feed(cusum, every(1, 60))


def test_what_is_suspected_or_holds_outlives_a_rebase() -> None:
    """As far on the way as before, and no further; an alert holds, and only tweets end it."""
    cusum = learnt()
    feed(cusum, every(1, 2))
    begun = cusum.begun_at, cusum.begun_negatives, cusum.begun_tweets
    part = cusum.score / cusum.threshold
    cusum.rebase(0.1, TUNING)
    assert begun == (cusum.begun_at, cusum.begun_negatives, cusum.begun_tweets)
    assert pytest.approx(part, abs=0.2) == cusum.score / cusum.threshold
    assert cusum.score < cusum.threshold

    assert ["raised"] == feed(cusum, every(1, 60))
    cusum.rebase(0.3, TUNING)
    assert "alert" == cusum.phase
    assert [] == feed(cusum, every(1, 5))
    assert ["recovered"] == feed(cusum, every(5, 60))


def test_a_cusum_that_learns_is_rebased() -> None:
    """It has learnt as many tweets as before, of the new share."""
    cusum = Cusum()
    feed(cusum, every(5, 40))
    cusum.rebase(0.5, TUNING)

    assert ("learning", 20.0, 40.0) == (cusum.phase, cusum.negatives, cusum.tweets)
