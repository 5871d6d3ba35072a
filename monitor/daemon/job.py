"""A micro-batch on its way from the collector to the writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from monitor.delivery import Delivery
from monitor.store.rows import DeadLetter, TweetRow
from monitor.tweets import Tweet
from monitor.verdict import Pair, Verdict

WHOLE_TWEET = ""
"""Stands for the tweet as a whole where an entity's name would be."""


@dataclass(frozen=True, slots=True)
class Item:
    """A decoded delivery and the entities it is about, or `WHOLE_TWEET`."""

    delivery: Delivery
    tweet: Tweet
    entities: tuple[str, ...]
    """What its labels are stored under, each once."""
    asked: tuple[str, ...]
    """The entity that the model is asked about, one for each of `entities`; none if it does not
    read the language."""
    language: str | None = None
    """That of the text, if the model does not read it."""

    @property
    def pairs(self) -> list[Pair]:
        """What to ask the model: one pair an entity."""
        return [(self.tweet.text, entity or None) for entity in self.asked]


@dataclass(frozen=True, slots=True)
class Job:
    """A micro-batch, its verdicts still to come."""

    deliveries: Sequence[Delivery]
    """In order of arrival, at least one."""
    items: Sequence[Item]
    """The deliveries that are tweets."""
    dead_letters: Sequence[DeadLetter]
    """Deliveries that can be neither labelled nor stored as labelled."""
    results: Sequence[TweetRow]
    """Tweets that other boards have labelled, as they will be kept."""
    verdicts: Future[list[Verdict]]
    """One for each pair of each item, flat."""
    queue_depth: int
    """Messages that were waiting when the batch was closed, its own included."""
    closed: float
    """Monotonic seconds at which collecting ended."""
    noted: Sequence[str] = ()
    """Digests of the deliveries, if they were noted before (`monitor.store.attempts`)."""

    def left_out(self) -> Counter[str]:
        """Count the optional fields that were not what they should be, by name."""
        return Counter(name for item in self.items for name in item.tweet.left_out)
