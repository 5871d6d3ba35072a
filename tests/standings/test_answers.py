"""``standings.answers``: what owners' answers make of shares, near and far in time."""

from __future__ import annotations

import numpy as np

from monitor.standings.answers import Owners
from monitor.standings.labellers import Labeller
from monitor.standings.owner import Sample
from monitor.standings.quantification import Calibration, Floats, Shares, Z

_MAPPING = np.full((3, 3), 0.2) + np.eye(3) * 0.4
_DRIFT = (np.eye(3) * 1.5 - 0.5) * 0.0036
"""Six points a class from one time to another."""
_MODEL = Labeller(
    "stub 1", "reputation", Calibration(np.eye(3) * 100, _MAPPING, _DRIFT * 3, _DRIFT), "sha"
)
_WINDOW_S = 10.0
_NOW = 100.0


def _world(
    chance: np.random.Generator, count: int, shift: Floats
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the model's labels of tweets, and what they are."""
    labels = chance.choice(3, count, p=[0.4, 0.3, 0.3])
    likely = np.clip(_MAPPING[labels] + shift, 0.01, None)
    likely /= likely.sum(axis=1, keepdims=True)
    true = (likely.cumsum(axis=1) > chance.random((count, 1))).argmax(axis=1)
    return labels.astype(np.int64), true.astype(np.int64)


def _estimated(sample: Sample, labels: Floats) -> tuple[float, float, bool]:
    """Return the negative share of a window, half its interval, and whether it is time for more."""
    owners = Owners({("Acme", "sha"): sample}, {1: _MODEL}, lambda start: start + _WINDOW_S)
    unknown = Shares(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 3, 3)))
    found, _, dated = owners.correct([(_NOW, "Acme")], labels, 1, unknown, known=False)
    return found.values[0, 0], Z * float(np.sqrt(found.covariance[0, 0, 0])), dated[0]


def _tried(old: int, new: int) -> tuple[float, float, set[bool]]:
    """Return how often intervals hold, their mean half, and whether it is time for more."""
    chance = np.random.default_rng(old + new)
    spread = np.linalg.cholesky(_DRIFT + 1e-9 * np.eye(3))
    held, halves, said = 0, [], set()
    for _ in range(300):
        before = spread @ chance.normal(size=3)
        then, answered = _world(chance, old, before)
        labels, true = _world(chance, 2000, before + spread @ chance.normal(size=3))
        asked = chance.choice(2000, new, replace=False)
        sample = Sample(
            np.concatenate([answered, true[asked]]),
            np.concatenate([then, labels[asked]]),
            np.concatenate([np.zeros(old), np.full(new, _NOW + 1)]),
        )
        counts = np.bincount(labels, minlength=3)[None].astype(np.float64)
        value, half, dated = _estimated(sample, counts)
        held += abs(value - (true == 0).mean()) <= half
        halves.append(half)
        said.add(dated)
    return held / 300, float(np.mean(halves)), said


def test_answers_of_the_window_count_more() -> None:
    """Intervals hold whatever changed since the older ones; ten of later say more than ten."""
    held, alone, dated = _tried(100, 0)
    assert held >= 0.92
    assert {True} == dated
    held, ten, dated = _tried(100, 10)
    assert held >= 0.92
    assert {False} == dated
    held, more, _ = _tried(100, 25)
    assert held >= 0.92
    assert ten < 0.95 * alone
    assert more < 0.85 * alone
