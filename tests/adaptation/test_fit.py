"""The fit of one entity: laws that a minimum has, and rows at which others fail."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.adaptation.fit import CONVERGED, ON_BIASES, ON_WEIGHTS, fit
from monitor.adaptation.fitted import AS_IT_IS, FLOOR, Fitted, Floats, log_probabilities

Labels = NDArray[np.int64]
Tweets = tuple[Floats, Labels]


def tweets(count: int, seed: int = 0, sharpness: float = 2.0) -> Tweets:
    """Draw log-probabilities of both tasks [n, 6], and labels that they say something of [n]."""
    chance = np.random.default_rng(seed)
    powers = np.exp(sharpness * chance.normal(size=(count, 2, 3)))
    shares = powers / powers.sum(axis=2, keepdims=True)
    truth = (chance.random((count, 1)) > shares[:, 0].cumsum(axis=1)[:, :2]).sum(axis=1)
    return log_probabilities(shares.reshape(count, 6)), truth


def likelihood(fitted: Fitted, rows: Tweets) -> float:
    """Return the negative log-likelihood of labels."""
    logs, labels = rows
    return float(-np.log(fitted.apply(logs)[np.arange(len(labels)), labels]).sum())


def apart(fitted: Fitted, on_weights: float = ON_WEIGHTS, on_biases: float = ON_BIASES) -> float:
    """Return the penalty."""
    weights = ((fitted.weights - AS_IT_IS.weights) ** 2).sum()
    return float(on_weights * weights + on_biases * (fitted.biases**2).sum()) / 2


def gradient(fitted: Fitted, rows: Tweets) -> Floats:
    """Return the derivatives of likelihood and penalty, biases last [7, 3]."""
    logs, labels = rows
    off = fitted.apply(logs) - np.eye(3)[labels]
    return np.vstack(
        [
            np.maximum(logs, np.log(FLOOR)).T @ off
            + ON_WEIGHTS * (fitted.weights - AS_IT_IS.weights),
            off.sum(axis=0) + ON_BIASES * fitted.biases,
        ]
    )


ROWS = st.builds(
    tweets,
    count=st.integers(0, 400),
    seed=st.integers(0, 2**32),
    # From answers that tell nothing to such that are 0 and 1, and often wrong.
    sharpness=st.sampled_from([0.0, 0.5, 2.0, 8.0, 100.0]),
)


@given(rows=ROWS, wrong=st.booleans())
def test_gradient_is_zero(rows: Tweets, wrong: bool) -> None:
    """The one minimum is reached, also where every sure answer is wrong."""
    logs, labels = rows
    rows = logs, (labels + wrong) % 3

    assert np.abs(gradient(fit(*rows), rows)).max() <= 2 * CONVERGED


@given(rows=ROWS, seed=st.integers(0, 2**32), size=st.sampled_from([1e-3, 0.1, 1.0]))
def test_nothing_else_has_less_loss(rows: Tweets, seed: int, size: float) -> None:
    """Neither the model as it is, nor what lies around the fit."""
    found, chance = fit(*rows), np.random.default_rng(seed)
    other = Fitted(
        found.weights + size * chance.normal(size=(6, 3)),
        found.biases + size * chance.normal(size=3),
    )
    loss = likelihood(found, rows) + apart(found)

    assert loss <= likelihood(AS_IT_IS, rows) + 1e-9
    assert loss < likelihood(other, rows) + apart(other)


def test_no_labels_leave_it_as_it_is() -> None:
    """Zero rows, in whatever form, change nothing; and as it is gives the model's own answers."""
    logs, _ = tweets(50)
    for empty in (np.zeros(0), np.zeros((0, 6))):
        assert AS_IT_IS.as_lists() == fit(empty, []).as_lists()
    assert pytest.approx(np.exp(logs[:, :3]), abs=1e-5) == AS_IT_IS.apply(logs)


@given(rows=ROWS, ridge=st.floats(0.1, 50))
def test_less_ridge_more_of_the_labels(rows: Tweets, ridge: float) -> None:
    """The less the ridge, the likelier the labels, and the farther from the model as it is."""
    strict, lax = (
        fit(*rows, on_weights=factor * ridge, on_biases=factor * ridge / 20) for factor in (4, 1)
    )

    assert likelihood(lax, rows) <= likelihood(strict, rows) + 1e-6
    assert apart(strict) <= apart(lax) + 1e-6


@given(rows=ROWS, copies=st.integers(2, 5))
def test_copies_weigh_as_less_ridge(rows: Tweets, copies: int) -> None:
    """Each tweet three times, under three times the ridge, is each once."""
    logs, labels = rows
    once = fit(logs, labels)
    often = fit(
        np.tile(logs, (copies, 1)),
        np.tile(labels, copies),
        on_weights=copies * ON_WEIGHTS,
        on_biases=copies * ON_BIASES,
    )

    assert pytest.approx(once.weights, abs=1e-5) == often.weights
    assert pytest.approx(once.biases, abs=1e-5) == often.biases


@given(rows=ROWS, seed=st.integers(0, 2**32))
def test_order_does_not_matter(rows: Tweets, seed: int) -> None:
    """Tweets in another order are the same tweets; in the same order the fit is so to the bit."""
    logs, labels = rows
    order = np.random.default_rng(seed).permutation(len(labels))
    found = fit(logs, labels)

    assert found.as_lists() == fit(logs, labels).as_lists()
    assert pytest.approx(found.weights, abs=1e-5) == fit(logs[order], labels[order]).weights


@given(rows=ROWS, label=st.integers(0, 2))
def test_one_class_alone(rows: Tweets, label: int) -> None:
    """It becomes likelier, on the whole, and no other is given up."""
    logs, labels = rows
    labels = np.full_like(labels, label)
    before, after = (one.apply(logs) for one in (AS_IT_IS, fit(logs, labels)))

    assert np.isfinite(after).all()
    assert (after.min(initial=1.0)) > 0
    assert np.log(after[:, label]).sum() >= np.log(before[:, label]).sum() - 1e-6


def test_one_label() -> None:
    """It moves its tweet towards itself, not all the way."""
    logs = log_probabilities([[0.1, 0.8, 0.1, 0.2, 0.7, 0.1]])
    (before,), (after,) = (one.apply(logs) for one in (AS_IT_IS, fit(logs, [0])))

    assert before[0] < after[0] < 0.6


def test_answers_of_zero_and_one() -> None:
    """Probabilities of 0 count as `FLOOR`, whoever took the logarithm."""
    sure = np.eye(3)[[0, 1, 2, 0]].repeat(2, axis=1)
    with np.errstate(divide="ignore"):
        raw = np.log(sure)
    found = fit(raw, [0, 1, 2, 1])

    assert np.isfinite(found.weights).all()
    assert fit(log_probabilities(sure), [0, 1, 2, 1]).as_lists() == found.as_lists()
    assert found.apply(log_probabilities(sure)).tolist() == found.apply(raw).tolist()


def test_sentiment_helps_where_reputation_is_mute() -> None:
    """An entity whose labels are the other head's answers is learnt."""
    logs, _ = tweets(600)
    labels = logs[:, 3:].argmax(axis=1)
    found, before = (
        (one.apply(logs[300:]).argmax(axis=1) == labels[300:]).mean()
        for one in (fit(logs[:300], labels[:300]), AS_IT_IS)
    )

    assert before < 0.5 < 0.8 < found


def test_a_thousand_labels_are_fast() -> None:
    """Milliseconds: 50 of the processor at most, the best of a few on a busy machine."""
    rows = tweets(1000)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        fit(*rows)
        seconds.append(time.process_time() - start)

    assert min(seconds) < 0.05


@pytest.mark.parametrize(
    ("logs", "labels", "more", "message"),
    [
        (np.zeros((5, 6)), [0] * 6, {}, r"labels \[6\] and log-probabilities \[5, 6\]"),
        (np.zeros((6, 5)), [0] * 5, {}, r"must be \[n\] and \[n, 6\]"),
        (np.zeros((2, 6)), np.zeros((2, 1), int), {}, r"labels \[2, 1\]"),
        (np.full((1, 6), np.nan), [0], {}, "a log-probability is not a number"),
        (np.zeros((1, 6)), [3], {}, "a label is not one of 0 to 2"),
        (np.zeros((1, 6)), [-100], {}, "a label is not one of 0 to 2"),
        (np.zeros((1, 6)), [0], {"on_biases": 0.0}, "must be above 0"),
    ],
)
def test_refused(
    logs: Floats, labels: Labels | list[int], more: dict[str, float], message: str
) -> None:
    """What is no data is told, rather than fitted."""
    with pytest.raises(ValueError, match=message):
        fit(logs, labels, **more)
