"""The time zone in which people are told times; data are UTC.

It is the process's own, as of any Unix program: the board's, or that of ``TZ``, or of an option
``--timezone``. The rollups count in hours of UTC; where a zone is half an hour off, its days begin
with the hour in which midnight lies.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from typing import Final

_HOUR_S: Final = 3600.0
_LOOK_S: Final = 7 * 24 * _HOUR_S
"""Clocks that are put on stay so for longer."""


def named(name: str) -> tzinfo | None:
    """Return a time zone by its name in the IANA's database; None for "", the board's own.

    Raises:
        ValueError: if there is none of that name here.
    """
    if not name.strip():
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "is no time zone that this system knows (its package tzdata has them); such as"
            " Europe/Berlin"
        ) from None


@contextmanager
def used(name: str) -> Iterator[None]:
    """Tell times in a zone meanwhile, in this process and those that it starts.

    Args:
        name: in the IANA's database, such as ``Europe/Berlin``; "" for the board's own.

    Raises:
        ValueError: if there is none of that name here.
    """
    zone = named(name)
    before = os.environ.get("TZ")
    try:
        if zone is not None:
            os.environ["TZ"] = name.strip()
            time.tzset()
            at = time.time()
            if datetime.fromtimestamp(at, zone).utcoffset() != local(at).astimezone().utcoffset():
                # Python's database has it (by the package tzdata), the C library's does not.
                raise ValueError(
                    "is not known to the C library: install the system's package tzdata"
                )
        yield
    finally:
        os.environ.pop("TZ", None)
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def local(epoch_s: float) -> datetime:
    """Return a moment (seconds since the epoch) as people's clocks show it, without a zone."""
    return datetime.fromtimestamp(epoch_s)  # noqa: DTZ006  (that is the point)


def zone_name(epoch_s: float) -> str:
    """Return what the zone is called at a moment: ``UTC``, ``CET``, ``UTC+0530``."""
    name = time.strftime("%Z", time.localtime(epoch_s))
    return name if name[:1].isalpha() else f"UTC{name}"


def minute(epoch_s: float) -> str:
    """Write a moment to the minute: ``2026-11-21 17:05``."""
    return f"{local(epoch_s):%Y-%m-%d %H:%M}"


def day(epoch_s: float) -> date:
    """Return the day that the hour (of UTC) of a moment is counted in."""
    hour = epoch_s // _HOUR_S * _HOUR_S
    return datetime.fromtimestamp(hour + offset_hours(hour) * _HOUR_S, UTC).date()


def midnight(day: date) -> float:
    """Return when the first hour that is counted in a day begins."""
    as_utc = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    near = as_utc - offset_hours(as_utc) * _HOUR_S
    offset = offset_hours(near)
    found = as_utc - offset * _HOUR_S
    # Where clocks are put on at midnight, the day begins an hour later.
    return found if offset_hours(found) == offset else max(near, found)


def offset_hours(epoch_s: float) -> int:
    """Return how many hours local time is ahead, half hours rounded up."""
    return math.ceil(time.localtime(epoch_s).tm_gmtoff / _HOUR_S)


def of_one_offset(first: float, last: float) -> list[tuple[float, float, int]]:
    """Part a span of whole hours (seconds since the epoch) where clocks are put on or back.

    Returns:
        Beginning, end and `offset_hours` of each part, in order.
    """
    if not (time.daylight or time.timezone):  # UTC: thousands of years at once
        return [(first, last, 0)] if first < last else []
    parts: list[tuple[float, float, int]] = []
    begin, offset, at = first, offset_hours(first), first
    while at < last:
        following = min(at + _LOOK_S, last)
        if offset_hours(following) != offset:
            low, high = at, following  # whole hours before and after the change
            while high - low > _HOUR_S:
                middle = low + (high - low) // (2 * _HOUR_S) * _HOUR_S
                low, high = (middle, high) if offset_hours(middle) == offset else (low, middle)
            parts.append((begin, high, offset))
            begin, offset, following = high, offset_hours(high), high
        at = following
    return [*parts, (begin, last, offset)] if begin < last else parts
