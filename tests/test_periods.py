"""Spans and dates as typed, and the windows that moments lie in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.periods import SECONDS, WINDOWS, Window, beginning, ending, instant
from tests.factories import DAY_S, NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("90m", NOW - 5400),
        ("24h", NOW - DAY_S),
        (" 1.5 d ", NOW - 1.5 * DAY_S),
        ("2w", NOW - 14 * DAY_S),
        ("2025-06-15", 1_749_945_600.0),
        ("2025-06-15T15:06:40", NOW),
        ("2025-06-15T15:06:40Z", NOW),
        ("2025-06-15T17:06:40+02:00", NOW),
    ],
)
def test_reads_what_people_write(text: str, expected: float) -> None:
    """Spans count back from now; dates are UTC unless they say otherwise."""
    assert expected == instant(text, NOW)


@pytest.mark.parametrize("text", ["", "24", "h", "-24h", "yesterday", "2025-13-01", "24 hours"])
def test_says_what_it_cannot_read(text: str) -> None:
    """The message holds the text, and what would do."""
    with pytest.raises(
        ValueError, match="neither a span such as 24h, 7d or 2w nor a date"
    ) as raised:
        instant(text, NOW)

    assert repr(text.strip()) in str(raised.value)


@pytest.mark.parametrize("text", ["9" * 400 + "w", "0001-01-01", "9999-12-31T23:59"])
def test_stays_where_there_is_a_calendar(text: str) -> None:
    """However far away: the result is a moment that can be written down."""
    moment = datetime.fromtimestamp(instant(text, NOW), UTC)

    assert 1970 <= moment.year <= 9999


_MOMENTS = st.floats(0, 2e10) | st.integers(0, 5_000_000).map(lambda hours: 3600.0 * hours)


@given(_MOMENTS, st.sampled_from(WINDOWS))
def test_windows_hold_their_moments(moment: float, window: Window) -> None:
    """A window begins at or before its moment and ends at or after it, as long as it should be."""
    start, end = beginning(moment, window), ending(moment, window)

    assert start <= moment <= end
    assert end - start in ((0.0, SECONDS[window]) if start == moment else (SECONDS[window],))
    assert start == beginning(start, window) == ending(start, window)


@given(_MOMENTS)
def test_windows_begin_where_the_calendar_has_them(moment: float) -> None:
    """Hours at minute 0, days at midnight, weeks on Mondays, UTC."""
    hour, day, week = (datetime.fromtimestamp(beginning(moment, w), UTC) for w in WINDOWS)

    assert (0, 0) == (hour.minute, hour.second)
    assert (0, 0, 0) == (day.hour, day.minute, day.second)
    assert (0, 0, 0) == (week.weekday(), week.hour, week.minute)
