"""Shares of an entity whose owner has labelled some of its tweets, drawn at random.

Prediction-powered inference (Angelopoulos, Duchi and Zrnic 2023, "PPI++: Efficient
Prediction-Powered Inference"). The owner's answers alone give shares without bias; what the model
says of *all* tweets, beside what it says of those that the owner was asked about, makes them
narrower:

    shares = mean of the answers + (model's labels of all - model's labels of those asked) B

Whatever B is, that is without bias, but for what is fitted on the same answers (of order 1/n). B
says which shares of the classes are among tweets of each of the model's labels: by the answers,
and where there are few, by the model's calibration. With labels of 0 and 1 it is the regression
estimator of survey sampling (Cochran 1977, "Sampling Techniques", chapter 7).

Tweets of which the owner could not tell, or that are not about the entity, are a fourth class; the
shares are those of the other three among themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from monitor.standings.quantification import Floats, Shares, Z
from monitor.verdict import LABELS

LEAST: Final = 10
"""Answers that it takes: with fewer the intervals do not hold."""
NO_CLASS: Final = LABELS
"""An answer that is none of the classes."""

_PRIOR: Final = 8.0
"""Tweets of each of the model's labels that its calibration counts as."""
_UNSEEN: Final = 1.0
"""Answers of each class beyond those seen, of which the model's label says nothing."""
_NOT_A_SHARE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers of an owner to tweets of one entity that were drawn at random."""

    answers: NDArray[np.int64]
    """Classes, or `NO_CLASS` [n]."""
    model: NDArray[np.int64]
    """What the model's labels of these tweets are [n]."""
    at: Floats
    """When they arrived, seconds since the epoch [n]."""

    @property
    def classes(self) -> int:
        """How many of the answers are classes."""
        return int((self.answers != NO_CLASS).sum())

    def of(self, which: NDArray[np.bool_]) -> Self:
        """Return some of it."""
        return type(self)(self.answers[which], self.model[which], self.at[which])


@dataclass(frozen=True, slots=True)
class Powered:
    """What a sample says of the shares behind any counts of the model's labels."""

    classes: int
    """Answers that it rests on."""
    _answers: Floats
    """Their shares, `NO_CLASS` included [4]."""
    _model: Floats
    """Shares of the model's labels in the sample [3]."""
    _expected: Floats
    """B, a row a label [3, 4]."""
    _covariance: Floats
    """Of what the sample leaves open [4, 4]."""

    @classmethod
    def by(cls, sample: Sample, mapping: Floats | None = None) -> Self:
        """Learn from a sample.

        Args:
            sample: at least `LEAST` answers that are classes.
            mapping: the true shares that the calibration expects of each label, a row a label
                [3, 3]; None for labels that are right.
        """
        count = len(sample.answers)
        labels = np.eye(LABELS)[sample.model]
        answers = np.eye(LABELS + 1)[sample.answers]
        prior = np.zeros((LABELS, LABELS + 1))
        prior[:, :LABELS] = np.eye(LABELS) if mapping is None else mapping
        seen = labels.sum(axis=0)[:, None]
        expected = (labels.T @ answers + _PRIOR * prior) / (seen + _PRIOR)
        left = answers - labels @ expected
        left -= left.mean(axis=0)
        unseen = LABELS * _UNSEEN / (count + LABELS * _UNSEEN)
        one = (1 - unseen) * left.T @ left / (count - 1)
        one[:LABELS, :LABELS] += unseen * (np.eye(LABELS) / LABELS - 1 / LABELS**2)
        # Half an interval is `Z` standard deviations elsewhere; of few answers it is more.
        wider = (student(count - 1) / Z) ** 2
        return cls(
            classes=sample.classes,
            _answers=answers.mean(axis=0),
            _model=labels.mean(axis=0),
            _expected=expected,
            _covariance=wider * one / count,
        )

    def shares(self, counts: Floats) -> Shares:
        """Return the shares behind counts of labels [windows, 3]; no row may be empty.

        They hold for the time in which the sample's tweets arrived; what lies elsewhere may have
        drifted, which is the caller's to add. ``chance`` leaves out what the sample leaves open:
        that is the same in each window.
        """
        total = counts.sum(axis=1)
        plain = counts / total[:, None]
        seen = (counts + _UNSEEN / 2) / (total + LABELS * _UNSEEN / 2)[:, None]
        drawn = (seen[:, :, None] * (np.eye(LABELS) - seen[:, None, :])) / total[:, None, None]
        found = self._answers + (plain - self._model) @ self._expected
        chance = self._expected.T @ drawn @ self._expected
        kept = np.maximum(found[:, :LABELS], _NOT_A_SHARE)
        kept, whole = kept / kept.sum(axis=1, keepdims=True), kept.sum(axis=1)
        # Of the shares among three classes, by those among four: the delta method.
        slope = np.zeros((len(kept), LABELS, LABELS + 1))
        slope[:, :, :LABELS] = (np.eye(LABELS) - kept[:, :, None]) / whole[:, None, None]
        turned = slope.transpose(0, 2, 1)
        by_chance = slope @ chance @ turned
        return Shares(kept, by_chance + slope @ self._covariance @ turned, by_chance)


def student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's distribution, to 0.001 from 9 degrees of freedom on.

    Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    return float(
        Z
        + (Z**3 + Z) / (4 * freedom)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * freedom**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * freedom**3)
    )
