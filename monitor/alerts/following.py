"""How an alert goes on: all its tweets until now, and what they are about, in its row.

What raised an alert are a few tweets; what it is about shows when there are more. So the tweets
since its beginning are read again a moment after it was raised, every ten minutes while it holds,
and once more when it is over. That takes up to seconds, so a thread of its own reads them, over a
connection of its own; what it finds is written with the next batch or minute. A row that was not
written, because the process was killed, is due again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from monitor.alerts.message import Messages, of_those_that_hold
from monitor.clock import utc
from monitor.console import strict_json
from monitor.settings.topics import alert as topic_of
from monitor.store import StoreError, open_log
from monitor.store.rows import Labelled

_LOOK_EVERY_S: Final = 5.0
_AGAIN_S: Final = 600.0
"""After which an alert that holds is read again."""
_AT_ONCE: Final = 20
_WORDS: Final = 5
"""Words and phrases that say what it is about."""
_STORIES: Final = 5
_TWEETS: Final = 5_000
_LOOKED_THROUGH: Final = 200_000
"""Bounds that a small board can bear: some megabytes, and a second or two of a slow core."""
_DUE: Final = (
    "SELECT id, entity FROM alerts WHERE id > (SELECT max(id) FROM alerts) - 1000"
    " AND (followed_at IS NULL OR (ended_at IS NULL AND NOT followed_at BETWEEN ? AND ?))"
    " ORDER BY ended_at IS NOT NULL, id DESC LIMIT ?"
)
_WRITE: Final = (
    "UPDATE alerts SET followed_at = ?, all_tweets = ?, all_negatives = ?, about = ?, stories = ?"
    " WHERE id = ? AND entity = ?"
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read of an alert."""

    alert: int
    entity: str
    at: str
    tweets: int | None
    negatives: int | None
    about: str | None
    stories: str | None


class Following:
    """Has the rows of alerts say how these go on; a hook of the store."""

    def __init__(
        self, log: Path, aliases: Mapping[str, Sequence[str]], messages: Messages | None
    ) -> None:
        """Begin to follow.

        Args:
            log: read beside the store.
            aliases: of each entity, beside its name: they are no topics.
            messages: where the state of an alert that holds is published again; None for nowhere.
        """
        self._log = log
        self._aliases = aliases
        self._messages = messages
        self._look_at = time.monotonic()
        self._thread: threading.Thread | None = None
        self._found: list[_Found] = []
        self._written = 0

    def write(self, connection: sqlite3.Connection, _fresh: Sequence[Labelled]) -> None:
        """Write what was found meanwhile, and see what is due."""
        self._written = len(self._found)
        for found in self._found[: self._written]:
            connection.execute(
                _WRITE,
                (
                    *(found.at, found.tweets, found.negatives, found.about, found.stories),
                    *(found.alert, found.entity),
                ),
            )
            if self._messages:
                for entity, payload in of_those_that_hold(connection, found.alert):
                    self._messages.put(connection, topic_of(entity), payload, retain=True)
        now = time.monotonic()
        if now < self._look_at or (self._thread and self._thread.is_alive()) or self._found:
            return
        self._look_at = now + _LOOK_EVERY_S
        until = time.time()
        asked = (utc(until - _AGAIN_S), utc(until), _AT_ONCE)
        if due := connection.execute(_DUE, asked).fetchall():
            self._thread = threading.Thread(
                target=self._read, args=(due,), name="following", daemon=True
            )
            self._thread.start()

    def committed(self) -> None:
        """Forget what is written."""
        del self._found[: self._written]
        self._written = 0

    def _read(self, due: Sequence[tuple[int, str]]) -> None:
        try:
            with closing(open_log(self._log)) as connection:
                for alert, entity in due:
                    self._found.append(self._of(connection, alert, entity))
        except (sqlite3.Error, StoreError) as error:  # the writer meets it, too, and says more
            structlog.get_logger().warning("alert-not-followed", error=str(error))

    def _of(self, connection: sqlite3.Connection, alert: int, entity: str) -> _Found:
        """Read what an alert that was raised in a transaction before this one is about."""
        from monitor.topics.reading import Bounds, Question, answer, labelled, of_alert

        now = time.time()
        question = Question(
            *of_alert(connection, alert, now),
            names=self._aliases.get(entity, ()),
            most=_STORIES,
            alert=alert,
            bounds=Bounds(_TWEETS, _TWEETS, _LOOKED_THROUGH),
        )
        found = answer(connection, question)
        topics = found.topics
        whole = found.since <= question.since
        tweets, negatives = labelled(connection, question) if whole else (None, None)
        read = topics.count.every > 0
        stories = [
            {
                "words": list(story.topics),
                "tweets": story.count.tweets,
                "retweets": story.count.retweets,
                "negative_share": story.count.negative_share,
                "first_seen": story.first_seen,
                "examples": [tweet.id for tweet in story.examples],
            }
            for story in topics.stories
        ]
        return _Found(
            alert=alert,
            entity=entity,
            at=utc(now),
            tweets=tweets,
            negatives=negatives,
            about=", ".join(topic.text for topic in topics.topics[:_WORDS]) if read else None,
            stories=strict_json(stories) if read else None,
        )
