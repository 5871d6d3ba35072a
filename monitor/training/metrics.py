"""How well answers agree with labels, counted with numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    def accuracy(self) -> float:
        """Share of examples answered rightly."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of each class's examples that were found [labels]; nan where there is none."""
        with np.errstate(invalid="ignore"):
            found: NDArray[np.float64] = np.diag(self.confusion) / self.confusion.sum(axis=1)
        return found

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of each class's answers that were right [labels]; 0 where it was never given."""
        given = self.confusion.sum(axis=0)
        right: NDArray[np.float64] = np.diag(self.confusion) / np.maximum(given, 1)
        return right

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall [labels]; nan where there is no example."""
        in_both = 2.0 * np.diag(self.confusion)
        total = self.confusion.sum(axis=0) + self.confusion.sum(axis=1)
        scores: NDArray[np.float64] = in_both / np.maximum(total, 1)
        scores[self.confusion.sum(axis=1) == 0] = np.nan
        return scores

    @property
    def macro_recall(self) -> float:
        """Mean recall of the classes: the measure of SemEval-2017 task 4A and of TweetEval."""
        return float(np.nanmean(self.recall))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes."""
        return float(np.nanmean(self.f1))


def score(truth: Sequence[int], answers: Sequence[int], labels: Sequence[str]) -> Scores:
    """Compare ``answers`` with ``truth``, both indices into ``labels``.

    Raises:
        ValueError: there is nothing to compare, or not one answer for each truth.
    """
    if not truth or len(truth) != len(answers):
        raise ValueError(f"{len(answers)} answers for {len(truth)} labels")
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (np.asarray(truth), np.asarray(answers)), 1)
    return Scores(tuple(labels), confusion)
