"""Deliveries to a job: decode, find the entities, ask the model; take other boards' results."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from paho.mqtt.client import topic_matches_sub

from monitor.clock import utc
from monitor.daemon.admission import Admission
from monitor.daemon.job import WHOLE_TWEET, Item, Job
from monitor.daemon.keeping import Keeper
from monitor.delivery import Delivery
from monitor.inference import Classifier
from monitor.publishing import results
from monitor.settings import Settings
from monitor.store.attempts import MOST_DEATHS
from monitor.store.rows import DeadLetter, TweetRow
from monitor.tweets import (
    MAX_NAME_CHARS,
    OTHERS,
    EntityMatcher,
    Pseudonyms,
    Reason,
    Rejection,
    Tweet,
    decode,
)
from monitor.tweets.language.languages import Languages

_DEAD_LETTER_BYTES: Final = 65_536
_GIVEN_UP: Final = Rejection(
    Reason.CRASH, f"The daemon came to its end {MOST_DEATHS} times with this message alone in hand."
)


class Collector:
    """Makes jobs of deliveries."""

    def __init__(
        self,
        settings: Settings,
        classifier: Classifier,
        pseudonyms: Pseudonyms,
        admission: Admission | None = None,
    ) -> None:
        """Prepare.

        Args:
            settings: the whole configuration.
            classifier: whom to ask.
            pseudonyms: for messages without an id, and dead letters.
            admission: which entities are stored by name; None to begin with those configured.
        """
        self._settings = settings
        self._classifier = classifier
        self._pseudonyms = pseudonyms
        self._matcher = EntityMatcher(settings.entities)
        read = classifier.model.languages if settings.model.other_languages == "store" else ()
        self._languages = Languages(read, settings.entities) if read else None
        self.keeper = Keeper(settings, pseudonyms)
        self._admission = admission or Admission(
            (entity.name.strip() for entity in settings.entities), settings.mqtt.max_named_entities
        )
        self.progress = time.monotonic()
        """When the collector last got anywhere."""

    def collect(
        self,
        deliveries: Sequence[Delivery],
        waiting: int,
        noted: Sequence[str] = (),
        *,
        given_up: bool = False,
    ) -> Job:
        """Submit a micro-batch to the classifier.

        Args:
            deliveries: at least one, in order of arrival.
            waiting: how many more were queued behind them.
            noted: their digests, if they were noted (`monitor.store.attempts`).
            given_up: whether they have ended the daemon too often to be looked into.
        """
        items: list[Item] = []
        labelled: list[TweetRow] = []
        dead_letters: list[DeadLetter] = []
        for delivery in deliveries:
            self.progress = time.monotonic()
            match _GIVEN_UP if given_up else self._read(delivery):
                case Tweet() as tweet:
                    places = self._places(self.entities(delivery.topic, tweet))
                    asked = tuple(places.values())
                    language = self._language(tweet, asked)
                    items.append(
                        Item(delivery, tweet, tuple(places), () if language else asked, language)
                    )
                case TweetRow() as row:
                    labelled.append(self._placed(self.keeper.row(row)))
                case Rejection(reason, detail):
                    dead_letters.append(self.dead_letter(delivery, reason, detail))
        verdicts = self._classifier.submit([pair for item in items for pair in item.pairs])
        depth = len(deliveries) + waiting
        closed = time.monotonic()
        return Job(deliveries, items, dead_letters, labelled, verdicts, depth, closed, noted)

    def _placed(self, row: TweetRow) -> TweetRow:
        """Put another board's labels under the names that have a place here."""
        verdicts = [(self._admission.stored(entity), verdict) for entity, verdict in row.verdicts]
        return replace(row, verdicts=verdicts)

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

    def _language(self, tweet: Tweet, asked: Sequence[str]) -> str | None:
        """Name the language of a tweet that the model does not read."""
        return self._languages.other(tweet.text, tweet.lang, asked) if self._languages else None

    def entities(self, topic: str, tweet: Tweet) -> tuple[str, ...]:
        """Which entities to ask about: named by the message, else its topic, else its text.

        Of the text that part is searched which the model can read: of an entity named behind it the
        model's answer would say nothing.
        """
        level = self._settings.mqtt.entity_level
        return (
            self._named(tweet.entities)
            or self._named(topic.split("/", level)[level - 1 : level] if level else ())
            or self._matcher.match(tweet.text[: self._classifier.readable])
            or (WHOLE_TWEET,)
        )

    def _named(self, names: Sequence[str]) -> tuple[str, ...]:
        """Spell names as configured, each once, and leave out those that are not heeded."""
        canonical = dict.fromkeys(
            self._matcher.canonical(name) for name in names if len(name) <= MAX_NAME_CHARS
        )
        return tuple(name for name in canonical if name and self._admission.heeds(name))

    def _places(self, names: Iterable[str]) -> dict[str, str]:
        """Find what the labels of a tweet are stored under, and whom to ask the model about.

        A tweet has one label under each name in the log, so of several names that are stored alike
        (without a place of their own, or masked) only the first is asked about.
        """
        places: dict[str, str] = {}
        for name in names:
            kept = self.keeper.entity(name)
            stored = self._admission.stored(kept)
            places.setdefault(stored, stored if kept == name and stored != OTHERS else name)
        return places

    def digest(self, delivery: Delivery) -> str:
        """Tell a message from others: keyed, of topic and payload, the same when it comes again."""
        return self._pseudonyms.payload(
            b"%b\0%d\0%b" % (delivery.topic.encode(), delivery.size, delivery.payload)
        )

    def dead_letter(self, delivery: Delivery, reason: str, detail: str) -> DeadLetter:
        """Keep what cannot be labelled, as far as privacy allows."""
        return DeadLetter(
            digest=self.digest(delivery),
            received_at=utc(delivery.received.epoch_s),
            topic=self.keeper.topic(delivery.topic),
            reason=reason,
            detail=detail,
            size=delivery.size,
            payload=self.keeper.payload(delivery.payload[:_DEAD_LETTER_BYTES]),
        )
