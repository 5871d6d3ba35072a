"""Figures and moments as people read them."""

from __future__ import annotations

import pytest

from monitor.periods import beginning
from monitor.pictures import words
from monitor.standings import Estimate
from tests.factories import DAY_S, NOW


@pytest.mark.parametrize(
    ("value", "text"), [(0.244, "+0.24"), (-0.5, "\u22120.50"), (0.0, "0.00"), (-0.001, "0.00")]
)
def test_signed(value: float, text: str) -> None:
    """A sign, but not on nothing, and a true minus."""
    assert text == words.signed(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "just now"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (3 * DAY_S, "3 days ago"),
        (-500, "in the future, by this clock"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    """In the largest unit that fits."""
    assert text == words.age(seconds)


def test_names_of_windows() -> None:
    """An hour, a day, a week."""
    assert "15 Jun 2025, 15:00" == words.window(beginning(NOW, "hour"), "hour")
    assert "Sun 15 Jun 2025" == words.window(NOW, "day")
    assert "week of 15 Jun 2025" == words.window(NOW, "week")


def test_ends_of_spans() -> None:
    """The year stands once if it is one."""
    assert "8 Jun to 15 Jun 2025, UTC" == words.period(NOW - 7 * DAY_S, NOW, "day")
    assert "15 Jun 2024 to 15 Jun 2025, UTC" == words.period(NOW - 365 * DAY_S, NOW, "week")
    assert "14 Jun 2025, 15:06 to 15 Jun 2025, 15:06 UTC" == words.period(NOW - DAY_S, NOW, "hour")


def test_intervals() -> None:
    """Both ends, the unit once."""
    assert "\u22120.10 to +0.30" == words.ranged(Estimate(0.1, -0.1, 0.3))
    assert "31\u202f%" == words.percent(0.312)


@pytest.mark.parametrize(("ms", "text"), [(12.34, "12.3\xa0ms"), (2449, "2.45\xa0s")])
def test_durations(ms: float, text: str) -> None:
    """Three digits, in the unit that needs fewest."""
    assert text == words.duration(ms)


def test_rates() -> None:
    """Few tweets are counted by the minute."""
    assert ["0/s", "12/min", "20/s"] == [words.rate(rate) for rate in (0, 0.2, 20)]
