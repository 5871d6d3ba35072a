"""Shares from an owner's answers: right on average, intervals that hold, narrower by the model."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.standings.owner import LEAST, NO_CLASS, Powered, Sample, student
from monitor.standings.quantification import Floats, Z

TRUTH = np.array([0.2, 0.5, 0.3])
RIGHT = np.array([[0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.1, 0.4, 0.5]])
"""What an invented model says (column) of tweets of each class (row)."""


def _world(
    random: np.random.Generator, count: int, unclear: float = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw classes and the model's labels of so many tweets."""
    classes = random.choice(3, count, p=TRUTH)
    labels = (random.random(count)[:, None] > RIGHT[classes].cumsum(axis=1)).sum(axis=1)
    labels = np.minimum(labels, 2)
    answers = np.where(random.random(count) < unclear, NO_CLASS, classes)
    return answers, labels.astype(np.int64)


def _sample(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> Sample:
    return Sample(answers, labels, np.zeros(len(answers)))


def _counts(labels: NDArray[np.int64]) -> Floats:
    return np.bincount(labels, minlength=3)[None, :].astype(np.float64)


@pytest.mark.parametrize("unclear", [0.0, 0.2])
@pytest.mark.parametrize("answers", [LEAST, 25, 100])
def test_intervals_hold(answers: int, unclear: float) -> None:
    """95 % of the time, with few answers, too, and whatever is none of the classes."""
    random = np.random.default_rng(7)
    held, errors = [], []
    for _ in range(400):
        said, labels = _world(random, 5_000, unclear)
        asked = random.choice(len(said), answers, replace=False)
        if _sample(said[asked], labels[asked]).classes < LEAST // 2:
            continue
        shares = Powered.by(_sample(said[asked], labels[asked])).shares(_counts(labels))
        half = Z * np.sqrt(np.diagonal(shares.covariance[0]))
        errors.append(shares.values[0] - TRUTH)
        held.append(np.abs(errors[-1]) <= half)
    mean = np.mean(errors, axis=0)

    assert (np.mean(held, axis=0) >= 0.92).all(), np.mean(held, axis=0)
    assert (np.abs(mean) < 0.01 + 0.1 / answers).all(), mean


def test_the_model_makes_them_narrower() -> None:
    """Than those of the answers alone, and not wrong if the model knows nothing."""
    random = np.random.default_rng(8)
    said, labels = _world(random, 20_000)
    asked = np.arange(200)
    noise = random.integers(0, 3, len(said))
    halves = []
    for model in (labels, noise):
        shares = Powered.by(_sample(said[asked], model[asked])).shares(_counts(model))
        halves.append(Z * np.sqrt(np.diagonal(shares.covariance[0])))
        assert (np.abs(shares.values[0] - TRUTH) <= halves[-1] + 0.03).all()
    alone = Z * np.sqrt(TRUTH * (1 - TRUTH) / len(asked))

    assert (halves[0] < 0.95 * alone).all()
    assert (halves[1] < 1.1 * alone).all()


def test_more_answers_are_narrower() -> None:
    """By about the root of their number."""
    random = np.random.default_rng(9)
    said, labels = _world(random, 100_000)
    few, many = (
        Z
        * np.sqrt(
            np.diagonal(
                Powered.by(_sample(said[:count], labels[:count]))
                .shares(_counts(labels))
                .covariance[0]
            )
        )
        for count in (50, 800)
    )

    assert (np.abs(few / many - 4.0) < 1.2).all(), few / many


def test_shares_are_shares() -> None:
    """None below 0, and 1 in all, whatever the window counts."""
    random = np.random.default_rng(10)
    said, labels = _world(random, 30)
    counts = (
        random.integers(0, 4, (50, 3)).astype(np.float64) + np.eye(3)[random.integers(0, 3, 50)]
    )
    shares = Powered.by(_sample(said, labels)).shares(counts)

    assert (shares.values >= 0).all()
    assert np.allclose(shares.values.sum(axis=1), 1.0)
    assert (np.linalg.eigvalsh(shares.covariance) >= -1e-12).all()


@pytest.mark.parametrize(
    ("freedom", "expected"), [(9, 2.2622), (24, 2.0639), (49, 2.0096), (99, 1.9842)]
)
def test_quantiles_of_student(freedom: int, expected: float) -> None:
    """As tables have them."""
    assert expected == pytest.approx(student(freedom), abs=1e-3)
