"""Adaptive depth: a small network answers what it is sure of, a larger one the rest.

Two models one after the other (FrugalGPT's cascade, arXiv 2305.05176; early exits by confidence,
BERxiT, EACL 2021). Which answers are passed on is settled by a threshold on the small one's
highest probability. What a cascade saves it saves on average; its slowest tweets take both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.evaluation.metrics import score
from monitor.model import POLARITIES

SHARES = np.linspace(0.05, 0.95, 19)
"""Shares of tweets that may be passed on."""


@dataclass(frozen=True)
class Answers:
    """What one network says to labelled tweets: labels' indices and probabilities [tweets]."""

    given: NDArray[np.int64]
    sure: NDArray[np.float64]


@dataclass(frozen=True)
class Cascade:
    """A threshold (0-1), the share of tweets passed on, and the macro-recall of both together."""

    threshold: float
    passed: float
    accuracy: float

    def latency(self, first: float, second: float) -> float:
        """Return the mean seconds a tweet, from those of each network."""
        return first + self.passed * second


def macro_recall(truth: Sequence[int], given: Sequence[int]) -> float:
    """Return the macro-recall (0-1) over `POLARITIES`."""
    return score(list(truth), list(given), POLARITIES).macro_recall


def cascades(
    first: Answers, second: Answers, truth: NDArray[np.int64], calibrating: NDArray[np.bool_]
) -> list[Cascade]:
    """Return a cascade for each of `SHARES`.

    Thresholds are quantiles on the tweets that are ``calibrating`` [tweets], shares and
    macro-recall those on the others.
    """
    found = []
    for share in SHARES:
        threshold = float(np.quantile(first.sure[calibrating], share))
        held = ~calibrating
        passed = first.sure[held] < threshold
        given = np.where(passed, second.given[held], first.given[held])
        found.append(
            Cascade(
                threshold,
                float(passed.mean()),
                macro_recall(truth[held].tolist(), given.tolist()),
            )
        )
    return found
