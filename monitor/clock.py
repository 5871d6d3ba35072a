"""The board's clock, and whether it can be believed: boards without a battery boot in the past."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised

_adjtimex: Callable[[ctypes.Array[ctypes.c_char]], int] | None
try:
    _adjtimex = ctypes.CDLL(None).adjtimex
except (OSError, AttributeError):  # not Linux
    _adjtimex = None
_timex = ctypes.create_string_buffer(1024)
"""Room for a struct timex of any architecture. All zero: read the clock, set nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading of the clock."""

    epoch_s: float
    """Seconds since the epoch."""
    synchronised: bool | None
    """Whether the clock was right, as far as the kernel knows; None where it does not say."""


def now() -> Moment:
    """Read the clock.

    The mark is read first: a clock that is set between the two readings is then called wrong when
    it is right, never the other way round.
    """
    synchronised = clock_synchronised()
    return Moment(time.time(), synchronised)


def clock_synchronised() -> bool | None:
    """Whether the kernel's clock is disciplined (adjtimex(2)), or None if it will not say."""
    if _adjtimex is None:
        return None
    state = _adjtimex(_timex)
    return None if state < 0 else state != _TIME_ERROR


def utc(epoch_s: float) -> str:
    """Write a time, in seconds since the epoch, as the log does: ISO 8601, UTC, milliseconds."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
