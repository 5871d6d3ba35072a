"""How much of the log a page shows: whole windows, the last of which may not be over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from monitor.periods import SECONDS, Window, beginning, ending

_HOURS_AT_MOST: Final = 2
_DAYS_AT_MOST: Final = 92


@dataclass(frozen=True, slots=True)
class Span:
    """From the beginning of a window to a moment, in seconds since the epoch."""

    since: float
    until: float
    window: Window

    @classmethod
    def of(cls, since: float, until: float) -> Self:
        """Choose windows of which some ten to a hundred fit between two moments."""
        days = (until - since) / SECONDS["day"]
        window: Window = (
            "hour" if days <= _HOURS_AT_MOST else "day" if days <= _DAYS_AT_MOST else "week"
        )
        return cls(beginning(since, window), until, window)

    @classmethod
    def ending(cls, until: float, name: str) -> Self:
        """Make the span of a name in `NAMES` that ends at a moment, its own window included."""
        window, count, _ = NAMES[name]
        return cls(ending(until, window) - count * SECONDS[window], until, window)

    @property
    def step(self) -> float:
        """Seconds of a window."""
        return SECONDS[self.window]

    @property
    def end(self) -> float:
        """When its last window is over."""
        return ending(self.until, self.window)


NAMES: Final[dict[str, tuple[Window, int, str]]] = {
    "24h": ("hour", 24, "24 hours"),
    "7d": ("day", 7, "7 days"),
    "30d": ("day", 30, "30 days"),
    "1y": ("week", 52, "1 year"),
}
"""What a page can be asked for: windows, how many, and how people say it."""
