"""Shares of polarity, corrected for the classifier's known mistakes (quantification).

A classifier that is right eight times in ten counts wrongly, and not by chance: its mistakes do not
cancel out. What labelled tweets tell of them corrects the counts:

* ``regression``: over many entities, the true shares are regressed on the shares of the labels
  (Goodman 1953, ecological regression); what held-out ones differ by from that line makes the
  intervals. Nothing needs to be the same from entity to entity.
* ``adjusted``: adjusted counts, the confusion matrix inverted (Forman 2008, "Quantifying counts
  and costs via classification").
* ``em``: the most likely shares under that matrix, by expectation-maximisation (Saerens, Latinne
  and Decaestecker 2002), here on counts of labels rather than on each tweet's probabilities.

The last two are right if an entity's tweets of one polarity are mistaken as often as anybody's.
docs/quantification.md has what each is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["regression", "adjusted", "em", "none"]
METHODS: Final = ("regression", "adjusted", "em", "none")

Z: Final = 1.959964
"""Half the width of a 95 % interval, in standard deviations."""

_CLASSES: Final = 3
_UNSEEN: Final = 0.5
"""What each class counts beyond what was seen (Jeffreys' prior)."""
_STEPS: Final = 500
_CONVERGED: Final = 1e-9
_CONDITION: Final = 1e6


@dataclass(frozen=True, slots=True)
class Calibration:
    """What held-out tweets say of one task's labels; classes in the order of `POLARITIES`."""

    confusion: Floats
    """Counts, a row a true class, a column a label [3, 3]."""
    mapping: Floats | None = None
    """True shares expected of each label, a row a label; rows sum to 1 [3, 3]."""
    between: Floats | None = None
    """Covariance of what an entity's true shares differ from that [3, 3]."""
    drift: Floats | None = None
    """The part of it that does not last from one window to the next [3, 3]."""

    @classmethod
    def of(cls, card: Mapping[str, Any] | None) -> Self | None:
        """Read a task's table of ``[calibration]`` (model.toml); None if it says nothing."""
        if not card or "confusion" not in card:
            return None
        found = card.get("shares", {})
        names = ("mapping", "between", "drift")
        fitted = [np.array(found[n], np.float64) for n in names] if {*names} <= {*found} else []
        return cls(np.array(card["confusion"], np.float64), *fitted)

    @property
    def best(self) -> Method:
        """The method to take unless another is asked for."""
        return "none" if self.mapping is None else "regression"

    @property
    def rates(self) -> Floats:
        """How often a true class (row) gets a label (column); rows sum to 1 [3, 3]."""
        seen = self.confusion + _UNSEEN
        return np.asarray(seen / seen.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of negative, neutral and positive in windows of tweets; nan where there are none."""

    values: Floats
    """[windows, 3], each row sums to 1."""
    covariance: Floats
    """Of all that is uncertain, the classifier's way with this entity included [windows, 3, 3]."""
    chance: Floats
    """Of what makes windows of the same entity differ though nothing changed [windows, 3, 3]."""


def correct(counts: Floats, calibration: Calibration | None, method: Method) -> Shares:
    """Return the shares behind counts of labels [windows, 3].

    The tweets of a window count as drawn from all that might have been said, so that few tweets
    have wide intervals.

    Raises:
        ValueError: if the model's calibration does not hold what the method needs.
    """
    counts = np.asarray(counts, np.float64)
    empty = counts.sum(axis=1) == 0
    shares = _corrected(np.where(empty[:, None], 1.0, counts), calibration, method)
    for numbers in (shares.values, shares.covariance, shares.chance):
        numbers[empty] = np.nan
    return shares


def _corrected(counts: Floats, calibration: Calibration | None, method: Method) -> Shares:
    total = counts.sum(axis=1)
    plain = counts / total[:, None]
    seen = (counts + _UNSEEN) / (total + _CLASSES * _UNSEEN)[:, None]
    drawn = _multinomial(seen) / total[:, None, None]
    if method == "none":
        return Shares(plain, drawn, drawn)
    if calibration is None:
        raise ValueError("the model has no calibration")
    if method == "regression":
        if calibration.mapping is None or calibration.between is None or calibration.drift is None:
            raise ValueError("the model's calibration has no regression")
        mapped = calibration.mapping.T @ drawn @ calibration.mapping
        return Shares(
            plain @ calibration.mapping, mapped + calibration.between, mapped + calibration.drift
        )
    return _by_confusion(plain, drawn, calibration, method)


def _by_confusion(
    plain: Floats, drawn: Floats, calibration: Calibration, method: Literal["adjusted", "em"]
) -> Shares:
    """Solve ``plain = values @ rates``, all windows at once."""
    rates = calibration.rates
    if np.linalg.cond(rates) > _CONDITION:
        raise ValueError("the model's confusion matrix does not tell the classes apart")
    inverse = np.linalg.inv(rates)
    values = plain @ inverse
    outside = (values < 0).any(axis=1)
    if method == "em":
        values[outside] = _most_likely(plain[outside], rates)
    else:
        values[outside] = np.clip(values[outside], 0, None)
        values[outside] /= values[outside].sum(axis=1, keepdims=True)
    # The rows of the matrix were counted, too: the delta method, Dirichlet's covariances.
    known = calibration.confusion.sum(axis=1) + _CLASSES * _UNSEEN
    counted = np.einsum("wi,ijk->wjk", values**2, _multinomial(rates) / (known + 1)[:, None, None])
    return Shares(values, inverse.T @ (drawn + counted) @ inverse, inverse.T @ drawn @ inverse)


def _most_likely(plain: Floats, rates: Floats) -> Floats:
    """Climb to the most likely shares on the simplex.

    Where `plain` is within reach of the matrix these are the adjusted ones, without a climb.
    """
    values = np.full_like(plain, 1 / _CLASSES)
    for _ in range(_STEPS):
        before = values
        values = values * ((plain / (values @ rates)) @ rates.T)
        if np.abs(values - before).max(initial=0.0) < _CONVERGED:
            break
    return values


def _multinomial(shares: Floats) -> Floats:
    """Return the covariance of one draw from each row of `shares` [n, 3] -> [n, 3, 3]."""
    result: Floats = shares[:, :, None] * (np.eye(_CLASSES) - shares[:, None, :])
    return result
