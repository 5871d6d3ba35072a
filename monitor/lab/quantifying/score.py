"""How near corrected shares come to the truth, and how often their intervals hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from monitor.lab.intervals import Figure
from monitor.lab.metrics import ratio
from monitor.lab.quantifying.fit import EntityTweets
from monitor.standings import METHODS, Calibration, Method
from monitor.standings.quantification import Floats, Z, correct
from monitor.standings.standing import NET

RESAMPLES: Final = 2000

Found: TypeAlias = tuple[Floats, Floats | None]
"""Shares [windows, 3], and their covariances where there are intervals."""


@dataclass(frozen=True)
class Score:
    """Of one method, over windows of which each has its true shares."""

    error: float
    """Mean absolute error of the three shares, over windows."""
    relative: float
    """The same as part of the true share; both smoothed, as QuaPy does, by half a tweet."""
    against_plain: tuple[float, float, float] | None
    """The error as part of plain counting's, and its 95 % bootstrap interval over windows; None
    where plain counting makes none."""
    bias: tuple[float, ...]
    """Mean of estimate less truth: negative, neutral, positive, net."""
    coverage: float | None = None
    """Share of the shares' intervals that hold the truth; None for a method without intervals."""
    net_coverage: float | None = None
    """The same of the net score's."""
    half: float | None = None
    """Mean of half the shares' intervals."""
    net_half: float | None = None
    """The same of the net score's."""


def estimates(counts: Floats, calibration: Calibration) -> dict[str, Found]:
    """Return shares [windows, 3] and covariances of every method that the calibration allows."""
    allowed: list[Method] = [m for m in METHODS if m != "regression" or calibration.best == m]
    found = {method: correct(counts, calibration, method) for method in reversed(allowed)}
    return {method: (shares.values, shares.covariance) for method, shares in found.items()}


def scores(
    found: Mapping[str, Found], truth: Floats, tweets: Floats, seed: int
) -> dict[str, Score]:
    """Score every method.

    Args:
        found: shares [windows, 3] and, where there are intervals, covariances; with ``none``.
        truth: [windows, 3].
        tweets: of each window.
        seed: of the resamples.
    """
    windows = len(truth)
    drawn = np.random.default_rng(seed).integers(windows, size=(RESAMPLES, windows))
    plain = np.abs(found["none"][0] - truth).mean(axis=1)
    smooth = (1 / (2 * tweets))[:, None]
    result = {}
    for name, (values, covariance) in found.items():
        errors = np.abs(values - truth)
        mean = errors.mean(axis=1)
        ratios = ratio(mean[drawn].mean(axis=1), plain[drawn].mean(axis=1))
        whole = Figure.of(float(ratio(mean.mean(), plain.mean())), ratios)
        apart = (values - truth).mean(axis=0)
        result[name] = Score(
            float(errors.mean()),
            float((errors / (truth + smooth)).mean()),
            None if np.isnan(whole.value) else (whole.value, whole.low, whole.high),
            (*map(float, apart), float(apart @ NET)),
            *(() if covariance is None else held(values, covariance, truth)),
        )
    return result


def held(values: Floats, covariance: Floats, truth: Floats) -> tuple[float, float, float, float]:
    """Return how often intervals hold the truth, of shares and of net, and half their widths."""
    half = Z * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    net_half = Z * np.sqrt(np.einsum("i,wij,j->w", NET, covariance, NET))
    return (
        float((np.abs(values - truth) <= half).mean()),
        float((np.abs((values - truth) @ NET) <= net_half).mean()),
        float(half.mean()),
        float(net_half.mean()),
    )


def counted(entities: Sequence[EntityTweets]) -> tuple[Floats, Floats, Floats]:
    """Return counts of labels [entities, 3], true shares [entities, 3] and tweets [entities]."""
    counts = np.array([entity.given.sum(axis=0) for entity in entities])
    truth = np.array([entity.true.mean(axis=0) for entity in entities])
    return counts, truth, counts.sum(axis=1)
