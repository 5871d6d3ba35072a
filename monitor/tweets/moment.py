"""When a tweet was written, by what its publisher says."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from monitor.clock import utc

_TWITTER: Final = re.compile(
    r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) (\d{1,2}) (\d\d:\d\d:\d\d) ([+-]\d\d):?(\d\d) (\d{4})"
)
"""Wed Oct 10 20:19:24 +0000 2018, as version 1 of Twitter's API writes it."""
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_NUMBER: Final = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{12,13}")
"""Seconds or milliseconds since the epoch."""
_MILLISECONDS: Final = 1e11
"""A number from here on counts these."""
_FIRST: Final = datetime(2006, 3, 21, tzinfo=UTC).timestamp()
"""The first tweet."""
_AHEAD_S: Final = 300.0
"""By so much the publisher's clock may be ahead of ours."""


def written_at(created_at: str | None, received_at: float) -> str | None:
    """Return when a tweet was written, as the log writes times, where that can be believed.

    Args:
        created_at: what the publisher says: ISO 8601 (without an offset: UTC), as Twitter's API
            writes it, or seconds or milliseconds since the epoch.
        received_at: when it arrived, in seconds since the epoch.

    Returns:
        UTC; None if it says nothing that is a time, one before the first tweet (21 March 2006), or
        one more than five minutes after its arrival.
    """
    if not created_at:
        return None
    moment = _seconds(created_at.strip())
    if not _FIRST <= moment <= received_at + _AHEAD_S:  # nan is neither
        return None
    return utc(moment)


def _seconds(text: str) -> float:
    """Return a time in seconds since the epoch; nan if it is none."""
    try:
        if _NUMBER.fullmatch(text):
            number = float(text)
            return number / 1000 if number >= _MILLISECONDS else number
        if found := _TWITTER.fullmatch(text):
            month, day, time, hours, minutes, year = found.groups()
            text = f"{year}-{_MONTHS[month]:02}-{day:>02}T{time}{hours}:{minutes}"
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (KeyError, ValueError, OverflowError):
        return math.nan
