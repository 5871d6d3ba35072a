"""When tweets come, of all entities together: the hours of a day and the days of a week.

Steady time passes as tweets usually come: an hour in which twice as many come as on average is two
hours long in it. So a morning is no rise, and a night no fall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_WEEK_S: Final = 604_800.0
_MONDAY_S: Final = 4 * _DAY_S
"""The first one of the epoch, which began on a Thursday."""
_HOURS: Final = 24
_WEEKDAYS: Final = 7
SLOTS: Final = _HOURS + _WEEKDAYS
"""Counts that are kept: of the 24 hours (UTC), then of the 7 days from Monday on."""
_KEPT: Final = 0.97 ** (1 / _HOURS)
"""What counts are worth an hour later: the rhythm is that of the last month or so."""
_ASSUMED: Final = 10.0
"""Tweets that each hour is taken to have had, beside those counted; days, five times as many."""
_KNOWN_AFTER_S: Final = 3 * _DAY_S
_WEEKS_KNOWN_AFTER_S: Final = 14 * _DAY_S
_OUTAGE_TWEETS: Final = 12.0
_OUTAGE_S: Final = 300.0
"""A silence of all entities that lasts so long, and in which so many tweets would usually have
come, is an outage: of the daemon, of its connection, or of whoever publishes."""
_SETTLING: Final = 0.1
"""Of an outage's duration: how long what has waited may take to come; ten minutes at least, a day
at most."""
_SETTLING_S: Final = 600.0


@dataclass(slots=True)
class Rhythm:
    """What is known of it; kept in the log, and so the same after a restart."""

    counts: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    """Of the hours that are over."""
    known_s: float = 0.0
    """How long was counted; the past counts for less, as in the counts."""
    since: float = math.nan
    """When counting began, in seconds since the epoch."""
    hour: int = -1
    """The one that goes on, in hours since the epoch."""
    pending: int = 0
    """Tweets of that hour."""
    at: float = math.nan
    """When the last tweet came."""
    settling_until: float = -math.inf
    """Until then tweets come that have waited for the end of an outage."""
    _ends: list[float] = field(default_factory=list)
    """Steady seconds from a week's beginning to each of its hours [169]."""

    def take(self, at: float) -> bool:
        """Count a tweet that came at a time, in seconds since the epoch.

        Returns:
            Whether tweets come as they are sent, rather than after an outage, all at once.
        """
        if math.isnan(self.since):
            self.since = self.at = at
            self.hour = int(at // _HOUR_S)
        silence = at - self.at
        if silence >= _OUTAGE_S and self.known_s:
            expected = self.steady(self.at, at) * sum(self.counts[:_HOURS]) / self.known_s
            if expected >= _OUTAGE_TWEETS:
                settling_s = min(max(_SETTLING * silence, _SETTLING_S), _DAY_S)
                self.settling_until = at + settling_s
        self.at = at
        hour = int(at // _HOUR_S)
        if hour != self.hour:
            self._close(hour)
        self.pending += 1
        # A clock that was set back must not leave it settling for years.
        return not self.settling_until - _DAY_S <= at < self.settling_until

    def steady(self, begin: float, end: float) -> float:
        """Return how much steady time passes between two moments (seconds since the epoch)."""
        if not self._ends:
            self._make()
        return self._since_monday(end) - self._since_monday(begin)

    def _close(self, hour: int) -> None:
        """Add the hour that is over to the counts."""
        passed = hour - self.hour
        self.counts[self.hour % _HOURS] += self.pending
        self.counts[_HOURS + (self.hour // _HOURS + 3) % _WEEKDAYS] += self.pending
        if passed > 0:
            kept = _KEPT ** min(passed, 10_000)
            self.counts = [kept * count for count in self.counts]
            self.known_s = kept * (self.known_s + passed * _HOUR_S)
        self.hour, self.pending = hour, 0
        self._ends = []

    def _since_monday(self, at: float) -> float:
        week, rest = divmod(at - _MONDAY_S, _WEEK_S)
        slot = min(int(rest // _HOUR_S), len(self._ends) - 2)  # by rounding it may be a week
        within = rest - slot * _HOUR_S
        begin, end = self._ends[slot], self._ends[slot + 1]
        return week * _WEEK_S + begin + within / _HOUR_S * (end - begin)

    def _make(self) -> None:
        """Make the hours' lengths anew."""
        counted_s = self.at - self.since
        hours, days = [1.0] * _HOURS, [1.0] * _WEEKDAYS
        if counted_s >= _KNOWN_AFTER_S:
            rough = _shrunk(self.counts[:_HOURS], _ASSUMED)
            # Neighbouring hours are alike.
            hours = [
                (rough[n - 1] + 2 * rough[n] + rough[(n + 1) % _HOURS]) / 4 for n in range(_HOURS)
            ]
        if counted_s >= _WEEKS_KNOWN_AFTER_S:
            days = _shrunk(self.counts[_HOURS:], 5 * _ASSUMED)
        lengths = [day * hour for day in days for hour in hours]
        unit = _WEEK_S / sum(lengths)
        self._ends = [0.0]
        for length in lengths:
            self._ends.append(self._ends[-1] + unit * length)


def _shrunk(counts: list[float], assumed: float) -> list[float]:
    mean = sum(counts) / len(counts)
    return [(count + assumed) / (mean + assumed) for count in counts]
