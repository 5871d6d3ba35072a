"""Large numbers as people write them: 500M."""

from __future__ import annotations

import math
from typing import Final

import click

_SUFFIXES: Final = {"k": 1e3, "M": 1e6, "G": 1e9}


class Amount(click.ParamType[float]):
    """A positive number, perhaps with k, M or G behind it."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, context: click.Context | None
    ) -> float:
        """Read it; a default is a number already."""
        text = str(value).strip()
        factor = _SUFFIXES.get(text[-1:].replace("K", "k"))
        try:
            number = float(text[:-1] if factor else text) * (factor or 1)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            self.fail(
                f"{text!r} is not a positive number such as 20000, 20k or 500M", param, context
            )
        return number


def shown(number: float) -> str:
    """Write a number with three digits: 1.5M, 614M, 20,500, 0.03."""
    if math.isinf(number):
        return "∞"
    for suffix, factor in (("G", 1e9), ("M", 1e6)):
        if number >= 0.9995 * factor:
            return f"{_three(number / factor)}{suffix}"
    return _three(number)


def _three(number: float) -> str:
    if number < 0.001:
        return "<0.001"
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"
