"""What labels of an owner are worth: some of a file's own, for each of its entities.

The fits of all entities to a few tweets of each, drawn at random, are scored on the other tweets;
the model as it is, on the same. The shares that `monitor report` would estimate from these labels
are compared with those of all tweets of the entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.adaptation.fitted import AS_IT_IS
from monitor.adaptation.hierarchy import hierarchy
from monitor.lab import metrics
from monitor.lab.evaluation.judge import Answers
from monitor.lab.evaluation.per_entity import rows_by_entity
from monitor.lab.metrics import Floats, score
from monitor.standings.owner import LEAST, Powered, Sample
from monitor.standings.quantification import Z
from monitor.verdict import LABELS, POLARITIES

DRAWS: Final = 10
_ENOUGH: Final = 200
"""Tweets that an entity has so that what it loses is more than chance."""
_SHARE_DRAWS: Final = 20
"""For each of `DRAWS`: that an interval holds is seldom enough not to be."""


@dataclass(frozen=True)
class Scored:
    """Means over draws, in 0-1."""

    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class SharesOf:
    """How good the shares are that are estimated from such labels, over entities and draws."""

    half: float
    """Of the 95 % interval of the negative share."""
    held: float
    """How often the intervals hold that are of the three shares."""
    error: float
    """Mean absolute error of the negative share."""


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
    worst: float | None = None
    """Accuracy that the entity gains which gains least, of those with many tweets."""
    shares: SharesOf | None = None
    """With labels enough to estimate them."""


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
        change = np.zeros((draws, len(enough)))
        for draw, order in enumerate(orders):
            after = as_it_is.copy()
            parts = [np.split(rows[order[rows].argsort()], [count]) for rows in enough]
            fits = hierarchy(
                {
                    f"{place:09}": (features[learnt], labels[learnt])
                    for place, (learnt, _) in enumerate(parts)
                }
            )
            for place, (_, rest) in enumerate(parts):
                after[rest] = fits.own[f"{place:09}"].apply(features[rest]).argmax(axis=1)
                right, before_it = (
                    float((given[rest] == labels[rest]).mean()) for given in (after, as_it_is)
                )
                change[draw, place] = right - before_it
            rest = np.concatenate([rest for _, rest in parts])
            tables += [
                score(labels[rest].tolist(), given[rest].tolist(), POLARITIES).confusion
                for given in (as_it_is, after)
            ]
        confusions = np.array(tables).reshape(draws, 2, *tables[0].shape)
        means = (kind(confusions).mean(axis=0) for kind in (metrics.accuracy, metrics.macro_f1))
        before, gained = (Scored(*map(float, pair)) for pair in zip(*means, strict=True))
        many = np.array([len(rows) >= max(_ENOUGH, 2 * count) for rows in enough])
        worst = float(change.mean(axis=0)[many].min()) if many.any() else None
        shares = _shares(labels, as_it_is, enough, count, seed, draws) if count >= LEAST else None
        found.append(Gain(count, len(enough), len(rest), before, gained, worst, shares))
    return found


def _shares(
    truth: NDArray[np.intp],
    model: NDArray[np.intp],
    entities: Sequence[NDArray[np.intp]],
    count: int,
    seed: int,
    draws: int,
) -> SharesOf:
    """Estimate the shares of entities from labels drawn at random.

    They are drawn with replacement, as from many more tweets with the same shares: of a file's few
    hundred, a hundred labels would be a good part.
    """
    chance = np.random.default_rng([seed, count])
    halves, held, errors = [], [], []
    for rows in entities:
        shares = np.bincount(truth[rows], minlength=LABELS) / len(rows)
        counts = np.bincount(model[rows], minlength=LABELS)[None, :].astype(np.float64)
        many = counts * 1e6
        for _ in range(draws * _SHARE_DRAWS):
            drawn = chance.choice(rows, count)
            sample = Sample(
                truth[drawn].astype(np.int64), model[drawn].astype(np.int64), np.zeros(count)
            )
            found = Powered.by(sample).shares(many)
            half = Z * np.sqrt(np.diagonal(found.covariance[0]))
            error = np.abs(found.values[0] - shares)
            halves.append(half[0])
            errors.append(error[0])
            held.append((error <= half).mean())
    return SharesOf(*(float(np.mean(each)) for each in (halves, held, errors)))
