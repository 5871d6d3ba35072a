"""How far a figure would move with other tweets: percentile bootstrap intervals.

Efron, Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13. A resample draws as many
tweets as there are, with replacement; the interval holds the middle 95 % of the figures of all
resamples. It tells of chance in the choice of tweets from the same entities, annotators and time,
and of nothing else. Figures that chance makes larger (the calibration error, in small sets) have
intervals that lie too high.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from monitor.lab.metrics import Floats

SHARE = 0.95
"""Share of the resamples' figures that lie inside an interval."""

RESAMPLES = 1000
"""Resamples unless another number is asked for; an end of an interval is then the 25th of them."""

_ELEMENTS = 2**18
"""Of an array at a time: what stays in a core's cache, and is no burden on a board."""


@dataclass(frozen=True)
class Figure:
    """A figure with the ends of its interval; all nan where it is not defined."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, replicates: Floats) -> Self:
        """Return ``value`` with the interval of its ``replicates`` [resamples].

        Resamples in which it is not defined (a class or entity drew no tweet) are left out.
        """
        known = replicates[~np.isnan(replicates)]
        if np.isnan(value) or not known.size:
            return cls(value, float("nan"), float("nan"))
        low, high = np.quantile(known, [(1 - SHARE) / 2, (1 + SHARE) / 2])
        return cls(value, float(low), float(high))


def resamples(tweets: int, count: int, seed: int, width: int = 0) -> Iterator[NDArray[np.intp]]:
    """Yield ``count`` resamples in chunks of indices [resamples, tweets].

    Args:
        tweets: how many there are to draw from, and are drawn.
        count: of resamples, over all chunks.
        seed: the same gives the same resamples.
        width: numbers that the caller keeps a resample; chunks are small if it is large.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _ELEMENTS // max(tweets, width))
    for start in range(0, count, step):
        yield generator.integers(tweets, size=(min(step, count - start), tweets))


def sums(
    codes: NDArray[np.intp], index: NDArray[np.intp], width: int, weights: Floats | None = None
) -> NDArray[Any]:
    """Count each resample's tweets by code, or sum their weights.

    Args:
        codes: of each tweet, 0 to ``width - 1`` [tweets].
        index: resamples, as `resamples` yields them.
        width: number of codes.
        weights: of each tweet, or nothing to count [tweets].

    Returns:
        Counts, or sums of weights [resamples, width].
    """
    rows = np.arange(len(index), dtype=np.intp)[:, None] * width
    counted = np.bincount(
        (codes[index] + rows).ravel(),
        None if weights is None else weights[index].ravel(),
        minlength=len(index) * width,
    )
    return counted.reshape(len(index), width)
