"""Labelling in a browser: chooses the tweet to ask about, and writes the answer into the log."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.clock import utc
from monitor.labelling.sample import Mode, SampledTweet, draw, nothing_to_draw, tweets_of
from monitor.labelling.session import write
from monitor.labelling.worth import Worth, counted, worth
from monitor.standings.quantification import Floats
from monitor.store.owner_labels import Drawn, opened_beside

_AT_ONCE: Final = 50
"""Tweets that are drawn at a time: that reads all of the entity's."""
_SITTINGS: Final = 16
"""Kept in memory, the latest used; others are drawn anew, and are the same again."""
_BUSY_TIMEOUT_S: Final = 3.0
"""How long an answer waits for the daemon; after that its sender is asked to try again."""


class UnknownTweetError(Exception):
    """The log has no such tweet about the entity, or no longer."""


@dataclass(slots=True)
class _Sitting:
    order: tuple[str, ...]
    """Ids, in the order in which to ask."""
    passed: dict[str, tuple[str, ...]]
    """As of `Drawing`, by id."""
    counts: Floats
    """From `worth.counted`, when the tweets were drawn."""
    given: list[str] = field(default_factory=list)
    """Ids of what was answered, in the order of the answers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks about."""

    entity: str
    drawn: Drawn
    tweet: SampledTweet | None
    """None if there is nothing more to ask."""
    answer: str | None = None
    """What was said of it before."""
    before: str | None = None
    """Id of the tweet that was answered before it."""
    worth: Worth | None = None
    """What the answers are worth so far; None for a tweet that was met by chance."""
    why: str = ""
    """Why there is nothing to ask."""


class Desk:
    """What is asked about since the start, and the token that its forms have.

    May be used by several threads. Which tweets were drawn is known here and never taken from a
    form, for shares are estimated from those that chance drew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._sittings: OrderedDict[tuple[str, Mode], _Sitting] = OrderedDict()
        self.token: Final = secrets.token_urlsafe(32)
        """Whoever has read a page of this process knows it, and nobody else."""

    def ask(
        self, connection: sqlite3.Connection, entity: str, drawn: Drawn, id_: str | None
    ) -> Asked:
        """Return what to ask; nothing is written.

        Args:
            connection: to the log.
            entity: as the log spells it.
            drawn: how tweets are chosen.
            id_: of a tweet, to be asked about (again); None for the next one.

        Raises:
            UnknownTweetError: if there is no such tweet.
        """
        if drawn == "found":
            met = _tweet(connection, entity, id_ or "")
            return Asked(entity, drawn, met, _answer(connection, met))
        with self._lock:
            sitting = self._sitting(connection, entity, drawn)
            asked = _tweet(connection, entity, id_) if id_ else None
            tweet = asked or _next(connection, entity, sitting)
            if tweet is None:  # all are answered, or gone
                sitting = self._drawn_anew(connection, entity, drawn)
                tweet = _next(connection, entity, sitting)
            given = list(sitting.given)
        so_far = worth(connection, entity, sitting.counts)
        if tweet is None:
            return Asked(
                *(entity, drawn, None, None, given[-1] if given else None, so_far),
                why=nothing_to_draw(connection, entity),
            )
        place = given.index(tweet.id) if tweet.id in given else len(given)
        before = given[place - 1] if place else None
        return Asked(entity, drawn, tweet, _answer(connection, tweet), before, so_far)

    def take(self, entity: str, drawn: Drawn, id_: str, answer: str) -> None:
        """Write an answer to the log, in the place of an earlier one.

        Args:
            entity: as the log spells it.
            drawn: how the form says that the tweet was chosen.
            id_: of the tweet.
            answer: one of `owner_labels.ANSWERS`.

        Raises:
            UnknownTweetError: if there is no such tweet.
            LogBusyError: if the daemon, or another labeller, holds the log for too long.
            StoreError: if it cannot be written.
        """
        with opened_beside(self._path, _BUSY_TIMEOUT_S) as connection:
            tweet = _tweet(connection, entity, id_)
            passed: tuple[str, ...] = ()
            sitting = None
            if drawn != "found":
                with self._lock:
                    sitting = self._sitting(connection, entity, drawn)
                    if id_ not in sitting.passed and _answer(connection, tweet) is None:
                        sitting = self._drawn_anew(connection, entity, drawn)
                    passed = sitting.passed.get(id_, ())
                if id_ not in sitting.passed:
                    drawn = "found"  # a form that says so did not draw it
            write(connection, tweet, answer, drawn, passed, utc(time.time()))
        if sitting is not None:
            with self._lock:
                if id_ not in sitting.given:
                    sitting.given.append(id_)

    def _sitting(self, connection: sqlite3.Connection, entity: str, mode: Mode) -> _Sitting:
        if found := self._sittings.get((entity, mode)):
            self._sittings.move_to_end((entity, mode))
            return found
        return self._drawn_anew(connection, entity, mode)

    def _drawn_anew(self, connection: sqlite3.Connection, entity: str, mode: Mode) -> _Sitting:
        drawing = draw(connection, entity, _AT_ONCE, mode)
        order = tuple(tweet.id for tweet in drawing.tweets)
        before = self._sittings.pop((entity, mode), None)
        self._sittings[entity, mode] = sitting = _Sitting(
            order,
            dict(zip(order, drawing.passed, strict=True)),
            counted(connection, entity),
            before.given[-_AT_ONCE:] if before else [],
        )
        while len(self._sittings) > _SITTINGS:
            self._sittings.popitem(last=False)
        return sitting


def _next(connection: sqlite3.Connection, entity: str, sitting: _Sitting) -> SampledTweet | None:
    """Return the first tweet that nobody has answered; others may label beside us."""
    for id_ in sitting.order:
        for tweet in tweets_of(connection, entity, [id_]):
            if tweet.text is not None and _answer(connection, tweet) is None:
                return tweet
    return None


def _tweet(connection: sqlite3.Connection, entity: str, id_: str) -> SampledTweet:
    for tweet in tweets_of(connection, entity, [id_]):
        return tweet
    raise UnknownTweetError(
        "The log has no such tweet about the entity; it may have been deleted with its days"
        " (keep_days)."
    )


def _answer(connection: sqlite3.Connection, tweet: SampledTweet) -> str | None:
    found = connection.execute(
        "SELECT label FROM owner_labels WHERE entity = ? AND tweet_id = ?",
        (tweet.entity, tweet.id),
    ).fetchone()
    return found[0] if found else None
