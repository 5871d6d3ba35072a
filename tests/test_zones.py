"""Times as people's clocks show them: names of zones, days, and where clocks change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import zones
from monitor.periods import WINDOWS, Window, beginning, ending, following, instant, preceding

_HOUR_S = 3600.0
_ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"),
    *("Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"),
    # Clocks change at midnight.
    *("America/Santiago", "Asia/Beirut", "America/Havana", "Atlantic/Azores"),
)
_FROM, _TO = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2015, 2026))
_MOMENTS = st.integers(int(_FROM), int(_TO)).map(float)


@contextmanager
def living(name: str) -> Iterator[ZoneInfo]:
    """Live in a zone."""
    with zones.used(name):
        yield ZoneInfo(name)


@pytest.mark.parametrize("name", _ZONES)
def test_local_time_is_that_of_the_zone(name: str) -> None:
    """Through a year with both changes of clocks."""
    with living(name) as zone:
        for hour in range(0, 24 * 366, 5):
            at = _FROM + hour * _HOUR_S

            assert f"{datetime.fromtimestamp(at, zone):%c}" == f"{zones.local(at):%c}"


@given(st.sampled_from(_ZONES), _MOMENTS, st.sampled_from(WINDOWS))
def test_windows_hold_their_moments(name: str, moment: float, window: Window) -> None:
    """They begin with whole hours, meet, and are as long as days of 23 to 25 hours make them."""
    with living(name) as zone:
        start, end = beginning(moment, window), ending(moment, window)
        after = following(start, window)

        assert 0 == start % _HOUR_S == end % _HOUR_S
        assert start <= moment <= end
        assert start == beginning(start, window) == preceding(after, window)
        assert end == (start if moment == start else after)
        if window == "day":
            assert after - start in [hours * _HOUR_S for hours in (23, 24, 25)]
            # It begins with the hour in which midnight lies.
            first = datetime.fromtimestamp(start + _HOUR_S - 1, zone)
            assert first.date() == datetime.fromtimestamp(start + 12 * _HOUR_S, zone).date()


@given(st.sampled_from(_ZONES), _MOMENTS, st.integers(1, 400))
def test_a_span_is_parted_where_clocks_change(name: str, first: float, days: int) -> None:
    """The parts meet, and in each the clock is as many hours ahead as it says."""
    with living(name):
        first = beginning(first, "hour")
        last = first + days * 24 * _HOUR_S
        parts = zones.of_one_offset(first, last)

        assert [first, *(end for _, end, _ in parts)] == [*(begin for begin, *_ in parts), last]
        for begin, end, ahead in parts:
            for at in (begin, (begin + end) // 2 // _HOUR_S * _HOUR_S, end - _HOUR_S):
                assert ahead == zones.offset_hours(at)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-29", "2026-03-28T23:00"),
        ("2026-03-30", "2026-03-29T22:00"),
        ("2026-07-01T09:00", "2026-07-01T07:00"),
        ("2026-07-01T09:00Z", "2026-07-01T09:00"),
        ("today", "2026-03-29T22:00"),
        ("yesterday", "2026-03-28T23:00"),
        ("this week", "2026-03-29T22:00"),
        ("last week", "2026-03-22T23:00"),
        ("this month", "2026-02-28T23:00"),
        ("last year", "2024-12-31T23:00"),
        ("24h", "2026-03-29T11:00"),
        ("1 month", "2026-02-28T12:00"),
    ],
)
def test_dates_are_local(text: str, expected: str) -> None:
    """On the Monday after clocks were put on, at 13:00 in Berlin."""
    now = datetime(2026, 3, 30, 11, tzinfo=UTC).timestamp()
    meant = datetime.fromisoformat(expected).replace(tzinfo=UTC).timestamp()

    with living("Europe/Berlin"):
        assert meant == instant(text, now)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_zone_without_changes_is_one_part(window: Window) -> None:
    """As UTC is."""
    assert [(0.0, 9 * _HOUR_S, 0)] == zones.of_one_offset(0.0, 9 * _HOUR_S)
    assert "UTC" == zones.zone_name(beginning(_FROM, window))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("UTC", "UTC"), ("Europe/Berlin", "CET"), ("Asia/Kathmandu", "UTC+0545")],
)
def test_names_of_zones(name: str, shown: str) -> None:
    """By their letters, or by how far they are off."""
    with living(name):
        assert shown == zones.zone_name(_FROM)


@pytest.mark.parametrize(
    "name", ["Europe/Nowhere", "../etc/passwd", "\0", "/etc", "Europe", "x" * 999]
)
def test_says_that_there_is_no_such_zone(name: str) -> None:
    """And nothing changes."""
    with pytest.raises(ValueError, match="no time zone"), zones.used(name):
        pass

    assert "UTC" == os.environ["TZ"]
