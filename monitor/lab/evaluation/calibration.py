"""Whether a probability means what it says, and what is gained by keeping silent when unsure.

The probability of an answer is that of the winning label: of three, at least 1/3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.lab.metrics import Floats

BINS = 15
"""Bins of equal width between 0 and 1, as in Guo et al. 2017 (arXiv 1706.04599)."""

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Probabilities (0-1) below which an answer may be withheld."""


@dataclass(frozen=True)
class Bin:
    """Answers whose probability is in ``(low, high]``; the means (0-1) are None of no answer."""

    low: float
    high: float
    tweets: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Abstention:
    """What is left when answers below ``threshold`` are withheld.

    ``coverage`` is the share of tweets answered, ``accuracy`` that of the answers that are right
    (None of no answer); all are in 0-1.
    """

    threshold: float
    coverage: float
    accuracy: float | None


def bin_of(confidence: Floats) -> NDArray[np.intp]:
    """Return the bin of each probability, 0 to ``BINS - 1``."""
    bins: NDArray[np.intp] = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.intp)
    return bins


def calibration_error(gaps: Floats, tweets: int) -> Floats:
    """Return the expected calibration error (0-1) [...]: the mean distance of the bins, by size.

    Guo et al. 2017, equation 3. Chance alone makes it positive, in small sets by much.

    Args:
        gaps: in each bin, the sum over its answers of probability less rightness [..., bins].
        tweets: number of answers.
    """
    error: Floats = np.abs(gaps).sum(axis=-1) / tweets
    return error


def reliability_bins(confidence: Floats, right: NDArray[np.bool_]) -> list[Bin]:
    """Return all bins with their counts and means: the points of a reliability diagram."""
    bins = bin_of(confidence)
    counts = np.bincount(bins, minlength=BINS)
    sure = np.bincount(bins, confidence, minlength=BINS)
    hits = np.bincount(bins, right, minlength=BINS)
    return [
        Bin(
            low=i / BINS,
            high=(i + 1) / BINS,
            tweets=int(count),
            confidence=float(sure[i] / count) if count else None,
            accuracy=float(hits[i] / count) if count else None,
        )
        for i, count in enumerate(counts)
    ]


def abstentions(confidence: Floats, right: NDArray[np.bool_]) -> list[Abstention]:
    """Return coverage and accuracy at each of `THRESHOLDS`."""
    found = []
    for threshold in THRESHOLDS:
        kept = confidence >= threshold
        answered = int(kept.sum())
        found.append(
            Abstention(
                threshold,
                coverage=answered / len(confidence),
                accuracy=float(right[kept].mean()) if answered else None,
            )
        )
    return found
