"""Deliveries to a job: decode, find the entities, ask the model; take other boards' results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from paho.mqtt.client import topic_matches_sub

from monitor import results
from monitor.classifier import Classifier
from monitor.clock import utc
from monitor.connection import Delivery
from monitor.entities import EntityMatcher
from monitor.job import WHOLE_TWEET, Item, Job
from monitor.keeping import Keeper
from monitor.privacy import Pseudonyms
from monitor.rows import DeadLetter, TweetRow
from monitor.settings import Settings
from monitor.tweet import MAX_NAME_CHARS, Rejection, Tweet, decode

_DEAD_LETTER_BYTES: Final = 65_536


class Collector:
    """Makes jobs of deliveries."""

    def __init__(self, settings: Settings, classifier: Classifier, pseudonyms: Pseudonyms) -> None:
        self._settings = settings
        self._classifier = classifier
        self._pseudonyms = pseudonyms
        self._matcher = EntityMatcher(settings.entities)
        self.keeper = Keeper(settings, pseudonyms)

    def collect(self, deliveries: Sequence[Delivery], waiting: int) -> Job:
        """Submit a micro-batch to the classifier.

        Args:
            deliveries: at least one, in order of arrival.
            waiting: how many more were queued behind them.
        """
        items: list[Item] = []
        labelled: list[TweetRow] = []
        dead_letters: list[DeadLetter] = []
        for delivery in deliveries:
            match self._read(delivery):
                case Tweet() as tweet:
                    items.append(Item(delivery, tweet, self.entities(delivery.topic, tweet)))
                case TweetRow() as row:
                    labelled.append(self.keeper.row(row))
                case Rejection(reason, detail):
                    dead_letters.append(self.dead_letter(delivery, reason, detail))
        verdicts = self._classifier.submit([pair for item in items for pair in item.pairs])
        depth = len(deliveries) + waiting
        return Job(deliveries, items, dead_letters, labelled, verdicts, depth, time.monotonic())

    def _read(self, delivery: Delivery) -> Tweet | TweetRow | Rejection:
        """Read a tweet, or what another board has made of one: the topic tells."""
        mqtt = self._settings.mqtt
        if any(topic_matches_sub(each, delivery.topic) for each in mqtt.results_topics):
            return results.read(delivery.payload, max_bytes=mqtt.max_payload_bytes)
        return decode(
            delivery.payload,
            max_bytes=mqtt.max_payload_bytes,
            identify=self._pseudonyms.payload,
        )

    def entities(self, topic: str, tweet: Tweet) -> tuple[str, ...]:
        """Which entities to ask about: named by the message, else its topic, else its text."""
        named = tweet.entities
        level = self._settings.mqtt.entity_level
        if not named and level:
            named = tuple(topic.split("/")[level - 1 : level])
        canonical = dict.fromkeys(self._matcher.canonical(name) for name in named)
        return (
            tuple(name for name in canonical if 0 < len(name) <= MAX_NAME_CHARS)
            or self._matcher.match(tweet.text)
            or (WHOLE_TWEET,)
        )

    def dead_letter(self, delivery: Delivery, reason: str, detail: str) -> DeadLetter:
        """Keep what cannot be labelled, as far as privacy allows."""
        return DeadLetter(
            digest=self._pseudonyms.payload(
                b"%b\0%d\0%b" % (delivery.topic.encode(), delivery.size, delivery.payload)
            ),
            received_at=utc(delivery.received.epoch_s),
            topic=self.keeper.topic(delivery.topic),
            reason=reason,
            detail=detail,
            size=delivery.size,
            payload=self.keeper.payload(delivery.payload[:_DEAD_LETTER_BYTES]),
        )
