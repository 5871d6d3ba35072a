"""An entity's state, and what a tweet does to it: no clock, no database, no randomness.

The detector is a Shiryaev-Roberts procedure (Shiryaev 1963; Roberts 1966; Pollak 1985) for four
kinds of rise at once: a share of negative labels that rises by ``rise``, or by its square; three
times as many tweets; both of the last two. For each it keeps

    evidence := (evidence + days since the tweet before) x likelihood ratio of this tweet

where the ratio is that of the risen share or volume against the usual one. While all is usual, the
expected evidence is the number of days that have passed, whatever the share and the volume are. So
an alert that is raised when the mean of the four exceeds ``limit`` days comes for nothing as often
as wanted. That holds from the first tweet on, for the usual share and volume of the ratio are what
the tweets before this one predict (means of a Beta, and of a Gamma for the pace): what is not known
yet makes the ratios smaller, and nothing has to be learnt before an entity is watched.

While an alert holds, the same is asked of a rise above *its* level, so that what becomes much worse
is told again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.alerts.change import Kind, share_evidence, volume_evidence
from monitor.alerts.tuning import LASTING_DAYS, Tuning

DAY_S: Final = 86_400.0
_HOUR_S: Final = 3600.0
_LEAST: Final = 0.01
"""A usual share below this is treated as this: twice a tiny share is no reason for an alert."""
_MOST: Final = 0.9
"""An entity with a usual share above this is not watched for a higher one: it can hardly rise."""
_SURGE: Final = 3.0
"""The rise in volume to be found soonest."""
_PACE_KNOWN_S: Final = 3 * DAY_S
"""Volume is judged once so much time is known: a day has a rhythm."""
_MEMORY_DAYS: Final = 90.0
_MEMORY_LEARNINGS: Final = 10
"""What is usual is remembered for so long, or for so many times ``learn_tweets``."""
_PACE_DAYS: Final = 28.0
_GAPS: Final = 50.0
"""A pause of more than a day and so many times the usual is a clock that was set, or an outage."""
_SPELL: Final = 4.0
"""Tweets expected in a spell, at least; and it lasts an hour at least."""
_SPELLS: Final = 100.0
"""Spells that are remembered."""
_WORST: Final = 10.0
"""What one spell counts at most, so that a burst does not excuse the next."""
_FEW: Final = 50.0
"""Tweets in which at most one end may be mistaken, however few come in `LASTING_DAYS`."""
_SURELY: Final = 3.0
"""Nats more than one mistaken end in `LASTING_DAYS` asks for: the rhythm is only estimated."""
_LEVEL: Final = 20
"""Tweets of an alert that show its level: with fewer nothing is asked of a rise above it."""
_BY_CHANCE: Final = 12.0
"""Nats of evidence below which an alert that is over may have been chance, and is learnt from."""
_AGAIN: Final = 0.75
"""Of the limit: what the days of an alert count for the next one, at most."""

Phase: TypeAlias = Literal["watching", "alert"]
Event: TypeAlias = Literal["raised", "worsened", "recovered", "adopted"]


@dataclass(slots=True)
class Detector:
    """What is known of an entity: all that it takes to go on after a restart.

    Times in seconds are steady ones: an hour in which twice as many tweets come as usual counts
    twice (`monitor.alerts.rhythm`).
    """

    phase: Phase = "watching"
    kind: Kind = ""
    """What has risen, while an alert holds."""
    negatives: float = 0.0
    """Of the tweets that showed what is usual, what was assumed before the first one included.
    Older ones count for less."""
    tweets: float = 0.0
    learnt: int = 0
    """Tweets that showed what is usual, each counted once."""
    seconds: float = 0.0
    """Sum of the pauses between them, in steady time."""
    pauses: float = 0.0
    at: float = math.nan
    """When the last tweet came, in seconds since the epoch."""
    waited_days: float = 0.0
    """The pause before the last tweet."""
    since_raised_s: float = math.inf
    share_up: float = 0.0
    """Evidence, in days, that the share has risen by ``rise``."""
    share_far: float = 0.0
    """By its square."""
    volume_up: float = 0.0
    """That `_SURGE` times as many tweets come."""
    both_up: float = 0.0
    """Of the last two together."""
    spell_tweets: int = 0
    """Of the spell that goes on: how many tweets, and how long, tell how volume spreads."""
    spell_s: float = 0.0
    spread: float = 5.0
    """Sum over spells of (tweets - expected)^2 / expected."""
    spells: float = 5.0
    now_negatives: float = 0.0
    """Since the beginning of the alert that holds."""
    now_tweets: float = 0.0
    now_seconds: float = 0.0
    recovery: float = 0.0
    """Evidence, in nats, that all is as usual again."""

    @property
    def share(self) -> float:
        """The usual share of negative labels."""
        return self.negatives / self.tweets

    @property
    def pace(self) -> float:
        """Usual tweets a second; 0 if nothing is known."""
        return self.pauses / self.seconds if self.seconds > 0 else 0.0

    @property
    def dispersion(self) -> float:
        """Variance of the number of tweets in an hour or so, as a multiple of a Poisson's."""
        return max(1.0, self.spread / self.spells)

    @property
    def evidence(self) -> float:
        """Evidence of any rise, in days."""
        return (self.share_up + self.share_far + self.volume_up + self.both_up) / 4

    @property
    def knows_pace(self) -> bool:
        """Whether volume is judged."""
        return self.seconds >= _PACE_KNOWN_S

    def take(
        self, negative: bool, at: float, rested: float, tuning: Tuning, *, steadily: bool = True
    ) -> Event | None:
        """Take a tweet's label.

        Args:
            negative: whether it is.
            at: when the tweet came, in seconds since the epoch, by whatever clock.
            rested: how much steady time has passed since the tweet before; anything for the first.
            tuning: what is wanted.
            steadily: whether tweets come as they are sent; False after an outage of everything,
                when those that waited come at once, and their number says nothing.

        Returns:
            What it did, if anything. After "raised" and "worsened" the caller says where it began
            (`begin`).
        """
        waited_days = self.waited_days
        pause = self._wait(at, rested)
        judged = pause is not None and steadily and self.knows_pace
        if self.phase == "alert":
            if self.now_tweets >= _LEVEL:
                self._weigh(negative, pause if judged else None, waited_days, tuning)
            ended = self._hold(negative, pause, tuning, judged=judged)
            return ended or ("worsened" if self._is_enough(tuning) else None)
        self._weigh(negative, pause if judged else None, waited_days, tuning)
        self._learn(negative, pause, tuning)
        if not self._is_enough(tuning):
            return None
        self.phase = "alert"
        return "raised"

    @property
    def level(self) -> tuple[float, float]:
        """Share of negative labels, and tweets a second: the usual ones, or the alert's if higher.

        A share is estimated with one usual tweet more.
        """
        if self.phase != "alert" or not self.now_tweets:
            return self.share, self.pace
        share = (self.now_negatives + self.share) / (self.now_tweets + 1)
        return max(share, self.share), max(self.now_tweets / max(self.now_seconds, 1.0), self.pace)

    def _weigh(
        self, negative: bool, pause: float | None, waited_days: float, tuning: Tuning
    ) -> None:
        """Add a tweet to the evidence that share or volume are above their level.

        Args:
            negative: its label.
            pause: in steady time; None where volume is not judged.
            waited_days: the pause before the tweet before.
            tuning: what is wanted.
        """
        up, far = self._share_ratios(negative, tuning)
        volume = 1.0 if pause is None else self._volume_ratio(pause)
        self.share_up = (self.share_up + waited_days) * up
        self.share_far = (self.share_far + waited_days) * far
        self.volume_up = (self.volume_up + waited_days) * volume
        self.both_up = (self.both_up + waited_days) * far * volume

    def _is_enough(self, tuning: Tuning) -> bool:
        """Whether there is evidence for an alert now; if it may not be raised yet, it waits."""
        evidence = self.evidence
        if evidence < tuning.limit:
            return False
        if self.since_raised_s < tuning.quiet_s:
            self._scale(tuning.limit / evidence)
            return False
        self.since_raised_s = self.recovery = 0.0
        return True

    def worsen(self, kind: Kind, negatives: int, tweets: int, seconds: float) -> None:
        """Say what has risen above the level of the alert that held; arguments as for `begin`."""
        self.kind = kind if self.kind in ("", kind) else "both"
        self.now_negatives, self.now_tweets, self.now_seconds = negatives, tweets, seconds
        self._scale(0.0)

    def begin(self, kind: Kind, negatives: int, tweets: int, seconds: float) -> None:
        """Say what the alert that was just raised is about: it is no part of what is usual.

        Args:
            kind: what has risen.
            negatives: of the tweets since the beginning.
            tweets: since the beginning, the one that raised it included.
            seconds: of steady time since then.
        """
        self.kind = ""
        self.worsen(kind, negatives, tweets, seconds)
        gone = min(float(tweets), self.tweets - 1)
        self.tweets -= gone
        self.negatives = min(max(self.negatives - negatives, _LEAST), self.tweets)
        self.learnt = max(self.learnt - tweets, 0)
        if self.pauses > tweets and self.seconds > seconds:
            self.pauses -= tweets
            self.seconds -= seconds

    def rebase(self, share: float) -> None:
        """Go on with labels that are given otherwise; what is suspected, or holds, stays so.

        Args:
            share: of negative labels among usual tweets, as they are labelled now.
        """
        self.negatives = share * self.tweets

    def _share_ratios(self, negative: bool, tuning: Tuning) -> tuple[float, float]:
        usual = max(self.level[0], _LEAST)
        if usual > _MOST:
            return 1.0, 1.0
        up, far = tuning.raised(usual, tuning.rise), tuning.raised(usual, tuning.rise**2)
        if negative:
            return up / usual, far / usual
        return (1 - up) / (1 - usual), (1 - far) / (1 - usual)

    def _volume_ratio(self, pause: float) -> float:
        """Return the likelihood ratio of a pause, both paces being known as well as they are.

        A pause between tweets of a pace that a Gamma distribution describes (shape: the pauses so
        far, rate: their sum) has a Lomax distribution. Where volume spreads by more than a
        Poisson's, each tweet counts for less.
        """
        seconds, pauses = self.seconds, self.pauses
        if self.phase == "alert" and self.level[1] > self.pace:
            seconds, pauses = self.now_seconds, self.now_tweets
        ratio = (seconds + pause) / (seconds + _SURGE * pause)
        return float((_SURGE * ratio ** (pauses + 1)) ** (1 / self.dispersion))

    def _scale(self, factor: float) -> None:
        self.share_up *= factor
        self.share_far *= factor
        self.volume_up *= factor
        self.both_up *= factor

    def _hold(
        self, negative: bool, pause: float | None, tuning: Tuning, *, judged: bool
    ) -> Event | None:
        """Take a tweet while an alert holds: nothing is learnt from it, unless it holds long."""
        usual = max(self.share, _LEAST)
        if self.kind != "volume":
            now = max(
                (self.now_negatives + usual) / (self.now_tweets + 1),
                tuning.raised(usual, tuning.rise),
            )
            now = min(now, 1 - _LEAST)
            self.recovery += math.log(usual / now if negative else (1 - usual) / (1 - now))
        if self.kind != "share" and judged and pause is not None:
            pace = self.pace
            now = max((self.now_tweets + 1) / (self.now_seconds + 1 / pace), 1.5 * pace)
            self.recovery += (math.log(pace / now) + (now - pace) * pause) / self.dispersion
        self.recovery = max(self.recovery, 0.0)
        self.now_negatives += negative
        self.now_tweets += 1
        self.now_seconds += pause or 0.0
        pace = max(self.pace, self.now_tweets / max(self.now_seconds, 1.0))
        lasting = max(LASTING_DAYS * DAY_S * pace, _FEW)
        if self.recovery >= math.log(lasting) + _SURELY:
            event: Event = "recovered"
            share, volume = self._evidence_now()
            if share + volume < _BY_CHANCE:
                self.negatives += self.now_negatives
                self.tweets += self.now_tweets
                self.pauses += self.now_tweets
                self.seconds += self.now_seconds
        elif self.now_tweets >= tuning.learn_tweets and self.since_raised_s >= LASTING_DAYS * DAY_S:
            event = "adopted"
            self.negatives, self.tweets = self.now_negatives, self.now_tweets
            self.pauses, self.seconds = self.now_tweets, self.now_seconds
        else:
            return None
        self.phase, self.kind = "watching", ""
        # So that the days of an alert count as others do for how often one is raised for nothing.
        days = min(self.since_raised_s / DAY_S, _AGAIN * tuning.limit)
        self.share_up = self.share_far = self.volume_up = self.both_up = days
        self.spell_tweets, self.spell_s = 0, 0.0
        return event

    def _evidence_now(self) -> tuple[float, float]:
        return (
            share_evidence(self.now_negatives, self.now_tweets, max(self.share, _LEAST)),
            volume_evidence(self.now_tweets, self.now_seconds, self.pace, self.dispersion),
        )

    def _learn(self, negative: bool, pause: float | None, tuning: Tuning) -> None:
        """Add a tweet to what is usual, and forget what is old."""
        self.negatives += negative
        self.tweets += 1
        self.learnt += 1
        if pause is not None:
            if self.pauses:
                self._spell(pause)
            self.seconds += pause
            self.pauses += 1
        memory = max(_MEMORY_LEARNINGS * tuning.learn_tweets, _MEMORY_DAYS * DAY_S * self.pace)
        if self.tweets > memory:
            self.negatives *= memory / self.tweets
            self.tweets = memory
        if self.seconds > _PACE_DAYS * DAY_S and self.pauses > tuning.learn_tweets:
            kept = max(_PACE_DAYS * DAY_S / self.seconds, tuning.learn_tweets / self.pauses)
            self.seconds *= kept
            self.pauses *= kept

    def _spell(self, pause: float) -> None:
        """Learn how the number of tweets spreads, spell by spell."""
        self.spell_s += pause
        expected = self.spell_s * self.pace
        if expected >= _SPELL and self.spell_s >= _HOUR_S:
            kept = 1.0 if self.spells < _SPELLS else 1 - 1 / _SPELLS
            off = min((self.spell_tweets - expected) ** 2 / expected, _WORST)
            self.spread = kept * self.spread + off
            self.spells = kept * self.spells + 1
            self.spell_tweets, self.spell_s = 0, 0.0
        self.spell_tweets += 1

    def _wait(self, at: float, rested: float) -> float | None:
        """Return the pause since the last tweet, in steady time, if it can be believed."""
        pause, self.at = at - self.at, at
        if pause >= 0 and (pause <= DAY_S or pause * self.pauses <= _GAPS * self.seconds):
            self.since_raised_s += pause
            self.waited_days = pause / DAY_S
            return max(rested, 0.0)
        return None
