"""Figures and moments as a page writes them."""

from __future__ import annotations

from typing import Final

from monitor.periods import Window
from monitor.standings import Estimate
from monitor.zones import day as day_of
from monitor.zones import local, zone_name

NOBODY: Final = "(no entity)"
_AGES: Final = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def name(entity: str | None) -> str:
    """Return what an entity is called."""
    return entity or NOBODY


def percent(share: float) -> str:
    """Return a share: 31 %."""
    return f"{100 * share:.0f}\u202f%"


def signed(value: float) -> str:
    """Return a net score or a change of it: +0.24."""
    text = f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
    return "0.00" if text[1:] == "0.00" else text


def ranged(figure: Estimate) -> str:
    """Return the ends of a net score's interval."""
    return f"{signed(figure.low)} to {signed(figure.high)}"


def age(seconds: float) -> str:
    """Return how long ago something was: 3 minutes."""
    if seconds < -_AGES[2][0]:
        return "in the future, by this clock"
    for length, unit in _AGES:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def moment(epoch_s: float) -> str:
    """Return a moment to the minute: 21 Nov 2026, 17:05."""
    date = local(epoch_s)
    return f"{date.day} {date:%b %Y, %H:%M}"


def window(start: float, width: Window) -> str:
    """Return what a window is called."""
    date = day_of(start)
    day = f"{date.day} {date:%b %Y}"
    return {"hour": moment(start), "day": f"{date:%a} {day}", "week": f"week of {day}"}[width]


def period(since: float, until: float, width: Window) -> str:
    """Return the ends of a span."""
    first, last = local(since), local(until)
    if width == "hour":
        return f"{moment(since)} to {moment(until)} {zone_name(until)}"
    years = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{years} to {last.day} {last:%b %Y}, {zone_name(until)}"


def duration(milliseconds: float) -> str:
    """Return a latency: 2.4 s, 340 ms."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.3g}\N{NO-BREAK SPACE}s"
    return f"{milliseconds:.3g}\N{NO-BREAK SPACE}ms"


def rate(per_second: float) -> str:
    """Return tweets a second, or a minute if they are few."""
    if 0 < per_second < 1:
        return f"{60 * per_second:.2g}/min"
    return f"{per_second:.3g}/s"
