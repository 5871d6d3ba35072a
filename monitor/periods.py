"""Spans of time as people write them: ``24h``, ``7 days``, ``yesterday``, ``2026-11-21``.

Days, weeks, months and years are those of the time zone that people are told times in
(`monitor.zones`); hours are those of UTC, in which the rollups count.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias

from monitor import zones

Window: TypeAlias = Literal["hour", "day", "week"]
WINDOWS: Final[tuple[Window, ...]] = ("hour", "day", "week")
HOUR_S: Final = 3600.0
SECONDS: Final[dict[Window, float]] = {
    "hour": HOUR_S,
    "day": 24 * HOUR_S,
    "week": 7 * 24 * HOUR_S,
}
_HOURS_AT_MOST: Final = 2
"""Days of which it is told hour by hour."""
_DAYS_AT_MOST: Final = 92
"""Day by day; beyond, week by week."""
_SHORT: Final = {
    "second": ("s", "sec", "secs"),
    "minute": ("m", "min", "mins"),
    "hour": ("h", "hr", "hrs"),
    "day": ("d",),
    "week": ("w", "wk", "wks"),
    "month": ("mo", "mos"),
    "year": ("y", "yr", "yrs"),
}
_UNITS: Final = {
    name: unit for unit, short in _SHORT.items() for name in (unit, f"{unit}s", *short)
}
"""How units are written, in small letters."""
_LENGTHS: Final[dict[str, float]] = {
    "second": 1.0,
    "minute": 60.0,
    **{window: SECONDS[window] for window in WINDOWS},
}
_MONTHS: Final = {"month": 1, "year": 12}
_ALL_MONTHS: Final = 12 * 9999
"""As many as a calendar has."""
_SPAN: Final = re.compile(
    r"(?:now\s*-\s*|-|(?:last|past)\s+)?(\d+(?:\.\d+)?|an?|one)\s*([a-z]+)(?:\s+ago)?"
)
_BEGINNING: Final = re.compile(r"(this|last) (hour|day|week|month|year)")
_DAYS: Final = {"today": "this day", "yesterday": "last day"}
_MONTH: Final = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""What comes later, no calendar writes."""


def instant(text: str, now: float) -> float:
    """Return the moment (seconds since the epoch, from 1970 to 9999) that a text means.

    Args:
        text: a span before now (``90m``, ``24h``, ``7 days``, ``1 month ago``), ``now``, the
            beginning of ``today``, ``yesterday`` or of this or last hour, day, week, month or year,
            or a date or time in ISO 8601, local unless it says otherwise. Letters may be large or
            small, but for ``M``: one letter cannot mean minutes and months.
        now: seconds since the epoch.

    Raises:
        ValueError: if it is none of these.
    """
    text = text.strip()
    words = " ".join(text.lower().split())
    words = _DAYS.get(words, words)
    if words == "now":
        return now
    found = _SPAN.fullmatch(words)
    if found and found[2] in _UNITS and not re.search(r"\dM", text):
        moment = _before(now, found[1], _UNITS[found[2]])
    elif named := _BEGINNING.fullmatch(words):
        moment = _beginning_of(named[2], now, before=named[1] == "last")
    else:
        moment = _of_calendar(text, None)
    return min(max(moment, 0.0), _LATEST)


def _before(now: float, number: str, unit: str) -> float:
    count = float(number) if number[0].isdigit() else 1.0
    if unit in _LENGTHS:
        return now - count * _LENGTHS[unit]
    months = min(count * _MONTHS[unit], _ALL_MONTHS)
    if months % 1:  # a part of a month has no length of its own
        raise ValueError(f"{number} {unit}s: only whole months and years; or say days")
    return _months_before(now, months)


def _months_before(now: float, months: float) -> float:
    """Return the same day and time so many months before; the month's last day if it has no such.

    What lies before 1970 is 1970.
    """
    then = zones.local(now)
    year, month = divmod(12 * then.year + then.month - 1 - months, 12)
    if year < 1970:
        return 0.0
    day = min(then.day, calendar.monthrange(int(year), int(month) + 1)[1])
    return then.replace(year=int(year), month=int(month) + 1, day=day).timestamp()


def _beginning_of(unit: str, now: float, *, before: bool) -> float:
    """Return when this hour, day, week (from Monday), month or year began, or the one before."""
    for window in WINDOWS:
        if unit == window:
            start = beginning(now, window)
            return preceding(start, window) if before else start
    first = zones.day(now).replace(day=1)
    if unit == "year":
        first = first.replace(month=1)
    months = 12 * first.year + first.month - 1 - before * _MONTHS[unit]
    return zones.midnight(date(months // 12, months % 12 + 1, 1))


def _of_calendar(text: str, zone: tzinfo | None) -> float:
    whole = text
    if _MONTH.fullmatch(text):  # `fromisoformat` wants a day
        whole = f"{text}-01" if "-" in text else f"{text}-01-01"
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a span such as 24h, 7d, 2w or 1 month nor a date such as"
            " 2026-11-21 or yesterday"
        ) from None
    if not (moment.tzinfo or 1970 < moment.year < 9999):  # held to these ends, whatever the zone
        zone = UTC
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def fitting(span_s: float) -> Window:
    """Return windows of which some ten to a hundred fit into so many seconds."""
    days = span_s / SECONDS["day"]
    return "hour" if days <= _HOURS_AT_MOST else "day" if days <= _DAYS_AT_MOST else "week"


def epoch(text: str | None) -> float:
    """Return the moment (seconds since the epoch, from 1970 to 9999) that a log's text means.

    A log may hold any text for a time: clocks go wrong, and other boards' are taken in. What is
    earlier or later is held to these ends, and what is no time is 1970: what shows a log has to
    show that, too.
    """
    try:
        return min(max(_of_calendar(text or "", UTC), 0.0), _LATEST)
    except (ValueError, OverflowError):
        return 0.0


def beginning(epoch_s: float, window: Window) -> float:
    """Return when the window (weeks begin on Monday) began that a moment lies in.

    It is a whole hour of UTC, whatever the zone.
    """
    if window == "hour":
        return epoch_s // HOUR_S * HOUR_S
    day = zones.day(epoch_s)
    return zones.midnight(day - timedelta(days=day.weekday() if window == "week" else 0))


def following(start: float, window: Window) -> float:
    """Return when the window after the one that begins at a moment does."""
    if window == "hour":
        return start + HOUR_S
    return beginning(start + 1.5 * SECONDS[window], window)  # some days have 23 hours, some 25


def preceding(start: float, window: Window) -> float:
    """Return when the window before the one that begins at a moment does."""
    return beginning(start - SECONDS[window] / 2, window)


def ending(epoch_s: float, window: Window) -> float:
    """Return when the window ends that a moment lies in; where two windows meet, the earlier."""
    start = beginning(epoch_s, window)
    return start if start == epoch_s else following(start, window)
