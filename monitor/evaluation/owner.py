"""What labels of an owner are worth: some of a file's own, for each of its entities.

A fit for each entity on a few of its tweets, drawn at random, is scored on its other tweets; the
model as it is, on the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.adaptation.fit import fit
from monitor.adaptation.fitted import AS_IT_IS
from monitor.evaluation import metrics
from monitor.evaluation.judge import Answers
from monitor.evaluation.metrics import Floats, score
from monitor.evaluation.per_entity import rows_by_entity
from monitor.verdict import POLARITIES

DRAWS: Final = 10


@dataclass(frozen=True)
class Scored:
    """Means over draws, in 0-1."""

    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class Gain:
    """What so many labels an entity change."""

    labels: int
    """Of each entity."""
    entities: int
    """That have more tweets than that; others are left out."""
    tweets: int
    """Scored in a draw."""
    before: Scored
    """Of the model as it is."""
    after: Scored
    """Of the fits."""


def gains(
    answers: Answers,
    features: Floats,
    counts: Sequence[int],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[Gain]:
    """Return what each number of labels an entity gains; nothing for one that none has.

    A draw's fewer labels are among its more, so that numbers can be compared.

    Args:
        answers: the model's own; tweets about no entity are left out.
        features: log-probabilities of both tasks, of the same tweets [tweets, 6].
        counts: labels an entity.
        seed: of the draws.
        draws: of labels, of which the means are taken.
    """
    labels = np.asarray(answers.truth, np.intp)
    as_it_is = AS_IT_IS.apply(features).argmax(axis=1)
    known = rows_by_entity(answers.entities).values()
    orders = [np.random.default_rng([seed, draw]).random(len(labels)) for draw in range(draws)]
    found = []
    for count in counts:
        enough = [rows for rows in known if len(rows) > count]
        if not enough:
            continue
        tables = []
        for order in orders:
            after, scored = as_it_is.copy(), []
            for rows in enough:
                learnt, rest = np.split(rows[order[rows].argsort()], [count])
                fitted = fit(features[learnt], labels[learnt])
                after[rest] = fitted.apply(features[rest]).argmax(axis=1)
                scored.append(rest)
            rest = np.concatenate(scored)
            tables += [
                score(labels[rest].tolist(), given[rest].tolist(), POLARITIES).confusion
                for given in (as_it_is, after)
            ]
        confusions = np.array(tables).reshape(draws, 2, *tables[0].shape)
        means = (kind(confusions).mean(axis=0) for kind in (metrics.accuracy, metrics.macro_f1))
        before, gained = (Scored(*map(float, pair)) for pair in zip(*means, strict=True))
        found.append(Gain(count, len(enough), len(rest), before, gained))
    return found
