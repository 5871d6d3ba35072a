"""Where a rise began, and what has risen."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.alerts.change import change_point, share_evidence, volume_evidence

HOUR_S = 3600.0
PACE = 1 / HOUR_S


def test_a_share_that_rose() -> None:
    """At the tweet after which more are negative, within an interval that holds it."""
    negative = np.array([n % 5 == 4 for n in range(100)] + [n % 4 != 3 for n in range(20)])
    found = change_point(negative, HOUR_S * np.arange(120.0), 0.2, PACE, 1.0)

    assert ("share", True) == (found.kind, abs(found.first - 100) <= 2)
    assert found.earliest <= found.first <= found.latest
    assert found.earliest <= 100 <= found.latest


def test_a_volume_that_rose() -> None:
    """At the first of the tweets that come faster, though they say what they always say."""
    times = np.append(HOUR_S * np.arange(100), 100 * HOUR_S + HOUR_S / 5 * np.arange(40))
    negative = np.array([n % 5 == 4 for n in range(140)])
    found = change_point(negative, times, 0.2, PACE, 1.0)

    assert ("volume", True) == (found.kind, abs(found.first - 100) <= 2)
    assert "share" == change_point(negative, times, 0.2, 0.0, 1.0).kind  # no pace is known


def test_both() -> None:
    """And in a crisis both."""
    times = np.append(HOUR_S * np.arange(100), 100 * HOUR_S + HOUR_S / 4 * np.arange(12))
    negative = np.array([n % 5 == 4 for n in range(100)] + [n % 4 != 3 for n in range(12)])
    found = change_point(negative, times, 0.2, PACE, 1.0)

    assert ("both", True) == (found.kind, abs(found.first - 100) <= 2)


def test_one_tweet_is_enough_to_look_at() -> None:
    """Of an entity that has no more."""
    found = change_point(np.array([True]), np.array([0.0]), 0.2, PACE, 1.0)

    assert (0, 0, 0) == (found.first, found.earliest, found.latest)


def test_less_than_usual_is_no_evidence() -> None:
    """Of neither; and none comes of nothing."""
    assert 0.0 == share_evidence(1, 10, 0.2)
    assert 0.0 == share_evidence(0, 0, 0.2)
    assert 0.0 == volume_evidence(5, 10 * HOUR_S, PACE, 1.0)
    assert 0.0 == volume_evidence(5, HOUR_S, 0.0, 1.0)
    assert share_evidence(8, 10, 0.2) > 5
    assert volume_evidence(20, 5 * HOUR_S, PACE, 1.0) == pytest.approx(
        2 * volume_evidence(20, 5 * HOUR_S, PACE, 2.0)
    )
