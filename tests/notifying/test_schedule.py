"""``monitor.notifying.schedule``: quiet hours and the moments of summaries, in any zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notifying.schedule import Schedule
from monitor.settings import NotifySettings
from tests.factories import DAY_S, NOW

BERLIN = ZoneInfo("Europe/Berlin")
moments = st.floats(0, 4e9)


def _at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("quiet", "clock", "expected"),
    [
        ("22:00-07:00", "21:59:59", False),
        ("22:00-07:00", "22:00:00", True),
        ("22:00-07:00", "03:00:00", True),
        ("22:00-07:00", "06:59:59", True),
        ("22:00-07:00", "07:00:00", False),
        ("12:00-13:00", "12:30:00", True),
        ("12:00-13:00", "11:59:00", False),
        ("12:00-13:00", "13:00:00", False),
        ("", "03:00:00", False),
    ],
)
def test_quiet_hours(quiet: str, clock: str, expected: bool) -> None:
    """From the first minute to before the last, over midnight too, by the recipients' clocks."""
    schedule = Schedule.of(NotifySettings(quiet=quiet, timezone="Europe/Berlin"))

    assert expected == schedule.is_quiet(_at(f"2026-07-01T{clock}"))
    assert expected == schedule.is_quiet(_at(f"2026-12-01T{clock}"))


def test_a_day_and_a_week() -> None:
    """From the summary before to this one, whole days of the zone, Monday to Monday."""
    daily = Schedule.of(NotifySettings(summary="daily", timezone="Europe/Berlin"))
    weekly = Schedule.of(NotifySettings(summary="weekly", timezone="Europe/Berlin"))
    now = _at("2026-12-03T09:15:00")  # a Thursday
    day, week = daily.summary(now, None), weekly.summary(now, None)

    assert (_at("2026-12-02T08:00:00"), _at("2026-12-03T08:00:00")) == (day.since, day.until)
    assert (_at("2026-11-23T08:00:00"), _at("2026-11-30T08:00:00")) == (week.since, week.until)


def test_a_day_on_which_clocks_are_set() -> None:
    """It has 23 hours, and no hour is in two summaries or in none."""
    schedule = Schedule.of(NotifySettings(summary="daily", timezone="Europe/Berlin"))
    spring = schedule.summary(_at("2026-03-29T12:00:00"), None)
    after = schedule.summary(_at("2026-03-30T12:00:00"), None)

    assert 23 * 3600 == spring.until - spring.since
    assert spring.until == after.since


def test_the_first_is_the_next() -> None:
    """Whoever starts today is not told of yesterday; a missed one is not made up for."""
    schedule = Schedule(UTC, at=time(8))
    start = schedule.summary(NOW, None)
    assert not start.is_due
    assert start.until == start.told
    assert not schedule.summary(NOW + 60, start.told).is_due
    later = schedule.summary(NOW + 3 * DAY_S, start.told)
    assert later.is_due
    assert start.until + 3 * DAY_S == later.until
    assert not schedule.summary(NOW + 3 * DAY_S, later.until).is_due


def test_a_clock_that_was_ahead() -> None:
    """Years ahead, it has sent one; set right, the next is not years away, nor is one sent now."""
    schedule = Schedule(UTC, at=time(8))
    ahead = schedule.summary(NOW + 3000 * DAY_S, NOW - DAY_S).until
    right = schedule.summary(NOW, ahead)
    assert not right.is_due
    assert schedule.summary(NOW + DAY_S, right.told).is_due


def test_a_clock_that_steps_back_over_the_moment() -> None:
    """By a second, as when it is synchronised: one summary, not two."""
    schedule = Schedule(UTC, at=time(8))
    until = schedule.summary(NOW, None).until
    back = schedule.summary(until - 1, until)
    assert not back.is_due
    assert until == back.told
    assert not schedule.summary(until + 1, back.told).is_due


def test_never() -> None:
    """Nothing is due, and nothing remembered."""
    found = Schedule.of(NotifySettings()).summary(NOW, NOW - 30 * DAY_S)

    assert (False, None) == (found.is_due, found.told)


@given(
    now=moments,
    zone=st.sampled_from(["", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns"]),
    at=st.times().map(lambda t: f"{t:%H:%M}"),
    summary=st.sampled_from(["daily", "weekly"]),
)
def test_spans_meet(now: float, zone: str, at: str, summary: str) -> None:
    """The latest summary is never of the future; the one before ends where it begins."""
    schedule = Schedule.of(NotifySettings(summary=summary, summary_at=at, timezone=zone))
    found = schedule.summary(now, None)
    most = timedelta(days=8 if summary == "weekly" else 2).total_seconds() + 7200

    assert found.since < found.until <= now
    assert now - found.until < most
    assert found.since == schedule.summary(found.until - 1, None).until


@given(moments)
def test_some_hours_are_never_quiet(now: float) -> None:
    """Within a day there is a time to send."""
    schedule = Schedule.of(NotifySettings(quiet="00:01-00:00", timezone="Asia/Kolkata"))

    assert not all(schedule.is_quiet(now + 30 * step) for step in range(2 * 1440 + 1))
