"""A fit as it is kept."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from monitor.adaptation.fitted import AS_IT_IS, Fitted


def test_round_trip() -> None:
    """Through JSON to the last bit."""
    chance = np.random.default_rng(0)
    found = Fitted(chance.normal(size=(6, 3)), chance.normal(size=3))
    again = Fitted.of(json.loads(json.dumps(found.as_lists(), allow_nan=False)))

    assert found.as_lists() == again.as_lists()
    assert (found.weights == again.weights).all()
    logs = -chance.random((4, 6))
    assert found.apply(logs).tolist() == again.apply(logs).tolist()


def test_probabilities_sum_to_one() -> None:
    """Of any number of tweets, also where weights are large."""
    found = Fitted(1e3 * AS_IT_IS.weights, np.array([1e3, 0.0, -1e3]))

    assert pytest.approx(np.ones(5)) == found.apply(-np.ones((5, 6))).sum(axis=1)
    assert (0, 3) == found.apply(np.zeros((0, 6))).shape


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "not the weights and biases of a fit"),
        ({"weights": 0}, "not the weights and biases of a fit"),
        ({"weights": "x", "biases": [0, 0, 0]}, "not the weights and biases of a fit"),
        ({"weights": [[0, 0, 0], [0]], "biases": [0, 0, 0]}, "not the weights and biases of a fit"),
        ({"weights": [[0] * 3] * 5, "biases": [0] * 3}, r"weights are \[5, 3\]"),
        (
            {"weights": [[0] * 3] * 6, "biases": [0] * 2},
            r"biases \[2\]; must be \[6, 3\] and \[3\]",
        ),
        ({"weights": [[0] * 3] * 6, "biases": [0, 0, float("nan")]}, "is not a number"),
    ],
)
def test_refused(table: dict[str, Any], message: str) -> None:
    """What was stored by something else is not applied."""
    with pytest.raises(ValueError, match=message):
        Fitted.of(table)
