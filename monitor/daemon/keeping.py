"""What of a tweet is written down, as ``[privacy] store_text`` allows: text, names, topic, id."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from monitor.periods import epoch
from monitor.settings import Settings
from monitor.store.rows import TweetRow
from monitor.tweets import Pseudonyms
from monitor.tweets.moment import written_at
from monitor.tweets.redaction import has_address, redact
from monitor.tweets.redaction.numbers import CLOSELY_IN_NAMES
from monitor.tweets.shape import mask
from monitor.verdict import Verdict

# Dates as the two APIs write them, which need no second look. They are most of those that come.
_USUAL_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d [+-]\d{4} \d{4}",
    re.ASCII,
)

_MOST_LEVELS: Final = 200
"""Levels of a topic that are kept, as many as mosquitto takes."""

_NAMES: Final = 1024
"""Names of entities that are remembered: they come again and again."""


class Keeper:
    """Makes of what arrives what may be written.

    Under "full" that is all of it. Else everything that publishers write passes `redact`: the
    text, which "none" drops, and whatever else could name somebody. What the owner has configured,
    names of entities and levels of topics, stays as it is.
    """

    def __init__(self, settings: Settings, pseudonyms: Pseudonyms) -> None:
        self._store_text = settings.privacy.store_text
        self._counts_as_written = settings.store.count_by == "created_at"
        self._pseudonyms = pseudonyms
        self._names = frozenset(entity.name.strip() for entity in settings.entities)
        filters = (*settings.mqtt.topics, *settings.mqtt.results_topics)
        self._levels = frozenset(level for each in filters for level in each.split("/"))
        self.entity = lru_cache(_NAMES)(self._entity)
        """Keeps the name of an entity, masked if it points to somebody who is not configured."""
        self._topic = ("", "")  # the last one, and what is kept of it: mostly it is the next, too

    def row(self, row: TweetRow) -> TweetRow:
        """Keep of a tweet what may be kept.

        Of two entities that look the same without names ("@ann", "@bob"), the first keeps its
        label: a tweet has one label an entity.
        """
        tweeted_at = None
        if self._counts_as_written:
            tweeted_at = written_at(row.created_at, epoch(row.received_at))
        if self._store_text == "full":
            return replace(row, tweeted_at=tweeted_at)
        verdicts: dict[str, Verdict] = {}
        for name, verdict in row.verdicts:
            verdicts.setdefault(self.entity(name), verdict)
        return TweetRow(  # `dataclasses.replace` would take twice as long
            id=self._id(row.id),
            received_at=row.received_at,
            created_at=_unless_masked(row.created_at),
            topic=self.topic(row.topic),
            author=row.author,
            lang=_unless_masked(row.lang),
            is_retweet=row.is_retweet,
            text=redact(row.text) if row.text and self._store_text == "redacted" else None,
            verdicts=[*verdicts.items()],
            origin=row.origin,
            tweeted_at=tweeted_at,
        )

    def topic(self, topic: str) -> str:
        """Keep a topic, each level for itself; those of the configured filters are ours."""
        if self._store_text == "full":
            return topic
        last, kept = self._topic  # read at once: two threads ask
        if topic != last:
            levels = topic.split("/", _MOST_LEVELS)[:_MOST_LEVELS]
            kept = "/".join(each if each in self._levels else redact(each) for each in levels)
            self._topic = topic, kept
        return kept

    def payload(self, payload: bytes) -> bytes | None:
        """Keep the bytes of what is no tweet: all, their shape, or none."""
        match self._store_text:
            case "full":
                return payload
            case "redacted":
                return mask(payload)
            case _:
                return None

    def _entity(self, name: str) -> str:
        if self._store_text == "full" or name in self._names:
            return name
        return redact(name, CLOSELY_IN_NAMES)

    def _id(self, id_: str) -> str:
        """Keep an id, or a digest of one with an address in it, so that no two become the same.

        Numbers are what ids are made of: those in it are no telephone numbers.
        """
        if id_.isdecimal() or not has_address(id_):  # nearly all are numbers
            return id_
        return self._pseudonyms.id(id_)


def _unless_masked(value: str | None) -> str | None:
    """Keep what has a form of its own, a date or a language: masked it would have lost it."""
    if not value or value.isalpha() or _USUAL_DATE.fullmatch(value) or redact(value) == value:
        return value
    return None
