"""Labelled tweets of several entities -> a fit for each, drawn towards what all have in common.

A normal hierarchical model (Gelman et al. 2013, "Bayesian Data Analysis", chapter 5): what an
entity's parameters differ by from the common ones, and what these differ by from `AS_IT_IS`, are
normal errors. The most likely parameters are found for all entities at once by Newton's steps,
halved while they do not pay (Boyd and Vandenberghe 2004, "Convex Optimization", 9.5): the loss is
strictly convex.

**A guard**: each fit is scored on labels that it was not fitted to (cross-validation), and drawn
back towards `AS_IT_IS` as far as that scores better; if nothing beats it clearly, or fewer labels
are right, all the way. So labels that teach nothing change nothing. Likewise what is common, which
an entity without labels gets: by entities that it was not fitted to. That labels are right is
asked apart, for probabilities gain from being less sure of themselves, and labels do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.adaptation.fit import ON_BIASES, ON_WEIGHTS, Labels, checked
from monitor.adaptation.fitted import AS_IT_IS, CLASSES, FEATURES, Fitted, Floats

FOLDS: Final = 5
PARTS: Final = (1.0, 0.75, 0.5, 0.25)
"""Of the way from `AS_IT_IS` to a fit, which are tried; else it is none."""
LEAST: Final = 5
"""Labels that an entity's own fit takes: fewer cannot be scored."""
LEAST_ENTITIES: Final = 3
"""With fewer, what is common to them cannot be told from what is one's own."""

_ROUNDS: Final = 200
"""Of Newton's, of which some seven are taken."""
_CONVERGED: Final = 1e-5
"""No parameter would move further in a round."""
_HALVINGS: Final = 40
_PAYS: Final = 1e-4
"""Part of the decrease that a step promises which it has to keep (Armijo)."""
_ROUNDING: Final = 1e-12
"""Of a loss: smaller changes of it mean nothing."""
_ROUNDS_APART: Final = 2
"""From the fit to all labels to that without a fifth of them: the error is far below chance."""
_SURE: Final = 1.0
"""Standard errors by which a fit has to beat `AS_IT_IS` on labels that it has not seen."""
_SURE_OF_OTHERS: Final = 1.0
"""Likewise, in labels that are right, for entities of which nothing is known."""
_AS_IT_IS: Final = np.vstack([AS_IT_IS.weights, AS_IT_IS.biases])
_RIDGE: Final = 2 * np.array([[ON_WEIGHTS]] * FEATURES + [[ON_BIASES]])
"""Of each of the two errors. Together their variance is that of `fit`, for a single entity."""
_WIDTH: Final = FEATURES + 1


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The fits of entities, and of those that have none."""

    own: Mapping[str, Fitted]
    """Of each entity with labels; `AS_IT_IS` itself where nothing beats it."""
    common: Fitted
    """Of every other."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Labelled tweets of entities, padded to the same number."""

    features: Floats
    """With a column of ones [entities, most, 7]."""
    truth: NDArray[np.intp]
    """[entities, most]"""
    there: NDArray[np.bool_]
    """Which are tweets [entities, most]."""
    folds: NDArray[np.intp]
    """By what a tweet is left out [entities, most]."""


def hierarchy(
    labelled: Mapping[str, tuple[ArrayLike, Labels]],
    *,
    seed: int = 0,
) -> Hierarchy:
    """Fit entities' labelled tweets together.

    Args:
        labelled: of each entity log-probabilities of both tasks as `fitted.FEATURES` says [n, 6]
            and indices into `POLARITIES` [n].
        seed: of the draw that divides labels for cross-validation.

    Raises:
        ValueError: as `monitor.adaptation.fit.fit`.
        ArithmeticError: the minimum was not reached; that takes numbers beyond a double's.
    """
    names = sorted(labelled)
    rows = _rows([checked(*labelled[name]) for name in names], seed)
    enough = rows.there.sum(axis=1)
    if not enough.any():
        return Hierarchy(dict.fromkeys(names, AS_IT_IS), AS_IT_IS)
    (own,), (common,) = _fitted(rows, rows.there[None])
    left = np.arange(FOLDS)[:, None, None]
    apart, _ = _fitted(rows, rows.there & (rows.folds != left), (own, common))
    scores = [_score(rows, apart[fold]) for fold in range(FOLDS)]
    found = {}
    for place, name in enumerate(names):
        part = 0.0
        if enough[place] >= LEAST:
            spared = [
                score.of(place, rows.folds[place] == fold) for fold, score in enumerate(scores)
            ]
            losses = np.concatenate([score.losses for score in spared], axis=1)
            right = np.concatenate([score.right for score in spared], axis=1)
            part = _part(losses, right.astype(np.float64), 0.0)
        found[name] = _between(own[place], part)
    return Hierarchy(found, _common(rows, own, common))


def _rows(given: Sequence[tuple[Floats, NDArray[np.intp]]], seed: int) -> _Rows:
    most = max((len(truth) for _, truth in given), default=0)
    features = np.zeros((len(given), most, _WIDTH))
    truth = np.zeros((len(given), most), np.intp)
    there = np.zeros((len(given), most), np.bool_)
    folds = np.full((len(given), most), -1, np.intp)
    for place, (logs, labels) in enumerate(given):
        count = len(labels)
        features[place, :count], truth[place, :count] = logs, labels
        there[place, :count] = True
        # Each class is divided evenly, in an order of its own for each entity.
        order = np.random.default_rng([seed, place]).permutation(count)
        order = order[labels[order].argsort(kind="stable")]
        folds[place, order] = np.arange(count) % FOLDS
    return _Rows(features, truth, there, folds)


def _fitted(
    rows: _Rows, kept: NDArray[np.bool_], near: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Fit several choices of labels side by side.

    Args:
        rows: all labels.
        kept: which are fitted to [choices, entities, most].
        near: the parameters fitted to all labels, which are not far away.

    Returns:
        The entities' parameters [choices, entities, 7, 3], and the common ones [choices, 7, 3].
    """
    choices, entities, _ = kept.shape
    # An entity without labels is where the common ones are, and says nothing of them.
    labelled = np.asarray(kept.any(axis=2))[:, :, None, None]
    problem = _Problem(rows, kept.astype(np.float64), labelled)
    begin = near or (_AS_IT_IS, _AS_IT_IS)
    own = np.broadcast_to(begin[0], (choices, entities, _WIDTH, CLASSES)).copy()
    common = np.broadcast_to(begin[1], (choices, _WIDTH, CLASSES)).copy()
    loss = problem.loss(own, common)
    for _ in range(_ROUNDS_APART if near else _ROUNDS):
        of_own, of_common, slope = problem.step(own, common)
        part = np.ones((choices, 1, 1))
        for _ in range(_HALVINGS):
            after = problem.loss(own + part[:, None] * of_own, common + part * of_common)
            allowed = loss + _PAYS * part[:, 0, 0] * slope + _ROUNDING * (1 + loss)
            pays = np.less_equal(after, allowed)
            if pays.all():
                break
            part[~pays] /= 2
        own, common, loss = own + part[:, None] * of_own, common + part * of_common, after
        if max(np.abs(of_own).max(), np.abs(of_common).max()) <= _CONVERGED:
            break
    else:
        if not near:
            raise ArithmeticError("the fits did not converge")
    return np.where(labelled, own, common[:, None]), common


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is to be least: the labels' losses, and the squares of what parameters differ by."""

    rows: _Rows
    weight: Floats
    """1 for a label that is fitted to [choices, entities, most]."""
    labelled: NDArray[np.bool_]
    """Entities with any [choices, entities, 1, 1]."""

    def loss(self, own: Floats, common: Floats) -> Floats:
        """Return the loss of each choice [choices]."""
        logits = self.rows.features @ own
        truth = np.broadcast_to(self.rows.truth[..., None], (*logits.shape[:-1], 1))
        losses = np.logaddexp.reduce(logits - np.take_along_axis(logits, truth, axis=-1), axis=-1)
        apart = self.labelled * _RIDGE * (own - common[:, None]) ** 2
        from_start = _RIDGE * (common - _AS_IT_IS) ** 2
        found = (self.weight * losses).sum(axis=(1, 2))
        return np.asarray(found + apart.sum(axis=(1, 2, 3)) / 2 + from_start.sum(axis=(1, 2)) / 2)

    def step(self, own: Floats, common: Floats) -> tuple[Floats, Floats, Floats]:
        """Return a step of Newton's, and how fast the loss falls along it [choices].

        Entities hang together by the common parameters alone, so the large matrix is one of blocks
        along its diagonal and its edge, which Schur's complement solves.
        """
        pulls, curvature = self._of_labels(own)
        ridge = np.tile(_RIDGE[:, 0], CLASSES)
        labelled = self.labelled[..., 0]
        apart = labelled * _flat(own - common[:, None]) * ridge
        gradient = _flat(pulls) + apart
        of_common = _flat(common - _AS_IT_IS) * ridge - apart.sum(axis=1)
        size = CLASSES * _WIDTH
        curvature[..., np.arange(size), np.arange(size)] += ridge
        inverse = labelled[..., None] * np.linalg.inv(curvature)
        turned = (inverse @ gradient[..., None])[..., 0]
        edge = -ridge[:, None] * inverse.sum(axis=1) * ridge
        edge[..., np.arange(size), np.arange(size)] += ridge * (1 + labelled.sum(axis=1))
        right = -of_common - ridge * turned.sum(axis=1)
        step = np.linalg.solve(edge, right[..., None])[..., 0]
        each = (inverse @ (ridge * step)[:, None, :, None])[..., 0] - turned
        slope = (gradient * each).sum(axis=(1, 2)) + (of_common * step).sum(axis=1)
        return _square(each), _square(step), slope

    def _of_labels(self, own: Floats) -> tuple[Floats, Floats]:
        """Return the labels' part of gradient [.., 7, 3] and curvature [.., 21, 21]."""
        features = self.rows.features
        given = features @ own
        given -= given.max(axis=-1, keepdims=True)
        np.exp(given, out=given)
        given /= given.sum(axis=-1, keepdims=True)
        turned = features.transpose(0, 2, 1)
        target = np.eye(CLASSES)[self.rows.truth]
        pulls = turned @ (self.weight[..., None] * (given - target))
        curvature = np.empty((*own.shape[:2], CLASSES, _WIDTH, CLASSES, _WIDTH))
        for one in range(CLASSES):
            for other in range(one + 1):
                pair = given[..., one] * ((one == other) - given[..., other]) * self.weight
                block = turned @ (pair[..., None] * features)
                curvature[:, :, one, :, other] = curvature[:, :, other, :, one] = block
        return pulls, curvature.reshape(*own.shape[:2], CLASSES * _WIDTH, CLASSES * _WIDTH)


def _flat(parameters: Floats) -> Floats:
    """Lay parameters [.., 7, 3] out class by class [.., 21]."""
    turned = parameters.swapaxes(-1, -2)
    return turned.reshape(*turned.shape[:-2], CLASSES * _WIDTH)


def _square(flat: Floats) -> Floats:
    """Take back what `_flat` did."""
    return flat.reshape(*flat.shape[:-1], CLASSES, _WIDTH).swapaxes(-1, -2)


@dataclass(frozen=True, slots=True)
class _Score:
    """What each label costs and whether it is right, by part of the way to the fits."""

    losses: Floats
    """Of 0, then of `PARTS` [parts, ...]"""
    right: NDArray[np.bool_]

    def of(self, place: int, which: NDArray[np.bool_]) -> _Score:
        """Return the scores of some labels of one entity [parts, labels]."""
        return _Score(self.losses[:, place, which], self.right[:, place, which])


def _score(rows: _Rows, own: Floats) -> _Score:
    """Score parameters [entities, 7, 3] on all labels [parts, entities, most]."""
    parts = np.array([0.0, *PARTS])[:, None, None, None]
    logits = rows.features @ (_AS_IT_IS + parts * (own - _AS_IT_IS))
    truth = np.broadcast_to(rows.truth[..., None], (*logits.shape[:-1], 1))
    chosen = np.take_along_axis(logits, truth, axis=-1)
    losses = np.logaddexp.reduce(logits - chosen, axis=-1)
    return _Score(losses, logits.argmax(axis=-1) == rows.truth)


def _part(losses: Floats, right: Floats, sure: float) -> float:
    """Choose how far to go, by what was not fitted to [parts, observations]; 0 is as it is.

    Args:
        losses: of the observations.
        right: which of them, or what share of each.
        sure: standard errors by which more has to be right.
    """
    best = int(losses[1:].mean(axis=1).argmin()) + 1
    gains = np.stack([losses[0] - losses[best], right[best] - right[0]])
    least = np.array([_SURE, sure]) * gains.std(axis=1) / np.sqrt(gains.shape[1])
    better = (gains.mean(axis=1) >= least).all() and gains[0].mean() > 0
    return PARTS[best - 1] if better else 0.0


def _common(rows: _Rows, own: Floats, common: Floats) -> Fitted:
    """Guard the common parameters by entities that they were not fitted to."""
    labelled = np.flatnonzero(rows.there.any(axis=1))
    if len(labelled) < LEAST_ENTITIES:
        return AS_IT_IS
    # Each entity belongs to a part that is left out.
    group = np.full(len(rows.there), -1)
    group[labelled] = np.arange(len(labelled)) % FOLDS
    left = np.arange(min(FOLDS, len(labelled)))
    kept = rows.there & (group != left[:, None])[..., None]
    _, apart = _fitted(rows, kept, (own, common))
    scores = _score(rows, apart[np.maximum(group, 0)])
    # An entity is one observation, however many labels it has.
    there = rows.there[labelled]
    count = there.sum(axis=1)
    losses, right = (
        (each[:, labelled] * there).sum(axis=2) / count for each in (scores.losses, scores.right)
    )
    return _between(common, _part(losses, right, _SURE_OF_OTHERS))


def _between(fitted: Floats, part: float) -> Fitted:
    if not part:
        return AS_IT_IS
    found = _AS_IT_IS + part * (fitted - _AS_IT_IS)
    return Fitted(found[:FEATURES].copy(), found[FEATURES].copy())
