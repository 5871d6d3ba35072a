"""Chooses which of the shipped models suits a board."""

from __future__ import annotations

from typing import Final

from monitor import DEFAULT_MODEL

SMALL: Final = "small"
"""The model for boards that are too slow for `DEFAULT_MODEL`, or topics that bring too much."""

ENOUGH_PER_S: Final = 20.0
"""Tweets a second that are plenty: a brand has some, in a storm ten."""

TIMES_AS_FAST: Final = 2.5
"""What `SMALL` labels a second against `DEFAULT_MODEL`, in round numbers (`monitor speed`)."""


def advice(model: str, tweets_per_s: float, wanted_per_s: float = ENOUGH_PER_S) -> str | None:
    """Return which model fits better, and why; None where the running one fits, or is another.

    Args:
        model: name of the model that was measured.
        tweets_per_s: what it labels on the board.
        wanted_per_s: what it should label.
    """
    if model == DEFAULT_MODEL and tweets_per_s < wanted_per_s:
        return (
            f"fewer than {wanted_per_s:,.0f} tweets/s: [model] path = {SMALL!r} labels about"
            f" {TIMES_AS_FAST:g} times as many, less truly"
        )
    if model == SMALL and (slower := tweets_per_s / TIMES_AS_FAST) >= wanted_per_s:
        return (
            f"[model] path = {DEFAULT_MODEL!r} labels more truly, and about {slower:,.0f} tweets/s"
            " here"
        )
    return None
