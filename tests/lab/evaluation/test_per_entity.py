"""A fit for each entity, and what it answers."""

import numpy as np
import pytest

from monitor.adaptation.fit import fit
from monitor.adaptation.fitted import log_probabilities
from monitor.lab.evaluation.judge import Answers
from monitor.lab.evaluation.per_entity import adapted, features_of, fits_of, rows_by_entity
from monitor.lab.metrics import Floats
from monitor.verdict import Answer

NAMES = ["a", None, "b", "a", "b", "a"]


def tweets() -> tuple[Answers, Floats]:
    """Return answers about two entities and none, and the log-probabilities behind them."""
    shares = np.random.default_rng(0).dirichlet(np.ones(3), size=(6, 2))
    own = shares[:, 0]
    answers = Answers(
        [0, 1, 2, 0, 2, 0],
        own.argmax(axis=1).tolist(),
        own.max(axis=1).tolist(),
        NAMES,
        [None] * 6,
    )
    return answers, log_probabilities(shares.reshape(6, 6))


def test_rows_of_each_entity() -> None:
    """In their order; tweets about none belong to none."""
    assert {"a": [0, 3, 5], "b": [2, 4]} == {
        name: rows.tolist() for name, rows in rows_by_entity(NAMES).items()
    }


def test_each_entity_has_its_own_fit() -> None:
    """From its own labels alone, and its tweets alone are answered by it."""
    answers, features = tweets()
    fits = fits_of(answers, features)
    found = adapted(answers, features, {"a": fits["a"]})

    assert {"a", "b"} == set(fits)
    assert fit(features[[2, 4]], [2, 2]).as_lists() == fits["b"].as_lists()
    of_a = fits["a"].apply(features[[0, 3, 5]])
    assert of_a.argmax(axis=1).tolist() == [found.answers[i] for i in (0, 3, 5)]
    assert of_a.max(axis=1).tolist() == [found.confidence[i] for i in (0, 3, 5)]
    for i in (1, 2, 4):
        assert answers.answers[i] == found.answers[i]
        assert answers.confidence[i] == pytest.approx(found.confidence[i], abs=1e-5)
    assert (answers.truth, answers.entities) == (found.truth, found.entities)


def test_features_of_a_verdict() -> None:
    """Reputation first, then sentiment, each from negative to positive, in whatever order given."""
    verdict = {
        "sentiment": Answer("neutral", {"neutral": 0.5, "negative": 0.4, "positive": 0.1}),
        "reputation": Answer("positive", {"positive": 0.7, "negative": 0.1, "neutral": 0.2}),
    }

    assert pytest.approx(np.log([[0.1, 0.2, 0.7, 0.4, 0.5, 0.1]])) == features_of([verdict])
    assert (0, 6) == features_of([]).shape
