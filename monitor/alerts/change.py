"""When a rise began, by likelihood, and what has risen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.standings.quantification import Floats

_Counts: TypeAlias = NDArray[np.int64] | Floats
Kind: TypeAlias = Literal["", "share", "volume", "both"]
_INTERVAL: Final = 1.92
"""Nats below the maximum of the likelihood that a 95 % interval reaches (half of chi-squared)."""
_LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Change:
    """Where a rise began, as indices of tweets."""

    first: int
    """The first tweet after the change: the maximum of the likelihood."""
    earliest: int
    """The 95 % interval's ends."""
    latest: int
    kind: Kind


def change_point(
    negative: NDArray[np.bool_], steady: Floats, share: float, pace: float, dispersion: float
) -> Change:
    """Find the beginning that makes tweets, up to the one that raised an alert, most likely.

    Before it share and volume are the usual ones, after it those of the tweets since, where these
    are higher.

    Args:
        negative: labels in order of arrival [tweets].
        steady: when they came, in steady seconds [tweets].
        share: the usual share of negative labels.
        pace: usual tweets a second; 0: volume is not judged.
        dispersion: how volume spreads, as a multiple of a Poisson's variance.
    """
    tweets = np.arange(len(negative), 0, -1)
    negatives = np.cumsum(negative[::-1], dtype=np.int64)[::-1]
    by_share = _share(negatives, tweets, share)
    if pace:
        before = np.concatenate((steady[:1], steady[:-1]))
        by_volume = _volume(tweets, steady[-1] - before, pace, dispersion)
    else:
        by_volume = np.zeros(len(tweets))
    evidence = by_share + by_volume
    first = int(np.argmax(evidence))
    near = np.flatnonzero(evidence >= evidence[first] - _INTERVAL)
    kind: Kind
    if min(by_share[first], by_volume[first]) >= _INTERVAL:
        kind = "both"
    else:
        kind = "share" if by_share[first] >= by_volume[first] else "volume"
    return Change(first, int(near[0]), int(near[-1]), kind)


def share_evidence(negatives: float, tweets: float, usual: float) -> float:
    """Return the log likelihood ratio, in nats, of a share that is higher than usual; 0 if not."""
    return float(_share(np.array([negatives]), np.array([tweets]), usual)[0]) if tweets else 0.0


def volume_evidence(tweets: float, seconds: float, pace: float, dispersion: float) -> float:
    """Return the same of the number of tweets in a time."""
    if not pace:
        return 0.0
    return float(_volume(np.array([tweets]), np.array([seconds]), pace, dispersion)[0])


def _share(negatives: _Counts, tweets: _Counts, usual: float) -> Floats:
    """Compare the share since then with the usual one, estimated with one usual tweet more.

    So few tweets that happen to be alike are not what a rise began with.
    """
    usual = min(max(usual, _LEAST), 1 - _LEAST)
    now = (negatives + usual) / (tweets + 1)
    ratio = negatives * np.log(now / usual)
    ratio += (tweets - negatives) * np.log((1 - now) / (1 - usual))
    return np.asarray(np.where(now > usual, ratio, 0.0), np.float64)


def _volume(tweets: _Counts, seconds: Floats, pace: float, dispersion: float) -> Floats:
    """Compare the number of tweets with the usual one, likewise."""
    expected = pace * seconds
    times = (tweets + 1) / (expected + 1)
    ratio = tweets * np.log(times) - (times - 1) * expected
    return np.asarray(np.where(times > 1, ratio / dispersion, 0.0), np.float64)
