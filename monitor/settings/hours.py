"""Times of day: ``08:00``, ``22:00-07:00``."""

from __future__ import annotations

import re
from datetime import time
from typing import Final

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def time_of_day(text: str) -> time:
    """Return the time that a text means, from 00:00 to 23:59.

    Raises:
        ValueError: if it is none.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError("must be a time of day, such as 08:00")
    return time(int(found[1]), int(found[2]))


def quiet(text: str) -> tuple[time, time] | None:
    """Return when quiet hours begin and end, the end on the next day if it is earlier.

    Args:
        text: ``22:00-07:00``; "" for none.

    Raises:
        ValueError: if it is neither, or lasts all day.
    """
    if not text.strip():
        return None
    begin, _, end = text.partition("-")
    try:
        hours = time_of_day(begin), time_of_day(end)
    except ValueError:
        raise ValueError("must be two times of day, such as 22:00-07:00") from None
    if hours[0] == hours[1]:
        raise ValueError('begins when it ends, so nothing would ever be sent; say "" for none')
    return hours
