"""The label that follows from a model's probabilities and the fits in force."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from monitor.adaptation.adaptation import Adaptation, Answered, Fits
from monitor.adaptation.fitted import AS_IT_IS, Fitted, log_probabilities
from monitor.verdict import POLARITIES

MODEL = "a" * 64
_RNG = np.random.default_rng(5)
FIT = Fitted(_RNG.normal(size=(6, 3)), _RNG.normal(size=3))
TURNED = Fitted(np.eye(6, 3)[:, ::-1].copy(), np.zeros(3))
"""Takes positive for negative."""
SOME = Adaptation(7, {MODEL: Fits({"Acme": FIT, "Lumen": AS_IT_IS}, TURNED)})


def _probabilities(count: int) -> list[tuple[float, ...]]:
    """Draw what a model may say, sure and unsure, and zeros among it."""
    drawn = _RNG.dirichlet([0.3, 0.3, 0.3], size=(count, 2)).round(5).reshape(count, 6)
    return [tuple(row) for row in drawn.tolist()]


def _own(probabilities: tuple[float, ...]) -> str:
    return POLARITIES[probabilities[:3].index(max(probabilities[:3]))]


def test_a_label_is_the_likeliest_of_the_fit() -> None:
    """One tweet at a time as all at once."""
    rows = _probabilities(500)
    expected = FIT.apply(log_probabilities(rows)).argmax(axis=1)

    assert [POLARITIES[place] for place in expected] == [
        SOME.label(MODEL, "Acme", _own(row), row) or _own(row) for row in rows
    ]


@pytest.mark.parametrize(
    ("model", "entity", "adapted"),
    [
        (MODEL, "Acme", True),
        (MODEL, "Lumen", False),  # nothing beats the model
        (MODEL, "Veloria", True),  # what all have in common
        (MODEL, "", False),
        ("b" * 64, "Acme", False),
    ],
)
def test_whose_labels_are_adapted(model: str, entity: str, adapted: bool) -> None:
    """Those of the fitted model: of entities with answers their own, else what is common."""
    rows = _probabilities(50)
    labels = {SOME.label(model, entity, _own(row), row) for row in rows}

    assert adapted == SOME.adapts(model, entity)
    assert adapted == (labels != {None})


def test_a_label_that_is_the_models_own_is_none() -> None:
    """And so it is without probabilities of all labels, which a fit needs."""
    assert SOME.label(MODEL, "Veloria", "negative", (0.8, 0.1, 0.1, 0.1, 0.1, 0.8)) == "positive"
    assert SOME.label(MODEL, "Veloria", "neutral", (0.1, 0.8, 0.1, 0.1, 0.1, 0.8)) is None
    assert SOME.label(MODEL, "Veloria", "negative", (0.8, None, 0.2, 0.1, 0.1, 0.8)) is None


def test_what_is_written_is_read() -> None:
    """To the last digit, and `AS_IT_IS` is itself again."""
    read = Adaptation.read(7, json.dumps(SOME.as_tables()))
    rows = _probabilities(200)

    assert SOME.as_tables() == read.as_tables()
    assert read.models[MODEL].own["Lumen"] is AS_IT_IS
    assert [SOME.label(MODEL, "Acme", _own(row), row) for row in rows] == [
        read.label(MODEL, "Acme", _own(row), row) for row in rows
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"a": 1}', '{"a": {"own": {}}}'),
        '{"a": {"own": {"b": {}}, "common": null}}',
        '{"a": {"own": {"b": {"weights": [[NaN]], "biases": 1}}, "common": null}}',
    ],
)
def test_what_is_no_adaptation_is_refused(text: str) -> None:
    """With a ValueError, whatever it is."""
    with pytest.raises(ValueError, match=r".+"):
        Adaptation.read(1, text)


def _answered(entity: str, count: int, seed: int) -> list[Answered]:
    """Answers of an owner to whom what the model calls positive is negative."""
    rng = np.random.default_rng(seed)
    found: list[Answered] = []
    for _ in range(count):
        truth = int(rng.integers(3))
        said = {0: 2, 1: 1, 2: 0}[truth]
        row: list[Any] = [0.1, 0.1, 0.1, 0.3, 0.3, 0.4]
        row[said] = 0.8
        found.append((MODEL, entity, truth, row))
    return found


def test_answers_are_fitted_by_model_and_entity() -> None:
    """The same answers give the same fits; none change nothing."""
    answers = _answered("Acme", 30, 1)
    made = Adaptation.of(3, answers)

    assert made.as_tables() == Adaptation.of(3, answers).as_tables()
    assert made.changes_labels
    assert made.label(MODEL, "Acme", "positive", (0.1, 0.1, 0.8, 0.3, 0.3, 0.4)) == "negative"
    assert not Adaptation.of(3, []).changes_labels
    assert not made.adapts("b" * 64, "Acme")


def test_a_tweet_costs_next_to_nothing() -> None:
    """Some two microseconds; here ten times as much, for machines that are busy."""
    rows = _probabilities(1000)
    best = np.inf
    for _ in range(20):
        started = time.perf_counter()
        for row in rows:
            SOME.label(MODEL, "Acme", "neutral", row)
        best = min(best, (time.perf_counter() - started) / len(rows))

    assert best < 30e-6
