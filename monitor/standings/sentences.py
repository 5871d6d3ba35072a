"""How an entity stands, in a sentence that can be repeated, and its worst hour, day or week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.console import counted
from monitor.periods import Window, epoch
from monitor.standings.reputation import COMPARABLE
from monitor.standings.standing import Estimate, Standing
from monitor.tweets import NO_ENTITY
from monitor.zones import day as day_of
from monitor.zones import local

_CHANCE: Final = 0.05
"""How often a worst window is named where none is worse than the others, at most."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an entity."""

    whole: Standing
    """In the span."""
    worst: Standing | None
    """The window that is more negative than the rest of the span; None if that may be chance."""
    window: Window
    """Its kind."""

    @property
    def sentence(self) -> str:
        """Say it, with its name."""
        return f"{self.whole.entity or NO_ENTITY}: {self.said}"

    @property
    def said(self) -> str:
        """Say it, in shares that are corrected as far as the report's are."""
        whole = self.whole
        said = counted(whole.tweets, "tweet")
        if whole.tweets < COMPARABLE:
            return f"{said}, too few to say how it stands."
        said += f", {_share(whole.negative, 'negative')}, {_share(whole.positive, 'positive')}; "
        if whole.change is None:
            said += "too few before to compare with."
        elif whole.change.excludes_zero:
            better = "better" if whole.change.value > 0 else "worse"
            said += f"{better} than before (net {whole.net.value:+.2f},"
            said += f" {whole.change.value:+.2f} against the time before)."
        else:
            said += "not clearly better or worse than before."
        if self.worst:
            worst = self.worst
            said += f" Worst {self.window}: {_named(epoch(worst.start), self.window)},"
            said += f" {_percent(worst.negative.value)} negative of {worst.tweets:,}."
        return said


def worst(windows: Sequence[Standing]) -> Standing | None:
    """Return the window whose share of negative labels is above that of all others together.

    Each is compared by Fisher's exact test (1935, "The Design of Experiments") of labels as they
    are, at a level that is divided by how many are compared (Bonferroni); `COMPARABLE` tweets and
    more are. What corrects the labels is the same in each.
    """
    compared = [window for window in windows if window.tweets >= COMPARABLE]
    tweets = sum(window.tweets for window in windows)
    negatives = sum(window.counts[0] for window in windows)
    found = [
        (_tail(window.counts[0], window.tweets, negatives, tweets), window)
        for window in compared
        if window.tweets < tweets
    ]
    chance, least = min(found, key=lambda one: one[0], default=(1.0, None))
    return least if chance * len(found) < _CHANCE else None


def _tail(seen: int, drawn: int, negatives: int, tweets: int) -> float:
    """Return how likely so many negatives or more are among some that are drawn at random."""
    last = min(drawn, negatives)
    log = _log_choose(negatives, seen) + _log_choose(tweets - negatives, drawn - seen)
    term = math.exp(log - _log_choose(tweets, drawn))
    total = 0.0
    for k in range(seen, last + 1):
        total += term
        if term < total * 1e-9:
            break
        rest = tweets - negatives - drawn + k + 1
        term *= (negatives - k) * (drawn - k) / ((k + 1) * rest)
    return min(total, 1.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _share(estimate: Estimate, polarity: str) -> str:
    low, high = (round(100 * end) for end in (estimate.low, estimate.high))
    return f"{_percent(estimate.value)} {polarity} ({low} to {high})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _named(start: float, window: Window) -> str:
    begin = local(start) if window == "hour" else day_of(start)
    day = f"{begin:%a} {begin.day} {begin:%b}"
    return {"hour": f"{day}, {begin:%H:%M}", "day": day, "week": f"that of {day}"}[window]
