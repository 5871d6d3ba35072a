"""How much of the log a page shows: whole hours, as in every report, drawn in windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from monitor.periods import SECONDS, Window, beginning, ending, fitting


@dataclass(frozen=True, slots=True)
class Span:
    """From the beginning of an hour to a moment, in seconds since the epoch.

    The first of its windows may have begun before, and the last one may not be over.
    """

    since: float
    until: float
    window: Window

    @classmethod
    def of(cls, since: float, until: float) -> Self:
        """Choose windows of which some ten to a hundred fit between two moments."""
        return cls(beginning(since, "hour"), until, fitting(until - since))

    @classmethod
    def ending(cls, until: float, name: str) -> Self:
        """Make the span of a name in `NAMES` that ends at a moment, as ``--since`` means it."""
        window, count, _ = NAMES[name]
        return cls(beginning(until - count * SECONDS[window], "hour"), until, window)

    @property
    def step(self) -> float:
        """Seconds of a window."""
        return SECONDS[self.window]

    @property
    def first(self) -> float:
        """When its first window begins."""
        return beginning(self.since, self.window)

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
