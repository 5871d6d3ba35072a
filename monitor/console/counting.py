"""Numbers of things, as people say them: one tweet, two tweets."""

from __future__ import annotations


def counted(count: float, one: str, more: str = "", shown: str = "") -> str:
    """Write a number and what is counted: ``1 tweet``, ``2,000 tweets``.

    Args:
        count: of things.
        one: what one is called.
        more: what several, or none, are called; "" adds an ``s``.
        shown: the number as it is written; "" has thousands parted by commas.
    """
    return f"{shown or f'{count:,}'} {one if count == 1 else more or f'{one}s'}"
