"""Spans and dates as typed, and the windows that moments lie in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.periods import SECONDS, WINDOWS, Window, beginning, ending, instant
from tests.factories import DAY_S, NOW


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("90m", NOW - 5400),
        ("24h", NOW - DAY_S),
        (" 1.5 d ", NOW - 1.5 * DAY_S),
        ("2w", NOW - 14 * DAY_S),
        ("30s", NOW - 30),
        ("7days", NOW - 7 * DAY_S),
        ("7 Days", NOW - 7 * DAY_S),
        ("24H", NOW - DAY_S),
        ("36 hrs", NOW - 1.5 * DAY_S),
        ("90 minutes ago", NOW - 5400),
        ("a week ago", NOW - 7 * DAY_S),
        ("last 7 days", NOW - 7 * DAY_S),
        ("-7d", NOW - 7 * DAY_S),
        ("now-7d", NOW - 7 * DAY_S),
        ("today", 1_749_945_600.0),
        ("this day", 1_749_945_600.0),
        ("Yesterday", 1_749_945_600.0 - DAY_S),
        ("last hour", _at("2025-06-15T14:00")),
        ("this week", _at("2025-06-09")),
        ("last week", _at("2025-06-02")),
        ("this month", _at("2025-06-01")),
        ("last month", _at("2025-05-01")),
        ("last year", _at("2024-01-01")),
        ("1month", _at("2025-05-15T15:06:40")),
        ("6 mo", _at("2024-12-15T15:06:40")),
        ("1y", _at("2024-06-15T15:06:40")),
        ("2 years ago", _at("2023-06-15T15:06:40")),
        ("2025-06", _at("2025-06-01")),
        ("2025", _at("2025-01-01")),
        ("2025-06-15", 1_749_945_600.0),
        ("2025-06-15T15:06:40", NOW),
        ("2025-06-15T15:06:40Z", NOW),
        ("2025-06-15T17:06:40+02:00", NOW),
    ],
)
def test_reads_what_people_write(text: str, expected: float) -> None:
    """Spans count back from now; dates are UTC unless they say otherwise."""
    assert expected == instant(text, NOW)


@pytest.mark.parametrize(
    "text",
    ["", "24", "h", "+24h", "tomorrow", "2025-13-01", "2025-13", "9 moons", "1M", "this 7d"],
)
def test_says_what_it_cannot_read(text: str) -> None:
    """The message holds the text, and what would do."""
    with pytest.raises(
        ValueError, match="neither a span such as 24h, 7d, 2w or 1 month nor a date"
    ) as raised:
        instant(text, NOW)

    assert repr(text.strip()) in str(raised.value)


def test_a_month_without_such_a_day_ends_sooner() -> None:
    """A month before 31 March is the last of February; a part of a month is refused."""
    now = _at("2025-03-31T12:00")

    assert _at("2025-02-28T12:00") == instant("1 month", now)
    assert _at("2024-02-29T12:00") == instant("13 months", now)
    with pytest.raises(ValueError, match="only whole months"):
        instant("1.5 months", now)


@given(st.floats(0, 2e10), st.integers(1, 3000))
def test_months_go_back_by_whole_months(now: float, months: int) -> None:
    """As many months earlier, at the same time of day, on no later day of the month."""
    then, start = (datetime.fromtimestamp(m, UTC) for m in (instant(f"{months}mo", now), now))

    if then.timestamp():
        assert months == 12 * (start.year - then.year) + start.month - then.month
        assert start.day >= then.day >= min(start.day, 28)
        assert start.time() == then.time()


@pytest.mark.parametrize(
    "text", ["9" * 5000 + "mo", "9" * 400 + "w", "0001-01-01", "9999-12-31T23:59"]
)
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
