"""What tweets do to an entity's state, without a database or a clock."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterable

import numpy as np
import pytest

from monitor.alerts.alerting import assumed
from monitor.alerts.detector import DAY_S, Detector
from monitor.alerts.simulate import Life
from monitor.alerts.tuning import Tuning

TUNING = Tuning(rise=2.0, false_alarm_days=365.0, quiet_s=DAY_S, learn_tweets=500)
HOUR_S = 3600.0

calm = [number % 5 == 4 for number in range(300)]
storm = [number % 4 != 3 for number in range(40)]


def detector() -> Detector:
    """One that knows nothing yet."""
    share, tweets = assumed(())
    return Detector(negatives=share * tweets, tweets=tweets)


def take(
    made: Detector,
    stream: Iterable[bool],
    every_s: float = HOUR_S,
    tuning: Tuning = TUNING,
    *,
    steadily: bool = True,
) -> list[tuple[int, str]]:
    """Take tweets, one after another; return which of them did what."""
    events: list[tuple[int, str]] = []
    for number, negative in enumerate(stream):
        at = every_s if math.isnan(made.at) else made.at + every_s
        event = made.take(negative, at, every_s, tuning, steadily=steadily)
        if event == "raised":
            made.begin("share", 8, 10, 10 * every_s)
        elif event == "worsened":
            made.worsen("share", 18, 20, 20 * every_s)
        if event:
            events.append((number, event))
    return events


def test_evidence_is_the_days_that_have_passed() -> None:
    """While all is usual, on average, from the first tweet on: that is what its limit rests on.

    The usual share of each life is drawn from what is assumed of it.
    """
    rng = np.random.default_rng(5)
    mean, worth = assumed(())
    never = dataclasses.replace(TUNING, false_alarm_days=1e12)
    found = []
    for _ in range(2000):
        share = rng.beta(mean * worth, (1 - mean) * worth)
        made = detector()
        for at in np.sort(rng.random(rng.poisson(30))) * 3 * DAY_S:
            rested = 0.0 if math.isnan(made.at) else at - made.at
            made.take(bool(rng.random() < share), float(at), rested, never)
        found.append((made.share_up, made.volume_up))

    # The days before the last tweet but one; the evidence of the share has a heavy tail.
    up, not_judged_yet = np.mean(found, axis=0)
    assert pytest.approx(2.7, abs=0.7) == up
    assert pytest.approx(2.7, abs=0.05) == not_judged_yet


@pytest.mark.parametrize("known", [20, 100, 300])
def test_the_more_is_known_the_sooner_a_storm_is_found(known: int) -> None:
    """From twenty tweets on; and a storm is found before it has become what is usual."""
    made = detector()
    assert [] == take(made, calm[:known])
    ((number, event), *_) = take(made, storm)

    assert "raised" == event
    assert number < {20: 30, 100: 20, 300: 17}[known]
    assert made.share < 0.35


def test_three_times_as_many_tweets_are_news() -> None:
    """Whatever they say; but not before the rhythm of some days is known."""
    made = detector()
    take(made, calm[:200])
    ((number, _), *_) = take(made, [False] * 60, HOUR_S / 6)
    assert number < 30
    young = detector()
    take(young, calm[:20])
    assert not young.knows_pace
    assert [] == take(young, [False] * 60, HOUR_S / 6)


def test_after_an_outage_the_number_of_tweets_says_nothing() -> None:
    """What has waited comes at once: it is judged by what it says alone."""
    made = detector()
    take(made, calm[:200])
    assert [] == take(made, calm[:100], 1.0, steadily=False)


def test_it_ends_when_it_has_ended() -> None:
    """A day after the storm at the latest, at 35 tweets a day; not while it goes on."""
    made = detector()
    every_s = DAY_S / 35
    take(made, calm, every_s)
    raised, *more = take(made, storm * 4, every_s)
    assert "raised" == raised[1]
    assert [] == more
    ((number, event), *_) = take(made, calm[:35], every_s)
    assert "recovered" == event
    assert number < 35
    assert pytest.approx(0.2, abs=0.03) == made.share


def test_what_lasts_becomes_usual() -> None:
    """After two weeks and so many tweets; and then it raises nothing more."""
    made = detector()
    take(made, calm)
    events = take(made, [number % 2 == 0 for number in range(600)])

    assert ["raised", "adopted"] == [event for _, event in events]
    assert pytest.approx(0.5, abs=0.05) == made.share


def test_a_storm_teaches_nothing() -> None:
    """What an alert is about is no part of what is usual, before it was raised or after."""
    made = detector()
    take(made, calm)
    before = copy.copy(made)
    take(made, storm)
    assert "alert" == made.phase
    take(made, calm[:40])

    assert "" == made.kind  # it is over
    assert abs(made.share - before.share) < 0.02
    assert made.learnt <= before.learnt + len(storm)


def test_within_quiet_hours_none_is_raised_and_then_it_is() -> None:
    """A second storm right after the first waits until they are over, and is told if it holds."""
    made = detector()
    take(made, calm, HOUR_S / 4)
    take(made, storm, HOUR_S / 10)
    take(made, calm[:60], HOUR_S / 4)
    assert "watching" == made.phase
    waited_s = made.since_raised_s
    ((number, _), *_) = take(made, storm * 20, HOUR_S / 10)
    assert pytest.approx(DAY_S, abs=2 * HOUR_S) == waited_s + number * HOUR_S / 10


@pytest.mark.parametrize("jump_s", [-400 * DAY_S, 400 * DAY_S])
def test_a_clock_that_jumps_counts_for_nothing(jump_s: float) -> None:
    """Neither for the pace nor for the days that evidence is counted in."""
    made = detector()
    take(made, calm)
    pace, evidence = made.pace, made.evidence
    made.take(False, made.at + jump_s, jump_s, TUNING)

    assert pace == made.pace
    assert made.evidence < evidence + 1


def test_praise_of_all_is_not_watched_for_more_blame() -> None:
    """Nor is one that is scolded always: a share of nine in ten cannot double."""
    made = detector()
    assert [] == take(made, [True] * 400)
    assert made.share > 0.9


def test_labels_are_given_otherwise() -> None:
    """The usual share follows; what is suspected stays as suspicious as it was."""
    made = detector()
    take(made, calm)
    evidence = made.evidence
    made.rebase(0.6)

    assert pytest.approx(0.6) == made.share
    assert evidence == made.evidence


@pytest.mark.parametrize(
    ("share", "pace"), [(0.1, 20), pytest.param(0.3, 50, marks=pytest.mark.study)]
)
def test_false_alarms_are_as_rare_as_wanted(share: float, pace: int) -> None:
    """From the first tweet on, within what thirty years of lives can tell."""
    often = dataclasses.replace(TUNING, false_alarm_days=30.0)
    rng = np.random.default_rng(7)
    raised = sum(len(Life(share, pace, rng, often).live(360)) for _ in range(30))

    assert 0.75 * 360 < raised < 1.25 * 360


def test_what_is_assumed() -> None:
    """A fifth of negative labels, hardly; the more entities agree the surer, if they do."""
    assert pytest.approx((0.2, 4.0)) == assumed(())
    mean, worth = assumed([0.1] * 30)
    assert pytest.approx(0.1, abs=0.01) == mean
    assert worth > 20
    mean, worth = assumed([0.05, 0.6, 0.1, 0.5])
    assert 0.2 < mean < 0.4
    assert worth < 4


def test_what_becomes_worse_while_an_alert_holds_is_told() -> None:
    """Once, a day after it at the earliest; and then it ends as any alert does."""
    made = detector()
    (raised,) = take(made, [*calm, *([True, False] * 40)])
    assert "raised" == raised[1]
    (worse,) = take(made, [True] * 30)
    assert "worsened" == worse[1]
    assert [] == take(made, [True] * 20)
    assert ["recovered"] == [event for _, event in take(made, calm[:100])]


def test_an_alert_that_goes_on_as_it_began_is_told_once() -> None:
    """However long: its own level is what it is compared with."""
    rng = np.random.default_rng(3)
    told = []
    for _ in range(60):
        made = detector()
        take(made, calm)
        events = take(made, (rng.random(300) < 0.6).tolist())
        told.append([event for _, event in events].count("worsened"))

    assert sum(told) <= 3
    assert max(told) <= 1


def test_an_alert_that_is_soon_followed_by_worse_waits() -> None:
    """For the time in which there is no second alert of an entity."""
    made = detector()
    take(made, [*calm, *([True, False] * 40)], every_s=60.0)
    assert "alert" == made.phase
    assert [] == take(made, [True] * 200, every_s=60.0)
