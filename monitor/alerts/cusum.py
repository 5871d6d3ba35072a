"""An entity's state, and what a tweet does to it: no clock, no database, no randomness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.alerts.design import LASTING_DAYS, Tuning, Usual, design

_DAY_S: Final = 86_400.0
_MEMORY_DAYS: Final = 90.0
_MEMORY_LEARNINGS: Final = 10
"""What is usual is remembered for so long, or for so many times ``learn_tweets``."""
_PACE_DAYS: Final = 28.0
_REFRESH: Final = 0.2
"""A CUSUM is designed anew once so much has been added to what is known."""
_GAPS: Final = 50.0
"""A pause of more than a day and so many times the usual is a clock that was set, or an outage."""

Phase: TypeAlias = Literal["learning", "watching", "alert"]
Event: TypeAlias = Literal["raised", "recovered", "adopted"]


@dataclass(slots=True)
class Cusum:
    """What is known of an entity: all that it takes to go on after a restart."""

    phase: Phase = "learning"
    negatives: float = 0.0
    """Of the tweets that showed what is usual, the older ones counting for less."""
    tweets: float = 0.0
    new_negatives: int = 0
    """Since then; while an alert holds, since it was raised."""
    new_tweets: int = 0
    seconds: float = 0.0
    """Sum of the pauses between usual tweets."""
    pauses: float = 0.0
    at: float = math.nan
    """When the last tweet came, in seconds since the epoch."""
    since_raised_s: float = math.inf
    usual_share: float = math.nan
    """Share of negative labels that the CUSUM was designed for."""
    up: int = 0
    down: int = 0
    threshold: int = 0
    recovery: int = 0
    score: int = 0
    begun_at: float = math.nan
    """When the score last left 0: the change point, if there was a change."""
    begun_negatives: int = 0
    begun_tweets: int = 0

    @property
    def usual(self) -> Usual:
        """What is known of its usual days."""
        per_day = _DAY_S * self.pauses / self.seconds if self.seconds > 0 else math.inf
        return Usual(self.negatives, self.tweets, per_day)

    def take(self, negative: bool, at: float, tuning: Tuning) -> Event | None:
        """Take a tweet's label.

        Args:
            negative: whether it is.
            at: when the tweet came, in seconds since the epoch, by whatever clock.
            tuning: what is wanted.

        Returns:
            What it did, if anything.
        """
        self._wait(at)
        if self.phase == "alert":
            return self._hold(negative, tuning)
        if self.phase == "learning":
            self.negatives += negative
            self.tweets += 1
            if self.tweets >= tuning.learn_tweets:
                self.watch(tuning)
            return None
        self.new_tweets += 1
        self.new_negatives += negative
        score = self.score + self.up if negative else max(self.score - self.down, 0)
        if score == 0:
            self._rest()
            if self.new_tweets >= refresh_due(self):
                self.watch(tuning)
            return None
        if self.score == 0:
            self.begun_at = at
        self.begun_negatives += negative
        self.begun_tweets += 1
        self.score = min(score, self.threshold)
        if score < self.threshold or self.since_raised_s < tuning.quiet_s:
            return None
        self._learn(tuning)
        self.phase = "alert"
        self.since_raised_s = 0.0
        return "raised"

    def watch(self, tuning: Tuning) -> None:
        """Begin to watch, by a CUSUM for what is known now."""
        self._learn(tuning)
        made = design(self.usual, tuning)
        self.up, self.down = made.up, made.down
        self.threshold, self.recovery = made.threshold, made.recovery
        self.usual_share = self.usual.share
        if self.phase == "alert":
            self.score = self.threshold
            return
        self.phase = "watching"
        self._rest()

    def rebase(self, share: float, tuning: Tuning) -> None:
        """Go on with labels that are given otherwise; what is suspected, or holds, stays so.

        Args:
            share: of negative labels among usual tweets, as they are labelled now.
            tuning: what is wanted.
        """
        before = self.score, self.threshold
        begun = self.begun_at, self.begun_negatives, self.begun_tweets
        if self.phase == "learning":
            self.negatives = share * self.tweets
            return
        if self.phase == "watching":
            self.negatives += self.new_negatives
            self.tweets += self.new_tweets
            self.new_negatives = self.new_tweets = 0
        self.negatives = share * self.tweets
        self.watch(tuning)
        if self.phase == "watching" and before[0]:
            # As far on the way to an alert as before, which only a tweet can raise.
            self.score = min(
                max(round(before[0] / before[1] * self.threshold), 1), self.threshold - 1
            )
            self.begun_at, self.begun_negatives, self.begun_tweets = begun

    def _rest(self) -> None:
        self.score, self.begun_at, self.begun_negatives, self.begun_tweets = 0, math.nan, 0, 0

    def _hold(self, negative: bool, tuning: Tuning) -> Event | None:
        """Take a tweet while an alert holds: nothing is learnt from it, unless it holds long."""
        self.new_tweets += 1
        self.new_negatives += negative
        self.score = (
            min(self.score + self.up, self.threshold) if negative else self.score - self.down
        )
        if self.score <= self.threshold - self.recovery:
            event: Event = "recovered"
        elif (
            self.new_tweets >= tuning.learn_tweets and self.since_raised_s >= LASTING_DAYS * _DAY_S
        ):
            event = "adopted"
            self.negatives, self.tweets = self.new_negatives, self.new_tweets
        else:
            return None
        self.new_negatives = self.new_tweets = 0
        self.phase = "watching"
        self.watch(tuning)
        return event

    def _learn(self, tuning: Tuning) -> None:
        """Add what is new to what is usual, and forget what is old."""
        if self.phase != "alert":
            self.negatives += self.new_negatives
            self.tweets += self.new_tweets
            self.new_negatives = self.new_tweets = 0
        memory = max(_MEMORY_LEARNINGS * tuning.learn_tweets, _MEMORY_DAYS * self.usual.per_day)
        if self.tweets > memory:
            self.negatives *= memory / self.tweets
            self.tweets = memory
        pace = max(_PACE_DAYS * _DAY_S, self.seconds * tuning.learn_tweets / max(self.pauses, 1))
        if self.seconds > pace:
            self.pauses *= pace / self.seconds
            self.seconds = pace

    def _wait(self, at: float) -> None:
        """Count the pause since the last tweet, if it can be believed."""
        pause = at - self.at
        self.at = at
        if pause >= 0 and (pause <= _DAY_S or pause * self.pauses <= _GAPS * self.seconds):
            self.since_raised_s += pause
            if self.phase != "alert":
                self.seconds += pause
                self.pauses += 1


def refresh_due(cusum: Cusum) -> float:
    """Return how many new tweets are worth a new design."""
    return _REFRESH * cusum.tweets
