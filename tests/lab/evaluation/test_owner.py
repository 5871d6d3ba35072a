"""What labels of an owner are worth, on invented answers."""

import numpy as np
import pytest

from monitor.adaptation.fitted import AS_IT_IS, log_probabilities
from monitor.lab.evaluation.judge import Answers
from monitor.lab.evaluation.owner import gains
from monitor.lab.metrics import Floats


def world(*sizes: int, wrong: bool) -> tuple[Answers, Floats]:
    """Draw tweets of entities whose answers are right, or each one class too high."""
    chance = np.random.default_rng(0)
    truth = chance.integers(3, size=sum(sizes))
    given = np.where(wrong, (truth + 1) % 3, truth)
    shares = np.eye(3)[given] * 0.7 + 0.1
    answers = Answers(
        truth.tolist(),
        given.tolist(),
        [0.8] * len(truth),
        [f"brand {i}" for i, size in enumerate(sizes) for _ in range(size)],
        [None] * len(truth),
    )
    return answers, log_probabilities(np.hstack([shares, shares]))


def test_errors_of_a_kind_are_learnt() -> None:
    """The more labels the better, and what is scored was not learnt from."""
    few, many = gains(*world(300, 200, wrong=True), counts=[6, 100])

    assert (0.0, 0.0) == (few.before.accuracy, many.before.accuracy)
    assert few.after.accuracy < many.after.accuracy
    assert many.after.accuracy == 1.0 == many.after.macro_f1
    assert (2, 488) == (few.entities, few.tweets)
    assert (2, 300) == (many.entities, many.tweets)


def test_right_answers_stay_right() -> None:
    """Labels that say what the model says take nothing from it."""
    (found,) = gains(*world(60, 60, wrong=False), counts=[10])

    assert found.before == found.after
    assert 1.0 == found.after.accuracy


def test_entities_without_enough_tweets_are_left_out() -> None:
    """One with as many as labels has nothing left to score; a number that none exceeds no row."""
    found = gains(*world(30, 10, 11, wrong=True), counts=[10, 29, 30])

    assert [(10, 2, 21), (29, 1, 1)] == [(one.labels, one.entities, one.tweets) for one in found]


def test_labels_are_not_scored() -> None:
    """Labels that say nothing of other tweets gain nothing but what the classes' shares say."""
    chance = np.random.default_rng(1)
    count = 4000
    truth = chance.choice(3, count, p=[0.2, 0.6, 0.2])
    features = log_probabilities(chance.dirichlet(np.ones(3), (count, 2)).reshape(count, 6))
    own = AS_IT_IS.apply(features)
    answers = Answers(
        truth.tolist(),
        own.argmax(axis=1).tolist(),
        own.max(axis=1).tolist(),
        ["a"] * count,
        [None] * count,
    )
    (found,) = gains(answers, features, [2000])

    assert found.before.accuracy == pytest.approx(1 / 3, abs=0.03)
    assert 0.55 < found.after.accuracy < 0.63


def test_same_seed_same_draws() -> None:
    """And another seed draws others."""
    rows = world(80, 70, wrong=True)
    first, again, other = (gains(*rows, counts=[8], seed=seed) for seed in (3, 3, 4))

    assert first == again
    assert first != other


def test_shares_are_estimated_from_the_labels() -> None:
    """They hold about as often as they say, and are narrower with more; few give none."""
    few, some, more = gains(*world(900, 700, wrong=True), counts=[5, 25, 100], draws=3)

    assert few.shares is None
    assert some.shares is not None
    assert more.shares is not None
    assert some.shares.held > 0.9
    assert more.shares.held > 0.9
    assert more.shares.half < some.shares.half < 0.3
    assert more.shares.error < more.shares.half
    assert more.worst is not None
    assert more.worst > 0.5
