"""When a tweet was written, in whatever form its publisher says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.periods import epoch
from monitor.tweets.moment import written_at

NOW = epoch("2026-11-21T18:00:00Z")
WRITTEN = "2026-11-21T17:52:29.000Z"


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-21T17:52:29Z",
        "2026-11-21T17:52:29.000000+00:00",
        "2026-11-21T18:52:29+01:00",
        "2026-11-21T12:22:29-05:30",
        "2026-11-21 17:52:29",
        "Sat Nov 21 17:52:29 +0000 2026",
        "Sat Nov 21 18:52:29 +0100 2026",
        "1795283549",
        "1795283549.0",
        "1795283549000",
        " 2026-11-21T17:52:29Z ",
    ],
)
def test_forms(said: str) -> None:
    """ISO 8601, Twitter's own, and numbers of seconds and milliseconds mean the same moment."""
    assert WRITTEN == written_at(said, NOW)


@pytest.mark.parametrize(
    "said",
    [
        *(
            None,
            "",
            "yesterday",
            "12",
            "2026",
            "2026-13-01T00:00:00Z",
            "Sat Foo 21 17:52:29 +0000 2026",
        ),
        *("2006-03-20T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        *("2026-11-21T18:06:00Z", "2126-11-21T17:52:29Z", "9999999999999", "0"),
    ],
)
def test_what_is_not_believed(said: str | None) -> None:
    """What is no time, one before the first tweet, or one of the future."""
    assert written_at(said, NOW) is None


def test_clocks_differ() -> None:
    """A publisher's may be minutes ahead of the board's."""
    assert "2026-11-21T18:04:00.000Z" == written_at("2026-11-21T18:04:00Z", NOW)


@given(
    st.datetimes(datetime(2006, 3, 22), datetime(2026, 11, 20)),  # noqa: DTZ001  (zones are drawn)
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_any_moment_in_any_zone(moment: datetime, zone: timezone) -> None:
    """As it was, to the millisecond."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    assert utc(moment.timestamp()) == written_at(moment.astimezone(zone).isoformat(), NOW)


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Is a time or none, and no error."""
    written = written_at(text, NOW)
    assert written is None or epoch(written) <= NOW + 300
