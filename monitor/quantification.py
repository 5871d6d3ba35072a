"""Shares of polarity, corrected for the classifier's known mistakes (quantification).

A classifier that is right eight times in ten counts wrongly, and not by chance: its mistakes do not
cancel out. What held-out tweets tell of them corrects the counts:

* ``regression``: of many held-out entities, the shares of labels are regressed on the true shares
  (Goodman 1953, ecological regression), and what is left over, between entities and within, gives
  the intervals. No class of mistakes needs to be the same from entity to entity.
* ``adjusted``: adjusted counts, the confusion matrix inverted (Forman 2008, "Quantifying counts
  and costs via classification").
* ``em``: the most likely shares under that matrix, by expectation-maximisation (Saerens, Latinne
  and Decaestecker 2002), here on counts of labels rather than on each tweet's probabilities.

The last two are right if an entity's tweets of one polarity are mistaken as often as anybody's.
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
_STEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Calibration:
    """What held-out tweets say of one task's labels; classes in the order of `POLARITIES`."""

    confusion: Floats
    """Counts, a row a true class, a column a label [3, 3]."""
    mapping: Floats | None = None
    """True shares expected of each label, a row a label [3, 3]."""
    between: Floats | None = None
    """Covariance of what an entity's shares differ from that [3, 3]."""
    within: Floats | None = None
    """The same of a single tweet; divided by their number, of a window [3, 3]."""

    @classmethod
    def of(cls, card: Mapping[str, Any] | None) -> Self | None:
        """Read a task's table of ``[calibration]`` (model.toml); None if it says nothing."""
        if not card or "confusion" not in card:
            return None
        shares = card.get("shares", {})
        return cls(
            np.array(card["confusion"], np.float64),
            *(
                np.array(shares[name], np.float64) if name in shares else None
                for name in ("mapping", "between", "within")
            ),
        )

    @property
    def best(self) -> Method:
        """The method to take unless another is asked for."""
        return "none" if self.mapping is None else "regression"


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of negative, neutral and positive in windows of tweets; nan where there are none."""

    values: Floats
    """[windows, 3], each row sums to 1."""
    covariance: Floats
    """Of all that is uncertain, the classifier's way with this entity included [windows, 3, 3]."""
    chance: Floats
    """Of chance alone: what makes windows of the same entity differ [windows, 3, 3]."""


def correct(counts: Floats, calibration: Calibration | None, method: Method) -> Shares:
    """Return the shares behind counts of labels [windows, 3].

    Raises:
        ValueError: if the model's calibration does not hold what the method needs.
    """
    counts = np.asarray(counts, np.float64)
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = counts / total[:, None]
        # Of labels as of any draw, with a half of each class beside what was seen (Jeffreys).
        seen = (counts + 0.5) / (total + 1.5)[:, None]
        drawn = (_diagonal(seen) - seen[:, :, None] * seen[:, None, :]) / total[:, None, None]
    if method == "none":
        return Shares(plain, drawn, drawn)
    if calibration is None:
        raise ValueError("the model has no calibration")
    if method == "regression":
        if calibration.mapping is None or calibration.between is None or calibration.within is None:
            raise ValueError("the model's calibration has no regression")
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = calibration.within / total[:, None, None]
        mapped = calibration.mapping.T @ drawn @ calibration.mapping
        return Shares(plain @ calibration.mapping, chance + calibration.between, chance + mapped)
    rows = calibration.confusion + 0.5
    rates = rows / rows.sum(axis=1, keepdims=True)
    inverse = np.linalg.inv(rates)
    values = plain @ inverse if method == "adjusted" else _most_likely(plain, rates)
    spread = inverse.T @ drawn @ inverse
    return Shares(_on_simplex(values) if method == "adjusted" else values, spread, spread)


def _most_likely(plain: Floats, rates: Floats) -> Floats:
    values = np.full_like(plain, 1 / _CLASSES)
    for _ in range(_STEPS):
        joint = values[:, :, None] * rates
        values = ((joint / joint.sum(axis=1, keepdims=True)) * plain[:, None, :]).sum(axis=2)
    return values


def _on_simplex(values: Floats) -> Floats:
    clipped = np.clip(values, 0, 1)
    result: Floats = clipped / clipped.sum(axis=1, keepdims=True)
    return result


def _diagonal(rows: Floats) -> Floats:
    result: Floats = rows[:, :, None] * np.eye(_CLASSES)
    return result
