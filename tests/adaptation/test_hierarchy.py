"""Fits of several entities together: what they share, what is their own, and the guard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.adaptation.fit import ON_BIASES, ON_WEIGHTS
from monitor.adaptation.fitted import AS_IT_IS, FEATURES, Floats, log_probabilities, softmax
from monitor.adaptation.hierarchy import LEAST, LEAST_ENTITIES, _fitted, _rows, hierarchy

Labelled = tuple[Floats, NDArray[np.intp]]


def _world(count: int, seed: int, wrong: float = 0.0, turned: int = 0) -> Labelled:
    """Draw tweets; of a share ``wrong`` the model's answer is ``turned`` classes too high."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(3, size=count)
    given = np.where(chance.random(count) < wrong, (truth + turned) % 3, truth)
    shares = np.eye(3)[given] * 0.6 + chance.dirichlet(np.ones(3), count) * 0.4
    return log_probabilities(np.hstack([shares, shares])), truth


def _right(labelled: Labelled, name: str, fits: dict[str, Labelled]) -> float:
    fitted = hierarchy(fits).own[name]
    return float((fitted.apply(labelled[0]).argmax(axis=1) == labelled[1]).mean())


def test_what_is_wrong_is_learnt() -> None:
    """Of an entity whose answers are another class, four times in five."""
    rest = _world(500, 1, 0.8, 1)
    before = float((AS_IT_IS.apply(rest[0]).argmax(axis=1) == rest[1]).mean())

    assert before < 0.25
    assert _right(rest, "Acme", {"Acme": _world(60, 2, 0.8, 1)}) > 0.5


def test_few_labels_borrow_from_others() -> None:
    """Eight labels of one among many of others that err alike are better than eight alone."""
    rest = _world(500, 3, 0.8, 1)
    few = {"Acme": _world(8, 4, 0.8, 1)}
    others = {f"brand {i}": _world(60, 10 + i, 0.8, 1) for i in range(6)}

    assert _right(rest, "Acme", few | others) > _right(rest, "Acme", few) + 0.05


def test_one_without_labels_gets_what_is_common() -> None:
    """If that helps those that it was not learnt from; else the model stays as it is."""
    alike = hierarchy({f"brand {i}": _world(50, 20 + i, 0.8, 1) for i in range(6)})
    rest = _world(500, 5, 0.8, 1)
    apart = hierarchy({f"brand {i}": _world(50, 30 + i, 0.8, 1 + i % 2) for i in range(6)})
    few = hierarchy({f"brand {i}": _world(50, 20 + i, 0.8, 1) for i in range(LEAST_ENTITIES - 1)})

    assert float((alike.common.apply(rest[0]).argmax(axis=1) == rest[1]).mean()) > 0.6
    assert AS_IT_IS is apart.common
    assert AS_IT_IS is few.common


@pytest.mark.parametrize("seed", range(5))
def test_labels_that_teach_nothing_change_nothing(seed: int) -> None:
    """Where the model is right it stays as it is, but for a tweet in a hundred."""
    rest = _world(1000, 50 + seed)
    right = hierarchy({"Acme": _world(40, 60 + seed)}).own["Acme"]

    assert (right.apply(rest[0]).argmax(axis=1) == rest[1]).mean() >= 0.99


def test_too_few_labels_change_nothing() -> None:
    """They cannot be scored."""
    found = hierarchy({"Acme": _world(LEAST - 1, 6, 0.8, 1), "Lumen": _world(0, 7)})

    assert {"Acme": AS_IT_IS, "Lumen": AS_IT_IS} == found.own


def test_nothing_gives_nothing() -> None:
    """No entities, no labels."""
    assert {} == hierarchy({}).own
    assert AS_IT_IS is hierarchy({}).common
    assert AS_IT_IS is hierarchy({"Acme": ([], [])}).common


def test_the_same_labels_give_the_same_fits() -> None:
    """In whatever order entities come."""
    labelled = {f"brand {i}": _world(20 + i, i, 0.5, 1) for i in range(5)}
    one, other = hierarchy(labelled), hierarchy(dict(reversed(labelled.items())))

    for name in labelled:
        assert one.own[name].as_lists() == other.own[name].as_lists()
    assert one.common.as_lists() == other.common.as_lists()


_entity = st.tuples(
    st.integers(1, 12), st.integers(0, 2**32), st.sampled_from([1.0, 0.1, 0.001]), st.booleans()
)


@settings(max_examples=40, deadline=None)
@given(entities=st.lists(_entity, min_size=1, max_size=5))
def test_the_minimum_is_reached(entities: list[tuple[int, int, float, bool]]) -> None:
    """Whatever the probabilities and labels: the gradient is 0 for each entity and for all."""
    given = []
    for count, seed, even, alike in entities:
        chance = np.random.default_rng(seed)
        logs = log_probabilities(
            chance.dirichlet(np.full(3, even), (count, 2)).reshape(count, FEATURES)
        )
        logs = np.clip(np.nan_to_num(logs, nan=-13.8), -13.8, 0.0)
        truth = np.full(count, seed % 3) if alike else chance.integers(3, size=count)
        given.append((np.hstack([logs, np.ones((count, 1))]), truth))
    rows = _rows(given, 0)
    (own,), (common,) = _fitted(rows, rows.there[None])
    start = np.vstack([AS_IT_IS.weights, AS_IT_IS.biases])
    ridge = 2 * np.array([[ON_WEIGHTS]] * FEATURES + [[ON_BIASES]])

    for (features, truth), fitted in zip(given, own, strict=True):
        pull = features.T @ (softmax(features @ fitted) - np.eye(3)[truth])
        assert np.abs(pull + ridge * (fitted - common)).max() < 0.05
    assert np.abs((common - start) - (own - common).sum(axis=0)).max() < 1e-3
