"""When tweets come, and what that makes of an hour."""

from __future__ import annotations

import itertools

import pytest

from monitor.alerts.rhythm import Rhythm
from monitor.periods import epoch

HOUR_S, DAY_S = 3600.0, 86_400.0
MONDAY = epoch("2026-03-02T00:00:00Z")


def lived(days: int) -> Rhythm:
    """One in which twelve tweets come in an hour by day, and one by night."""
    rhythm = Rhythm()
    for day, hour in itertools.product(range(days), range(24)):
        for number in range(12 if 8 <= hour < 20 else 1):
            assert rhythm.take(MONDAY + day * DAY_S + hour * HOUR_S + number * 300)
    return rhythm


def test_at_first_time_is_time() -> None:
    """Until three days are known."""
    rhythm = lived(2)
    assert HOUR_S == rhythm.steady(MONDAY + 2 * DAY_S, MONDAY + 2 * DAY_S + HOUR_S)


def test_an_hour_by_day_is_longer() -> None:
    """And one by night shorter; a week is a week."""
    rhythm = lived(10)
    noon = rhythm.steady(MONDAY + 12 * HOUR_S, MONDAY + 13 * HOUR_S)
    night = rhythm.steady(MONDAY + 2 * HOUR_S, MONDAY + 3 * HOUR_S)
    week = rhythm.steady(MONDAY + 1234.0, MONDAY + 1234.0 + 7 * DAY_S)

    assert noon > 1.6 * HOUR_S
    assert night < 0.4 * HOUR_S
    assert pytest.approx(7 * DAY_S) == week


def test_days_of_the_week() -> None:
    """From two weeks on a Sunday without tweets is short."""
    rhythm = Rhythm()
    for day, hour in itertools.product(range(28), range(24)):
        if day % 7 < 5:
            for number in range(10):
                rhythm.take(MONDAY + day * DAY_S + hour * HOUR_S + number * 300)
    monday = rhythm.steady(MONDAY, MONDAY + DAY_S)
    sunday = rhythm.steady(MONDAY + 6 * DAY_S, MONDAY + 7 * DAY_S)

    assert sunday < DAY_S / 2 < DAY_S < monday


def test_time_adds_up() -> None:
    """However it is cut."""
    rhythm = lived(10)
    cuts = [MONDAY + 0.37 * DAY_S * number for number in range(40)]
    parts = sum(rhythm.steady(a, b) for a, b in itertools.pairwise(cuts))

    assert pytest.approx(parts) == rhythm.steady(cuts[0], cuts[-1])


@pytest.mark.parametrize("at", [-1e-9, 0.0, 4 * DAY_S - 1e-9, 253402300799.0])
def test_any_clock(at: float) -> None:
    """Also one that is at the edge of a week, of 1970, or of the calendar."""
    rhythm = lived(4)
    rhythm.take(at)

    assert rhythm.steady(at, at) == 0.0
    assert 0.0 < rhythm.steady(at, at + HOUR_S) < 24 * HOUR_S


def test_after_an_outage_what_comes_has_waited() -> None:
    """For a tenth of it, ten minutes at least; three hours of a night are none."""
    rhythm = lived(10)
    assert rhythm.take(MONDAY + 10 * DAY_S + 2 * HOUR_S)
    back = MONDAY + 10 * DAY_S + 12 * HOUR_S
    assert not rhythm.take(back)
    assert not rhythm.take(back + 0.9 * HOUR_S)
    assert rhythm.take(back + 1.2 * HOUR_S)


def test_a_clock_set_back_does_not_leave_it_waiting() -> None:
    """An outage of ten years that was none: a year too early nothing is waited for."""
    rhythm = lived(10)
    ahead = MONDAY + 3650 * DAY_S
    assert not rhythm.take(ahead)
    assert rhythm.take(MONDAY + 11 * DAY_S + 9 * HOUR_S)
