"""``monitor.clock``: the time, and whether to believe it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import clock
from monitor.clock import utc
from tests.factories import NOW
from tests.test_zones import living


def test_now_is_now() -> None:
    """A reading lies between two others, and says what the kernel says of its clock."""
    before = time.time()
    moment = clock.now()

    assert before <= moment.epoch_s <= time.time()
    assert clock.clock_synchronised() is moment.synchronised


@pytest.mark.parametrize(("expected", "state"), [(True, 0), (True, 1), (False, 5), (None, -1)])
def test_what_the_kernel_says(
    monkeypatch: pytest.MonkeyPatch, expected: bool | None, state: int
) -> None:
    """The kernel calls a clock that nobody sets an error; if it refuses to say, nobody knows."""
    monkeypatch.setattr(clock, "_adjtimex", lambda _buffer: state)

    assert expected is clock.clock_synchronised()


def test_another_libc(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library without the call is no reason to fail."""
    monkeypatch.setattr(clock, "_adjtimex", None)

    assert clock.clock_synchronised() is None
    assert clock.now().synchronised is None


def test_utc_format() -> None:
    """Times are ISO 8601 in UTC, with milliseconds and a Z."""
    assert "2025-06-15T15:06:40.000Z" == utc(NOW)
    assert "1970-01-01T00:00:00.500Z" == utc(0.5)


@pytest.mark.parametrize(
    ("expected", "at"),
    [
        ("2024-02-29T23:59:59.000Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("2025-03-30T01:30:00.000Z", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("2025-10-26T01:30:00.000Z", datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
    ],
)
def test_no_zone_has_a_say(expected: str, at: datetime) -> None:
    """Neither leap days nor the hours that summer time skips or repeats move a time."""
    with living("Europe/Berlin"):
        assert expected == utc(at.timestamp())


@given(a=st.floats(-2e9, 2e11), b=st.floats(-2e9, 2e11))
def test_utc_sorts_as_time(a: float, b: float) -> None:
    """Comparing the texts compares the times, to the millisecond."""
    if abs(a - b) > 0.001:
        assert (utc(a) < utc(b)) == (a < b)
