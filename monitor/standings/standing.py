"""How an entity stands in a window: its figures, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from monitor.standings.quantification import Method

Basis: TypeAlias = Method | Literal["owner"]
"""What shares are corrected by; "owner": by what the owner said of tweets (`standings.owner`)."""
NET: Final = np.array([-1.0, 0.0, 1.0])
"""Weights of the classes: the net score is the positive share less the negative one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether it is more than chance that the figure is not 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entity stands in a window."""

    entity: str | None
    """None for tweets about no entity, `OTHERS` for entities that are added up."""
    start: str
    """UTC, the window's first moment; its end is the next one's start."""
    end: str
    counts: tuple[int, int, int]
    """Labels as given: negative, neutral, positive."""
    retweets: int
    """Tweets that repeat another's: not in the counts, unless they were asked for."""
    unsure: int
    """Of the labels those that are marked as abstained."""
    negative: Estimate
    neutral: Estimate
    positive: Estimate
    net: Estimate
    """Positive share less negative share, -1 to 1."""
    correction: Basis
    """What the shares are corrected by; "none": they are the labels' own. Where several models
    labelled the tweets, that of the one that labelled most."""
    chance: tuple[float, float, float, float]
    """Half the intervals of chance alone: negative, neutral, positive, net. What is beyond them in
    the figures' own is the classifier's way with this entity, the same in each window."""
    change: Estimate | None = None
    """Of the net score, against the window before; None if there is none with tweets."""
    answers: int = 0
    """Of the owner, on which the shares rest."""
    dated: bool = False
    """Whether there are answers, but hardly any of the window, and what may have changed since
    then makes the intervals wider than what they leave open."""

    @property
    def tweets(self) -> int:
        """Tweets behind the shares."""
        return sum(self.counts)
