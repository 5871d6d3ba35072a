"""From figures and moments to places in a picture, and where the axes are marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitor.zones import local, offset_hours

_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_STEPS_S: Final = tuple(hours * _HOUR_S for hours in (1, 3, 6, 12, 24, 48, 72, 168, 336))


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear way from figures to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a figure; what is beyond the ends is put at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def nice_end(value: float) -> float:
    """Return a round figure that is not below a positive one (1 for nothing)."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (*_NICE, 100.0) if step * power >= value * (1 - 1e-9))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round figures from ``low`` to ``high``, ends included where they are round."""
    rough = (high - low) / most
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in _NICE if step * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def moments(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return where a time axis (seconds since the epoch) is marked, and how."""
    step = next((s for s in _STEPS_S if (high - low) / s <= most), None)
    if step is None:
        return _months(low, high, most)
    # Even steps of local time, so that midnight is marked; where clocks change, one is longer.
    ahead = offset_hours(low) * _HOUR_S
    first = math.ceil((low + ahead) / step) * step
    marks = [first + n * step for n in range(int((high + ahead - first) // step) + 1)]
    found = [mark - offset_hours(mark - ahead) * _HOUR_S for mark in marks]
    return [(moment, _written(moment, step)) for moment in found]


def _written(moment: float, step: float) -> str:
    date = local(moment)
    if step < _DAY_S and date.hour:
        return f"{date:%H:%M}"
    return f"{date.day} {date:%b}"


def _months(low: float, high: float, most: int) -> list[tuple[float, str]]:
    found = []
    date = local(low).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while date.timestamp() <= high:
        if date.timestamp() >= low:
            found.append(date)
        date = (date + timedelta(days=32)).replace(day=1)
    every = math.ceil(len(found) / most) if found else 1
    return [
        (d.timestamp(), f"{d:%b %Y}" if d.month == 1 or n == 0 else f"{d:%b}")
        for n, d in enumerate(found[::every])
    ]


def runs(places: Sequence[float], step: float) -> list[tuple[int, int]]:
    """Return where evenly spaced places follow each other without a gap, as slices."""
    found: list[tuple[int, int]] = []
    start = 0
    for n in range(1, len(places) + 1):
        if n == len(places) or places[n] - places[n - 1] > 1.5 * step:
            found.append((start, n))
            start = n
    return found
