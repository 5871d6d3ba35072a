"""When nothing is sent, and when a summary is due: times of day, in the recipients' time zone."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, Self

from monitor import zones
from monitor.settings import NotifySettings, hours

_DAY_S: Final = 86_400.0
_MONDAY: Final = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """What ``[notify]`` says of times."""

    zone: tzinfo | None = None
    """None for the board's own."""
    quiet: tuple[time, time] | None = None
    at: time | None = None
    """When summaries are due; None for never."""
    weekly: bool = False

    @classmethod
    def of(cls, notify: NotifySettings) -> Self:
        """Read the keys, which have been checked."""
        at = None if notify.summary == "never" else hours.time_of_day(notify.summary_at)
        return cls(
            zones.named(notify.timezone), hours.quiet(notify.quiet), at, notify.summary == "weekly"
        )

    def local(self, now: float) -> datetime:
        """Return a moment, in seconds since the epoch, as the recipients' clocks show it."""
        return datetime.fromtimestamp(now, UTC).astimezone(self.zone)

    def is_quiet(self, now: float) -> bool:
        """Whether nothing is to be sent."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        clock = self.local(now).time().replace(second=0, microsecond=0)
        return begin <= clock < end if begin < end else clock >= begin or clock < end

    def summary(self, now: float, told: float | None) -> Summary:
        """Return which summary is the latest, and whether it is due.

        One that was missed is not made up for once there is a later one.

        Args:
            now: seconds since the epoch.
            told: the moment of the latest that was sent. If there is none, or if it is of a clock
                that was ahead by more than a day, the next one will be sent.
        """
        if self.at is None:
            return Summary(0.0, 0.0, is_due=False, told=None)
        until = self._moment(now, self.at)
        since = self._moment(until - 1, self.at)
        if told is None or told > now + _DAY_S:
            return Summary(since, until, is_due=False, told=until)
        return Summary(since, until, is_due=told < until, told=told)

    def _moment(self, now: float, at: time) -> float:
        """Return the latest moment for a summary, now or before."""
        today = self.local(now).date()
        for days in itertools.count():
            day = today - timedelta(days=days)
            if self.weekly and day.weekday() != _MONDAY:
                continue
            # Without a zone Python takes it for the board's.
            moment = datetime.combine(day, at, self.zone).timestamp()
            if moment <= now:
                return moment
        raise AssertionError  # days are counted without end


@dataclass(frozen=True, slots=True)
class Summary:
    """A span to sum up, in seconds since the epoch."""

    since: float
    until: float
    """Also what the summary is remembered by."""
    is_due: bool
    told: float | None
    """What to remember as long as it is not sent."""
