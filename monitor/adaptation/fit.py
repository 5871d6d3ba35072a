"""Labelled tweets of one entity -> its fit, drawn towards the model as it is.

Maximum likelihood with a ridge penalty (le Cessie and van Houwelingen 1992, "Ridge estimators in
logistic regression"), which is the most likely fit if weights and biases differ from `AS_IT_IS` by
normal errors of variance 1 / ridge. So few labels move it little, and one class alone is no
trouble. The loss is strictly convex: it has one minimum, which Newton's steps, halved while they
do not pay (Boyd and Vandenberghe 2004, Convex Optimization, 9.5), reach from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.adaptation.fitted import AS_IT_IS, CLASSES, FEATURES, Fitted, Floats, clipped, softmax

Labels: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]

ON_WEIGHTS: Final = 20.0
"""Ridge on what a weight differs by; not chosen on the test sets that it is scored on."""
ON_BIASES: Final = 1.0
"""Ridge on a bias: how often an entity's tweets are negative says most of what it has of its own.
"""

CONVERGED: Final = 1e-6
"""No entry of the gradient is larger; nor is a parameter's error, by a ridge of 1 and more."""

_STEPS: Final = 200
"""Of Newton's, of which some five are taken."""
_PAYS: Final = 1e-4
"""Part of the decrease that a step promises which it has to keep (Armijo)."""
_ROUNDING: Final = 1e-13
"""Of a loss: smaller changes of it mean nothing."""


def fit(
    log_probabilities: ArrayLike,
    labels: Labels,
    *,
    on_weights: float = ON_WEIGHTS,
    on_biases: float = ON_BIASES,
) -> Fitted:
    """Fit an entity's labelled tweets; none leave the model as it is.

    The loss is the sum over tweets of the label's negative log-likelihood, and half the ridge times
    the squares of what the parameters differ by from `AS_IT_IS`. The same rows give the same fit.

    Args:
        log_probabilities: of both tasks, as `fitted.FEATURES` says [n, 6].
        labels: indices into `POLARITIES` [n].
        on_weights: ridge, above 0.
        on_biases: likewise.

    Raises:
        ValueError: an array has another shape, a label is none, a log-probability is not a number,
            or a ridge is not above 0.
        ArithmeticError: the minimum was not reached; that takes numbers beyond a double's.
    """
    features, truth = checked(log_probabilities, labels)
    if not (0 < on_weights < np.inf and 0 < on_biases < np.inf):
        raise ValueError(f"ridges are {on_weights} and {on_biases}; must be above 0")
    ridge = np.array([[on_weights]] * FEATURES + [[on_biases]])
    start = np.vstack([AS_IT_IS.weights, AS_IT_IS.biases])
    found = _minimum(features, truth, start, ridge)
    return Fitted(found[:FEATURES].copy(), found[FEATURES].copy())


def checked(log_probabilities: ArrayLike, labels: Labels) -> tuple[Floats, NDArray[np.intp]]:
    """Return log-probabilities with a column of ones for the biases [n, 7], and labels [n]."""
    logs, truth = clipped(log_probabilities), np.asarray(labels, np.intp)
    if not logs.size:
        logs = logs.reshape(0, FEATURES)
    if logs.shape != (truth.size, FEATURES) or truth.ndim != 1:
        raise ValueError(
            f"labels {list(truth.shape)} and log-probabilities {list(logs.shape)}; "
            f"must be [n] and [n, {FEATURES}]"
        )
    if not np.isfinite(logs).all():
        raise ValueError("a log-probability is not a number")
    if ((truth < 0) | (truth >= CLASSES)).any():
        raise ValueError(f"a label is not one of 0 to {CLASSES - 1}")
    return np.hstack([logs, np.ones((len(logs), 1))]), truth


def _minimum(features: Floats, truth: NDArray[np.intp], start: Floats, ridge: Floats) -> Floats:
    """Return the parameters with the least loss [7, 3]; ``start`` is what they are drawn to."""
    target = np.eye(CLASSES)[truth]
    found = start
    loss = _loss(features, truth, found, start, ridge)
    for _ in range(_STEPS):
        given = softmax(features @ found)
        gradient = features.T @ (given - target) + ridge * (found - start)
        if np.abs(gradient).max() <= CONVERGED:
            return found
        step = np.linalg.solve(_curvature(features, given, ridge), gradient.ravel())
        promised = _PAYS * float(step @ gradient.ravel())
        step = step.reshape(found.shape)
        part = 1.0
        while True:
            candidate = found - part * step
            after = _loss(features, truth, candidate, start, ridge)
            if after <= loss - part * promised + _ROUNDING * (1 + abs(loss)):
                break
            part /= 2
        found, loss = candidate, after
    raise ArithmeticError("the fit did not converge")


def _loss(
    features: Floats, truth: NDArray[np.intp], at: Floats, start: Floats, ridge: Floats
) -> float:
    logits = features @ at
    logits -= logits[np.arange(len(truth)), truth][:, None]
    return float(np.logaddexp.reduce(logits, axis=1).sum() + (ridge * (at - start) ** 2).sum() / 2)


def _curvature(features: Floats, given: Floats, ridge: Floats) -> Floats:
    """Return the Hessian, a row and a column a parameter, class by class of a feature [21, 21]."""
    width = features.shape[1]
    each = (features[:, :, None] * given[:, None, :]).reshape(-1, width * CLASSES)
    found = (-each.T @ each).reshape(width, CLASSES, width, CLASSES)
    same = (each.T @ features).reshape(width, CLASSES, width)
    for one in range(CLASSES):
        found[:, one, :, one] += same[:, one]
    matrix: Floats = found.reshape(width * CLASSES, width * CLASSES)
    matrix[np.diag_indices_from(matrix)] += np.repeat(ridge, CLASSES)
    return matrix
