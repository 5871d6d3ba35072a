"""Corrected shares: against QuaPy, and laws that hold whatever the counts."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.standings import METHODS, Calibration, Method
from monitor.standings.quantification import Floats, Z, correct

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "lab" / "quantifying" / "quapy.json").read_text(encoding="utf-8")
)
"""Made by tests/lab/quantifying/quapy_reference.py."""

COUNTS = arrays(np.int64, (4, 3), elements=st.integers(0, 300)).filter(
    lambda counts: bool((counts.sum(axis=1) > 0).all())
)
"""Of labels, in windows of a tweet or more."""

SHARES = st.tuples(*[st.floats(0.01, 1)] * 3).map(lambda parts: np.array(parts) / sum(parts))


def calibration_of(seed: int) -> Calibration:
    """Return what held-out tweets of a classifier might say that is more right than wrong."""
    chance = np.random.default_rng(seed)
    confusion = chance.integers(0, 40, (3, 3)) + 90 * np.eye(3)
    mapping = chance.uniform(0, 0.2, (3, 3)) + np.eye(3)
    way = chance.uniform(-0.1, 0.1, (3, 3))
    way -= way.mean(axis=1, keepdims=True)  # what one share gains the others lose
    between = way.T @ way
    return Calibration(
        confusion, mapping / mapping.sum(axis=1, keepdims=True), between, 0.5 * between
    )


CALIBRATIONS = st.integers(0, 2**32 - 1).map(calibration_of)


def widths(covariance: Floats) -> Floats:
    """Return half the intervals [windows, 3]."""
    half: Floats = Z * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    return half


@pytest.mark.parametrize("row", REFERENCE["rows"], ids=lambda row: str(row["counts"]))
def test_shares_are_quapys(row: dict[str, Any]) -> None:
    """Adjusted counts (exact solver, clipped) and EM give what QuaPy gives."""
    calibration = Calibration(np.array(row["confusion"], np.float64))
    counts = np.array([row["counts"]])

    adjusted, em = (correct(counts, calibration, m).values[0] for m in ("adjusted", "em"))
    assert pytest.approx(row["adjusted"], abs=1e-6) == adjusted
    assert pytest.approx(row["em"], abs=1e-4) == em


@given(CALIBRATIONS, SHARES, st.sampled_from(["adjusted", "em"]))
def test_exact_counts_give_the_true_shares(
    calibration: Calibration, shares: Floats, method: Method
) -> None:
    """What the matrix makes of true shares is undone."""
    found = correct(1000 * (shares @ calibration.rates)[None], calibration, method)

    assert pytest.approx(shares, abs=1e-6) == found.values[0]


@given(CALIBRATIONS, COUNTS, st.sampled_from(METHODS))
def test_shares_are_shares(calibration: Calibration, counts: Floats, method: Method) -> None:
    """None is below 0, all sum to 1; every uncertainty is a covariance that keeps the sum."""
    found = correct(counts, calibration, method)

    assert (found.values >= 0).all()
    assert pytest.approx(np.ones(4)) == found.values.sum(axis=1)
    for covariance in (found.covariance, found.chance):
        assert (np.linalg.eigvalsh(covariance) >= -1e-9).all()
        assert pytest.approx(np.zeros((4, 3)), abs=1e-9) == covariance.sum(axis=2)
        assert (np.diagonal(covariance, axis1=1, axis2=2) > 0).all()
    assert (widths(found.chance) <= widths(found.covariance) + 1e-12).all()


@given(CALIBRATIONS, COUNTS, st.sampled_from(METHODS), st.permutations(range(3)))
def test_classes_are_treated_alike(
    calibration: Calibration, counts: Floats, method: Method, order: list[int]
) -> None:
    """Renaming the classes renames the shares."""
    both = np.ix_(order, order)
    assert calibration.mapping is not None
    assert calibration.between is not None
    assert calibration.drift is not None
    renamed = Calibration(
        calibration.confusion[both],
        calibration.mapping[both],
        calibration.between[both],
        calibration.drift[both],
    )
    before = correct(counts, calibration, method)
    after = correct(counts[:, order], renamed, method)

    assert pytest.approx(before.values[:, order], abs=1e-6) == after.values
    assert pytest.approx(widths(before.covariance)[:, order], abs=1e-6) == widths(after.covariance)


@given(CALIBRATIONS, COUNTS, st.sampled_from(METHODS), st.integers(2, 50))
def test_more_tweets_never_widen(
    calibration: Calibration, counts: Floats, method: Method, times: int
) -> None:
    """The same shares of more tweets are surer, and no other."""
    few, many = (correct(counts * n, calibration, method) for n in (1, times))

    assert pytest.approx(few.values, abs=1e-9) == many.values
    for name in ("covariance", "chance"):
        assert (widths(getattr(many, name)) <= widths(getattr(few, name)) + 1e-9).all()


@given(CALIBRATIONS, st.integers(0, 2), st.sampled_from(METHODS))
def test_one_tweet_tells_little(calibration: Calibration, label: int, method: Method) -> None:
    """Its interval is at least half as wide as all there is."""
    found = correct(np.eye(3)[[label]], calibration, method)

    assert (2 * widths(found.covariance)[0]).max() > 0.5


@given(CALIBRATIONS, COUNTS, st.sampled_from(METHODS))
def test_windows_do_not_know_each_other(
    calibration: Calibration, counts: Floats, method: Method
) -> None:
    """One without tweets is nan, without a warning, and leaves the others as they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correct(np.insert(counts, 2, 0, axis=0), calibration, method)
        alone = [correct(one[None], calibration, method).values[0] for one in counts]

    assert np.isnan(found.values[2]).all()
    assert np.isnan(found.covariance[2]).all()
    assert pytest.approx(np.array(alone), abs=1e-6) == np.delete(found.values, 2, axis=0)


@pytest.mark.parametrize("method", ["adjusted", "em"])
def test_intervals_hold_the_truth(method: Method) -> None:
    """19 times of 20, if matrix and window are both counted from few tweets."""
    chance = np.random.default_rng(0)
    rates = np.array([[0.8, 0.15, 0.05], [0.1, 0.75, 0.15], [0.05, 0.15, 0.8]])
    shares = np.array([0.3, 0.4, 0.3])
    held = []
    for _ in range(400):
        matrix = Calibration(np.array([chance.multinomial(60, row) for row in rates], np.float64))
        counts = chance.multinomial(150, shares @ rates)[None].astype(np.float64)
        found = correct(counts, matrix, method)
        held.append(np.abs(found.values - shares)[0] <= widths(found.covariance)[0])

    assert 0.93 < np.mean(held) < 0.985


def test_methods_that_the_model_does_not_allow() -> None:
    """What is missing is said."""
    counts = np.ones((1, 3))
    alike = Calibration(np.full((3, 3), 50.0))

    with pytest.raises(ValueError, match="the model has no calibration"):
        correct(counts, None, "adjusted")
    with pytest.raises(ValueError, match="calibration has no regression"):
        correct(counts, alike, "regression")
    with pytest.raises(ValueError, match="does not tell the classes apart"):
        correct(counts, alike, "em")
    assert [1 / 3] * 3 == correct(counts, None, "none").values[0].tolist()


def test_calibration_of_a_card() -> None:
    """A regression is whole or not there; a card without a confusion matrix says nothing."""
    confusion = (100 * np.eye(3)).tolist()
    shares = dict.fromkeys(("mapping", "between", "drift"), np.eye(3).tolist())
    partly = Calibration.of({"confusion": confusion, "shares": {"mapping": shares["mapping"]}})
    whole = Calibration.of({"confusion": confusion, "shares": {**shares, "entities": 47}})

    assert partly is not None
    assert whole is not None
    assert ("none", "regression") == (partly.best, whole.best)
    assert Calibration.of({"temperature": 1.0}) is None
    assert Calibration.of(None) is None


def test_the_shipped_model_corrects() -> None:
    """Reputation by regression; sentiment, which knows no entities, not."""
    cards = Model.load(DEFAULT_MODEL).calibration
    reputation, sentiment = (Calibration.of(cards[t]) for t in ("reputation", "sentiment"))

    assert reputation is not None
    assert sentiment is not None
    assert ("regression", "none") == (reputation.best, sentiment.best)
    assert reputation.mapping is not None
    assert pytest.approx(np.ones(3), abs=1e-4) == reputation.mapping.sum(axis=1)
