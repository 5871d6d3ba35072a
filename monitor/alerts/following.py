"""How an alert goes on: all its tweets until now, and what they are about, in its row.

What raised an alert are a few tweets; what it is about shows when there are more. So the tweets
since its beginning are read again a moment after it was raised, every ten minutes while it holds,
and once more when it is over. That takes up to seconds, so a thread of its own reads them, over a
connection of its own; what it finds is written with the next batch, or when the writer has nothing
else to do. A row that was not written, because the process was killed, is due again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from monitor.alerts.message import Messages, of_those_that_hold
from monitor.clock import utc
from monitor.console import strict_json
from monitor.settings.topics import alert as topic_of
from monitor.store import StoreError, open_log
from monitor.store.rows import Labelled

if TYPE_CHECKING:  # it imports numpy's users: read when the first alert is
    from monitor.topics.topics import Topics

_AGAIN_S: Final = 600.0
"""After which an alert that holds is read again."""
_AFTER_ERROR_S: Final = 60.0
_AT_ONCE: Final = 20
_WORDS: Final = 5
"""Words and phrases that say what it is about."""
_TIMES: Final = 4.0
"""As often as usual, and more: what is said on other days, too, is no name for what is new."""
_STORIES: Final = 5
_TWEETS: Final = 5_000
_LOOKED_THROUGH: Final = 200_000
"""Bounds that a small board can bear: some megabytes, and a second or two of a slow core."""
_DUE: Final = (
    "SELECT id, entity FROM alerts INDEXED BY alerts_due"
    " WHERE (followed_at IS NULL OR ended_at IS NULL)"
    " AND (followed_at IS NULL OR NOT followed_at BETWEEN ? AND ?)"
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
        self,
        log: Path,
        aliases: Mapping[str, Sequence[str]],
        messages: Messages | None,
        due: Callable[[], object] = lambda: None,
    ) -> None:
        """Begin to follow.

        Args:
            log: read beside the store.
            aliases: of each entity, beside its name: they are no topics.
            messages: where the state of an alert that holds is published again; None for nowhere.
            due: told, by the thread that reads, that there is something to write.
        """
        self._log = log
        self._aliases = aliases
        self._messages = messages
        self._tell_due = due
        self._due: list[tuple[int, str]] = []
        self._not_before = 0.0
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
        if time.monotonic() < self._not_before:
            return
        if (self._thread and self._thread.is_alive()) or len(self._found) > self._written:
            return
        until = time.time()
        asked = (utc(until - _AGAIN_S), utc(until), _AT_ONCE)
        self._due = connection.execute(_DUE, asked).fetchall()

    def committed(self) -> None:
        """Forget what is written, and have what is due read: an alert of just now is seen there."""
        del self._found[: self._written]
        self._written = 0
        due, self._due = self._due, []
        if due:
            self._thread = threading.Thread(
                target=self._read, args=(due,), name="following", daemon=True
            )
            self._thread.start()

    def _read(self, due: Sequence[tuple[int, str]]) -> None:
        try:
            with closing(open_log(self._log)) as connection:
                for alert, entity in due:
                    self._found.append(self._of(connection, alert, entity))
                    self._tell_due()
        except (sqlite3.Error, StoreError) as error:  # the writer meets it, too, and says more
            self._not_before = time.monotonic() + _AFTER_ERROR_S
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
            about=", ".join(_standing_out(topics)) if read else None,
            stories=strict_json(stories) if read else None,
        )


def _standing_out(topics: Topics) -> list[str]:
    new = [topic.text for topic in topics.topics if topic.tweets >= _TIMES * topic.usually]
    return new[:_WORDS]
