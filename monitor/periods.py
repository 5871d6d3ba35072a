"""Spans of time as people write them: ``24h``, ``7d``, ``2026-11-21``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

Window: TypeAlias = Literal["hour", "day", "week"]
WINDOWS: Final = ("hour", "day", "week")
HOUR_S: Final = 3600.0
SECONDS: Final[dict[Window, float]] = {
    "hour": HOUR_S,
    "day": 24 * HOUR_S,
    "week": 7 * 24 * HOUR_S,
}
_UNITS: Final = {"m": 60.0, "h": HOUR_S, "d": SECONDS["day"], "w": SECONDS["week"]}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""What comes later, no calendar writes."""


def instant(text: str, now: float) -> float:
    """Return the moment (seconds since the epoch, from 1970 to 9999) that a text means.

    Args:
        text: a span before now (``90m``, ``24h``, ``7d``, ``2w``), ``now``, or a date or time in
            ISO 8601, UTC unless it says otherwise.
        now: seconds since the epoch.

    Raises:
        ValueError: if it is none of these.
    """
    text = text.strip()
    if text == "now":
        return now
    if found := _SPAN.fullmatch(text):
        moment = now - float(found[1]) * _UNITS[found[2]]
    else:
        moment = _of_calendar(text)
    return min(max(moment, 0.0), _LATEST)


def _of_calendar(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a span such as 24h, 7d or 2w nor a date such as 2026-11-21"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def epoch(text: str | None) -> float:
    """Return the moment (seconds since the epoch, from 1970 to 9999) that a log's text means.

    A log may hold any text for a time: clocks go wrong, and other boards' are taken in. What is
    earlier or later is held to these ends, and what is no time is 1970: what shows a log has to
    show that, too.
    """
    try:
        return min(max(_of_calendar(text or ""), 0.0), _LATEST)
    except (ValueError, OverflowError):
        return 0.0


def beginning(epoch_s: float, window: Window) -> float:
    """Return when the window (UTC; weeks begin on Monday) began that a moment lies in."""
    shift = 4 * SECONDS["day"] if window == "week" else 0.0  # the epoch was a Thursday
    return (epoch_s - shift) // SECONDS[window] * SECONDS[window] + shift


def ending(epoch_s: float, window: Window) -> float:
    """Return when the window ends that a moment lies in; where two windows meet, the earlier."""
    start = beginning(epoch_s, window)
    return start if start == epoch_s else start + SECONDS[window]
