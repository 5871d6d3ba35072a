"""How well answers agree with labels, counted with numpy alone.

The functions take tables of counts [..., labels, labels], rows truth and columns answers, with any
axes before (one table a group of tweets, or one a bootstrap resample), and keep those axes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.integer[Any]]


def diagonal(confusion: Counts) -> Counts:
    """Return the counts of right answers [..., labels]."""
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def ratio(part: Counts | Floats, whole: Counts | Floats) -> Floats:
    """Return ``part / whole``, nan where ``whole`` is 0."""
    shares = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=shares, where=whole != 0)
    return shares


def mean_of_known(values: Floats) -> Floats:
    """Return the mean along the last axis of what is not nan; nan where all is."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def accuracy(confusion: Counts) -> Floats:
    """Return the share of examples answered rightly [...]; nan where there is none."""
    return ratio(diagonal(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def recall(confusion: Counts) -> Floats:
    """Return the share of each class's examples that were found [..., labels]; nan if none."""
    return ratio(diagonal(confusion), confusion.sum(axis=-1))


def precision(confusion: Counts) -> Floats:
    """Return the share of each class's answers that were right [..., labels]; 0 if never given."""
    return np.nan_to_num(ratio(diagonal(confusion), confusion.sum(axis=-2)))


def f1(confusion: Counts) -> Floats:
    """Return the harmonic mean of precision and recall [..., labels]; nan for no example."""
    examples = confusion.sum(axis=-1)
    scores = ratio(2 * diagonal(confusion), examples + confusion.sum(axis=-2))
    return np.where(examples == 0, np.nan, scores)


def macro_recall(confusion: Counts) -> Floats:
    """Return the mean recall of the classes that have examples [...].

    The measure of SemEval-2017 task 4A and of TweetEval.
    """
    return mean_of_known(recall(confusion))


def macro_f1(confusion: Counts) -> Floats:
    """Return the mean F1 of the classes that have examples [...]."""
    return mean_of_known(f1(confusion))


@dataclass(frozen=True)
class Scores:
    """Agreement of answers with labels.

    ``confusion[i, j]`` counts examples of class ``labels[i]`` that were answered ``labels[j]``.
    Macro averages are over the classes that occur among the true labels (a test set without
    neutral examples has two); they are in 0-1, as is all but ``confusion``.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of examples."""
        return int(self.confusion.sum())

    @property
    def majority(self) -> float:
        """Accuracy of always answering with the commonest label."""
        return float(self.confusion.sum(axis=1).max() / self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of examples answered rightly."""
        return float(accuracy(self.confusion))

    @property
    def recall(self) -> Floats:
        """Share of each class's examples that were found [labels]; nan where there is none."""
        return recall(self.confusion)

    @property
    def precision(self) -> Floats:
        """Share of each class's answers that were right [labels]; 0 where it was never given."""
        return precision(self.confusion)

    @property
    def f1(self) -> Floats:
        """Harmonic mean of precision and recall [labels]; nan where there is no example."""
        return f1(self.confusion)

    @property
    def macro_recall(self) -> float:
        """Mean recall of the classes."""
        return float(macro_recall(self.confusion))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes."""
        return float(macro_f1(self.confusion))


def score(truth: Sequence[int], answers: Sequence[int], labels: Sequence[str]) -> Scores:
    """Compare ``answers`` with ``truth``, both indices into ``labels``.

    Raises:
        ValueError: there is nothing to compare, or not one answer for each truth.
    """
    if not len(truth) or len(truth) != len(answers):
        raise ValueError(f"{len(answers)} answers for {len(truth)} labels")
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (np.asarray(truth), np.asarray(answers)), 1)
    return Scores(tuple(labels), confusion)
