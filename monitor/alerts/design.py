"""From what is usual for an entity to the CUSUM that watches it: its steps and thresholds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.alerts.runlength import RunLengths
from monitor.standings import Calibration
from monitor.standings.quantification import Floats

LASTING_DAYS: Final = 14.0
"""An alert that has held for so long becomes the new usual."""

_LEAST: Final = 0.01
"""A usual share below this is treated as this: twice a tiny share is no reason for an alert."""
_MOST: Final = 0.9
"""An entity with a usual share above this is not watched: it can hardly rise."""
_STEP: Final = 0.03
"""Largest unit of the walk, in nats of evidence; thresholds are multiples of the unit."""
_NEAR: Final = 0.1
"""Error allowed in the share that whole-numbered steps are best at, as a part of the rise."""
_LONGEST: Final = 1e9
"""Tweets between false alarms, at most."""
_HIGHEST: Final = 40.0
"""Highest threshold, in nats: e to the power of this is far beyond `_LONGEST`."""
_STATES: Final = 4096
"""Highest threshold, in steps; only a rise close to 1 would need more."""
_POINTS: Final = 9
_WIDTH: Final = 3.0
"""Estimates are averaged over so many points, up to so many standard deviations away."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is wanted of all CUSUMs."""

    rise: float
    """The rise to be found soonest: to this many times the usual share."""
    false_alarm_days: float
    """Mean time between false alarms of an entity, in days."""
    quiet_s: float
    """Least time between two alerts of an entity, in seconds."""
    learn_tweets: int
    """Tweets from which the usual share is learnt."""
    false_positive: float = 0.0
    """How often the classifier calls a tweet negative that is not; 0 if nobody has counted."""

    @classmethod
    def false_positives(cls, calibration: Calibration | None) -> float:
        """Return how often other tweets are labelled negative, by the confusion matrix."""
        if calibration is None:
            return 0.0
        others = calibration.confusion[1:]
        return float(others[:, 0].sum() / others.sum())


@dataclass(frozen=True, slots=True)
class Usual:
    """What is known of an entity's usual days."""

    negatives: float
    tweets: float
    per_day: float
    """Tweets a day."""

    @property
    def share(self) -> float:
        """The share of negative labels."""
        return (self.negatives + 0.5) / (self.tweets + 1)


@dataclass(frozen=True, slots=True)
class Design:
    """A CUSUM: a negative tweet is ``up``, any other ``down``."""

    up: int
    down: int
    threshold: int
    """From 0 up to here: an alert."""
    recovery: int
    """From the threshold down by so much: the alert is over."""


_NEVER: Final = Design(up=0, down=1, threshold=1, recovery=1)


def raised(share: float, tuning: Tuning) -> float:
    """Return the share of negative labels once that of negative tweets has risen.

    Labels rise by less: false positives, by the confusion matrix, are no more than before. At least
    half of an entity's negative labels are taken for right, for the matrix counts the mistakes of
    all entities, and one with fewer negative labels has fewer of them.
    """
    wrong = min(tuning.false_positive, share / 2)
    return min(share + (tuning.rise - 1) * (share - wrong), (1 + share) / 2)


def lasting_tweets(per_day: float, tuning: Tuning) -> float:
    """Return how many tweets an alert takes to become the new usual."""
    return min(max(float(tuning.learn_tweets), LASTING_DAYS * per_day), _LONGEST)


def design(usual: Usual, tuning: Tuning) -> Design:
    """Return the CUSUM for an entity.

    What is usual is only estimated, and where it is estimated a tenth too low, false alarms come
    1.3 to 8 times as often. So the threshold is such that they come as often as wanted on average
    over all shares that the tweets so far speak for.
    """
    if usual.share > _MOST:
        return _NEVER
    share = max(usual.share, _LEAST)
    risen = raised(share, tuning)
    up, down = _steps(share, risen)
    shares, weights = _plausible(share, usual.tweets, risen)
    most = min(_STATES, round(_HIGHEST * down / math.log((1 - share) / (1 - risen))))
    lasting = lasting_tweets(usual.per_day, tuning)
    wanted = min(tuning.false_alarm_days * usual.per_day, _LONGEST)

    # A rise that goes on is called over by mistake no sooner than it would be the usual anyway.
    back = RunLengths(1 - np.append(shares, risen), down, up)
    recovery = _first(back.least, most, lambda k: float(back.average(k)[-1]) >= lasting)
    # A false alarm holds for a while, and there is no other meanwhile.
    held = np.minimum(back.average(recovery)[:-1], lasting)
    out = RunLengths(shares, up, down)
    threshold = _first(
        out.least, most, lambda k: float((weights / (out.average(k) + held)).sum()) * wanted <= 1
    )
    return Design(up, down, threshold, recovery)


def _steps(usual: float, risen: float) -> tuple[int, int]:
    """Return steps whose ratio is that of the evidence (log likelihood ratios), without divisor."""
    negative = math.log(risen / usual)
    other = math.log((1 - usual) / (1 - risen))
    reference = other / (negative + other)
    down = math.ceil(other / _STEP)
    while True:
        nearest = round(down * negative / other)
        for up in (nearest, nearest + 1, nearest - 1):
            off = abs(down / (up + down) - reference)
            if up > 0 and math.gcd(up, down) == 1 and off <= _NEAR * (risen - usual):
                return up, down
        down += 1


def _plausible(share: float, tweets: float, risen: float) -> tuple[Floats, Floats]:
    """Return shares that an estimate from so many tweets speaks for, and how much for each.

    By Jeffreys' posterior, a Beta distribution, cut off where it makes no difference: far below the
    usual share there are no false alarms, far above they come at once.
    """
    a, b = share * (tweets + 1), (1 - share) * (tweets + 1)
    spread = math.sqrt(1 / a + 1 / b)
    logits = math.log(share / (1 - share)) + spread * np.linspace(-_WIDTH, _WIDTH, _POINTS)
    shares = 1 / (1 + np.exp(-logits))
    weights = np.exp(
        a * np.log(shares / share) + b * np.log((1 - shares) / (1 - share))
    )  # of the logit: the Beta's density times p(1 - p)
    shares = np.clip(shares, 0.7 * share, (1 + risen) / 2)
    return shares, weights / weights.sum()


def _first(least: int, most: int, reached: Callable[[int], bool]) -> int:
    """Return the lowest threshold that meets a monotone condition, or the highest."""
    low, high = least - 1, least
    while high < most and not reached(high):
        low, high = high, min(high + max(1, high // 8), most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
