"""Figures of the study, against QuaPy and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from monitor.lab.quantifying.fit import CLASSES, EntityTweets
from monitor.lab.quantifying.score import counted, estimates, scores
from monitor.standings import Calibration

ROWS = json.loads(Path(__file__).with_name("quapy.json").read_text(encoding="utf-8"))["rows"]


def test_relative_error_is_quapys() -> None:
    """Smoothed by half a tweet."""
    for row in ROWS:
        counts = np.array([row["counts"]], np.float64)
        plain = counts / counts.sum()
        found = {"none": (np.full((1, 3), 0.9), None), "a": (np.array([row["em"]]), None)}
        given = scores(found, plain, counts.sum(axis=1), seed=0)["a"]

        assert pytest.approx(row["rae"], abs=1e-4) == given.relative


def test_by_hand() -> None:
    """Error, what remains of plain counting's, bias, and intervals that hold."""
    truth = np.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
    plain = truth + np.array([[0.1, 0.0, -0.1], [0.1, 0.0, -0.1]])
    half = truth + np.array([[0.05, 0.0, -0.05], [0.05, 0.0, -0.05]])
    surely = np.array([np.diag([0.04, 0.04, 0.01]) / 1.96**2] * 2)
    found = scores({"none": (plain, None), "a": (half, surely)}, truth, np.ones(2), seed=0)["a"]

    assert pytest.approx(1 / 30) == found.error
    assert pytest.approx((0.5, 0.5, 0.5)) == found.against_plain
    assert pytest.approx((0.05, 0, -0.05, -0.1)) == found.bias
    assert (1.0, 1.0) == (found.coverage, found.net_coverage)
    assert found.half == pytest.approx((0.2 + 0.2 + 0.1) / 3, rel=1e-3)
    assert found.net_half == pytest.approx(0.05**0.5, rel=1e-3)

    narrow = scores({"none": (plain, surely / 100)}, truth, np.ones(2), seed=0)["none"]
    assert pytest.approx(1 / 3) == narrow.coverage
    assert 0 == narrow.net_coverage


def test_nothing_to_be_better_than() -> None:
    """Where plain counting errs nowhere, no part of its error is told."""
    truth = np.array([[0.2, 0.3, 0.5]])
    found = scores({"none": (truth, None), "a": (truth + 0.1, None)}, truth, np.ones(1), seed=0)

    assert found["a"].against_plain is None


def test_entities_are_counted() -> None:
    """Labels and truth of each, in order."""
    counts, truth, tweets = counted([EntityTweets(CLASSES[[0, 0, 2]], CLASSES[[0, 1, 2]])])

    assert [[2, 0, 1]] == counts.tolist()
    assert pytest.approx(np.full((1, 3), 1 / 3)) == truth
    assert [3] == tweets.tolist()


def test_every_method_that_the_calibration_allows() -> None:
    """Without a regression three are left."""
    found = estimates(np.ones((1, 3)), Calibration(100 * np.eye(3)))

    assert {"none", "em", "adjusted"} == set(found)
