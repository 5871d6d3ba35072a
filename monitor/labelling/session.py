"""A sitting: tweets asked about one after the other, each answer in the log before the next."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable

from monitor.clock import utc
from monitor.labelling.sample import Drawing, Mode, SampledTweet
from monitor.store.owner_labels import Drawn, OwnerLabel, count_as_random, put, transaction


def write(
    connection: sqlite3.Connection,
    tweet: SampledTweet,
    label: str,
    drawn: Drawn,
    passed: Iterable[str],
    at: str,
) -> OwnerLabel:
    """Write an answer to the log, in the place of an earlier one, and return it.

    Args:
        connection: for writing.
        tweet: what it is about.
        label: one of `owner_labels.ANSWERS`.
        drawn: how the tweet came before its owner.
        passed: from the drawing. Their turn was before this one's, so they are part of the sample.
        at: now.

    Raises:
        sqlite3.Error: it could not be written; nothing has changed.
    """
    given = tweet.labelled(label, drawn, at)
    with transaction(connection):
        count_as_random(connection, tweet.entity, passed)
        put(connection, [given])
    return given


class LabellingSession:
    """Where a labeller is, and what was said in this sitting."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        drawing: Drawing,
        mode: Mode,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin.

        Args:
            connection: to the log, for writing.
            drawing: what to ask.
            mode: how that was drawn.
            clock: seconds since the epoch.
        """
        self._connection = connection
        self._drawing = drawing
        self._mode: Mode = mode
        self._clock = clock
        self.place = 0
        """How many tweets are before the one that is asked about."""
        self.given: dict[int, OwnerLabel] = {}
        """By place."""

    @property
    def total(self) -> int:
        """How many there are to ask."""
        return len(self._drawing.tweets)

    @property
    def tweet(self) -> SampledTweet | None:
        """The one that is asked about; None after the last."""
        return self._drawing.tweets[self.place] if self.place < self.total else None

    def answer(self, label: str) -> None:
        """Write an answer to the log, in the place of an earlier one, and go on.

        Raises:
            sqlite3.Error: it could not be written; nothing has changed.
        """
        assert self.tweet is not None
        self.given[self.place] = write(
            self._connection,
            *(self.tweet, label, self._mode, self._drawing.passed[self.place]),
            utc(self._clock()),
        )
        self.place += 1

    def back(self) -> None:
        """Ask about the tweet before again, if there is one."""
        self.place = max(0, self.place - 1)
