"""What is fitted for an entity: from the probabilities of both tasks to three classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.verdict import POLARITIES, TASKS

Floats: TypeAlias = NDArray[np.float64]

CLASSES: Final = len(POLARITIES)
FEATURES: Final = CLASSES * len(TASKS)
"""A log-probability of each of `POLARITIES`, of the first of `TASKS` (reputation), then the next.
"""

FLOOR: Final = 1e-6
"""What a probability counts as at least: networks say 0 of what they take for impossible."""


def log_probabilities(probabilities: ArrayLike) -> Floats:
    """Return the logarithms of probabilities, of `FLOOR` where they are less."""
    found: Floats = np.log(np.maximum(np.asarray(probabilities, np.float64), FLOOR))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A multinomial logistic regression of the classes on the log-probabilities."""

    weights: Floats
    """A row a log-probability, a column a class [6, 3]."""
    biases: Floats
    """[3]"""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Return what `as_lists` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            weights, biases = (np.array(table[name], np.float64) for name in ("weights", "biases"))
        except (KeyError, TypeError, ValueError):
            raise ValueError("not the weights and biases of a fit") from None
        if weights.shape != (FEATURES, CLASSES) or biases.shape != (CLASSES,):
            raise ValueError(
                f"weights are {list(weights.shape)} and biases {list(biases.shape)}; "
                f"must be {[FEATURES, CLASSES]} and {[CLASSES]}"
            )
        if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
            raise ValueError("a weight or bias is not a number")
        return cls(weights, biases)

    def as_lists(self) -> dict[str, Any]:
        """Return what JSON holds, to the last digit."""
        return {"weights": self.weights.tolist(), "biases": self.biases.tolist()}

    def apply(self, log_probabilities: ArrayLike) -> Floats:
        """Return the probabilities of the classes [n, 3], a row of 1 in all a tweet.

        Args:
            log_probabilities: [n, 6]; below that of `FLOOR` they count as it.
        """
        return softmax(clipped(log_probabilities) @ self.weights + self.biases)


def clipped(log_probabilities: ArrayLike) -> Floats:
    """Return log-probabilities between that of `FLOOR` and 0, which rounding may have passed."""
    return np.clip(np.asarray(log_probabilities, np.float64), np.log(FLOOR), 0.0)


def softmax(logits: Floats) -> Floats:
    """Return probabilities [n, classes]."""
    powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


AS_IT_IS: Final = Fitted(np.eye(FEATURES, CLASSES), np.zeros(CLASSES))
"""Gives back the model's own probabilities of reputation."""
