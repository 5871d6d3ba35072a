"""Budgets as people write them: ``10ms``, ``8MB``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

SECONDS: Final[Mapping[str, float]] = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
BYTES: Final[Mapping[str, float]] = {"B": 1, "kB": 1e3, "MB": 1e6, "KiB": 2**10, "MiB": 2**20}

_QUANTITY: Final = re.compile(r"([+-]?(?:[0-9.]+(?:[eE][+-]?[0-9]+)?|nan|inf))\s*([a-zA-Z]*)")


class UnitError(ValueError):
    """A budget is not one; the message says how to write it."""


def latency_of(text: str) -> float:
    """Return the seconds of a latency such as ``10ms``.

    Raises:
        UnitError: no number above 0 with a unit of `SECONDS`.
    """
    return _amount(text, "latency", SECONDS, "10ms")


def size_of(text: str) -> int:
    """Return the bytes of a size such as ``8MB``.

    Raises:
        UnitError: no number above 0 with a unit of `BYTES`, or less than a byte.
    """
    size = int(_amount(text, "size", BYTES, "8MB"))
    if size < 1:
        raise UnitError(f"size {text!r}: must be a byte at least")
    return size


def _amount(text: str, what: str, units: Mapping[str, float], example: str) -> float:
    """Return the number in ``text`` times its unit."""
    right = f"write a number and one of {', '.join(units)}, such as {example}"
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise UnitError(f"{what} {text!r}: no quantity; {right}")
    number, unit = match.groups()
    if not unit:
        raise UnitError(f"{what} {text!r}: the unit is missing; {right}")
    if unit not in units:
        raise UnitError(f"{what} {text!r}: {unit!r} is no unit of a {what}; {right}")
    try:
        value = float(number)
    except ValueError:
        raise UnitError(f"{what} {text!r}: {number!r} is no number; {right}") from None
    if not (math.isfinite(value) and value > 0):
        raise UnitError(f"{what} {text!r}: must be above 0 and finite; {right}")
    return value * units[unit]
