"""What several tests are made of: invented tweets, deliveries, verdicts, classifiers in hand."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from monitor.clock import Moment, utc
from monitor.delivery import Delivery
from monitor.inference import Classifier, Model
from monitor.inference.model import KnownTweet
from monitor.store import Store
from monitor.store.rows import BatchRow, DeadLetter, ModelRow, Origin, TweetRow
from monitor.store.throughput import Minute
from monitor.tweets import Pseudonyms
from monitor.tweets.keys import KEY_BYTES
from monitor.verdict import POLARITIES, TASKS, Answer, Pair, Verdict

NOW = 1_750_000_000.0
"""A moment, in seconds since the epoch: 2025-06-15T15:06:40Z."""
DAY_S = 86_400.0

PSEUDONYMS = Pseudonyms(bytes(range(KEY_BYTES)))

PAIRS: tuple[Pair, ...] = (
    ("Third parcel Acme has lost this year. Never again.", "Acme"),
    ("Acme answered in two minutes and sent a new one for free, wonderful!", "Acme"),
    ("Acme opens at nine on Saturdays.", "Acme"),
    ("Acme opens at nine on Saturdays.", None),
    ("So happy that my old Veloria finally died and I could buy a Lumen", "Veloria"),
    ("So happy that my old Veloria finally died and I could buy a Lumen", "Lumen"),
    ("ok", None),
    ("no", "Lumen"),
    ("😡😡😡", "Acme"),
    ("❤️ @LumenCars ❤️ #bestcarever", "Lumen"),
    ("RT @someone: The new Veloria recall affects 20,000 cars", "Veloria"),
    ("Great, the train is late again. Thank you so much, NorthRail. /s", "NorthRail"),
    ("NorthRail at its best: 40 minutes late and the heating is broken", "NorthRail"),
    ("On the NorthRail to the coast, reading", "NorthRail"),
    ("Bank Ostra has raised its fees for the second time since March", "Bank Ostra"),
    ("Bank Ostra's new app is a joy to use", "Bank Ostra"),
    ("Interview with the head of Bank Ostra tonight at eight", "Bank Ostra"),
    ("I love my mother", None),
    ("I hate Mondays", None),
    ("It is raining", None),
    ("Their coffee is cold, their staff is rude, their prices are a joke", "Cafe Brio"),
    ("Best flat white in town, and the people at Cafe Brio remember your name", "Cafe Brio"),
    ("Cafe Brio is moving to Mill Lane 12 in May", "Cafe Brio"),
    ("¿Alguien sabe si Acme abre mañana?", "Acme"),
    ("Das neue Telefon von Acme ist leider schon nach zwei Tagen kaputt", "Acme"),
    ("Shares of Acme fall 12 % after the fire in its largest factory", "Acme"),
    ("Shares of Acme rise 12 % after record sales", "Acme"),
    ("Acme to publish its annual report on Thursday", "Acme"),
    ("Waited 3 hours on the phone for @AcmeHelp. Nobody answered. Useless!!!", "Acme"),
    ("@AcmeHelp thank you, problem solved, you are the best", "Acme"),
    ("Not bad at all, Acme. Not bad.", "Acme"),
    ("I would not recommend Lumen to my worst enemy", "Lumen"),
    ("I cannot recommend Lumen highly enough", "Lumen"),
    ("Who needs brakes anyway, right Veloria?", "Veloria"),
    ("test", "Acme"),
    ("https://example.org/a https://example.org/b", "Acme"),
    ("#ad Win two tickets to the Lumen race day, follow and share", "Lumen"),
    ("The museum's new wing is breathtaking; thanks to Bank Ostra for paying", "Bank Ostra"),
    ("the museum closes at six", None),
    ("Acme " * 60 + "and so on", "Acme"),
)
"""Invented, of many lengths, tones and languages, with an entity and without."""

RESULT: dict[str, Any] = {
    "id": "7",
    "entity": "Acme",
    "board": "attic",
    "received_at": "2025-06-15T15:06:40.000Z",
    "clock_synchronised": True,
    "label": "neutral",
    "adaptation": None,
    "abstained": True,
    "reputation": {
        "label": "neutral",
        "probabilities": {"negative": 0.1, "neutral": 0.8, "positive": 0.1},
        "abstained": True,
    },
    "sentiment": {
        "label": "negative",
        "probabilities": {"negative": 0.8, "neutral": 0.1, "positive": 0.1},
        "abstained": True,
    },
    "model": {
        "name": "stub",
        "version": "1",
        "sha256": "0" * 64,
        "runtime": "litert",
        "task": "reputation",
    },
    "topic": "tweets",
    "created_at": "Sat Nov 21 17:52:29 +0000 2026",
    "author": "0f" * 16,
    "lang": "en",
    "is_retweet": True,
    "text": "text of 7",
}
"""A label as another board tells it (`monitor.publishing.results`)."""


def verdict(reputation: str = "positive", sentiment: str = "negative") -> Verdict:
    """Make an answer to both tasks, quite sure of itself."""
    return {
        task: Answer(label, {p: 0.8 if p == label else 0.1 for p in POLARITIES})
        for task, label in zip(TASKS, (reputation, sentiment), strict=True)
    }


def tweet_row(
    id_: str,
    *entities: str,
    received_at: str = "2025-06-15T15:06:40.000Z",
    answer: Verdict | None = None,
) -> TweetRow:
    """Make a tweet as it is kept, with the same answer for each entity."""
    return TweetRow(
        id=id_,
        received_at=received_at,
        created_at=None,
        topic="tweets",
        author=None,
        lang=None,
        is_retweet=False,
        text=f"text of {id_}",
        verdicts=[(entity, answer or verdict()) for entity in entities or ("",)],
    )


def elsewhere(row: TweetRow, model: ModelRow | None = None) -> TweetRow:
    """Have a tweet labelled by another board, unsure of its sentiment alone."""
    model = model or ModelRow("e" * 64, "other", "2", "tflite-runtime", "reputation")
    return dataclasses.replace(
        row, origin=Origin("pi-2", model, {"reputation": False, "sentiment": True})
    )


def dead_letter(
    digest: str, reason: str = "empty", received_at: str = "2025-06-15T15:06:40.000Z"
) -> DeadLetter:
    """Make a message that could not be labelled."""
    return DeadLetter(digest, received_at, "tweets", reason, "It is empty.", 0, b"")


def batch_row(
    received: int, model_id: int = 1, abstain_below: float = 0.0, noted: Sequence[str] = ()
) -> BatchRow:
    """Make a batch's record."""
    at = "2025-06-15T15:06:40.000Z"
    return BatchRow(at, True, model_id, abstain_below, received, 1.0, 2.0, noted)


def register(store: Store, task: str = "reputation") -> int:
    """Put a model into a log."""
    return store.register_model(STUB_MODEL, "litert", task, NOW)


def minute(started_at: str = "", broker_dropped: int | None = None) -> Minute:
    """Make a minute in which nothing came in."""
    return Minute(
        started_at=started_at,
        seconds=60.0,
        received=0,
        labelled=0,
        duplicates=0,
        rejected=0,
        tweets_per_s=0.0,
        latency_p50_ms=None,
        latency_p95_ms=None,
        latency_p99_ms=None,
        latency_max_ms=None,
        queue_depth=0,
        rss_mib=100.0,
        cpu_celsius=None,
        clock_synchronised=True,
        broker_dropped=broker_dropped,
    )


def see_minutes(store: Store, moments: Iterable[float], synchronised: bool | None = True) -> None:
    """Put minutes of statistics into a log, by which clocks are judged; nothing came in them."""
    row = dataclasses.replace(minute(), clock_synchronised=synchronised).row()
    rows = [tuple((row | {"started_at": utc(at)}).values()) for at in moments]
    with store._transaction():
        store._connection.executemany(
            f"INSERT INTO throughput ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            rows,
        )


class Inlet:
    """Makes deliveries and notes, in order, which of them were acknowledged."""

    def __init__(self, on_acknowledge: Callable[[], object] = lambda: None) -> None:
        self.acknowledged: list[int] = []
        self._on_acknowledge = on_acknowledge
        self._numbers = itertools.count()

    def delivery(self, payload: bytes | str, topic: str = "tweets") -> Delivery:
        """Make a delivery that has just arrived."""
        number = next(self._numbers)
        payload = payload.encode() if isinstance(payload, str) else payload

        def acknowledge() -> None:
            self._on_acknowledge()
            self.acknowledged.append(number)

        return Delivery(
            topic=topic,
            payload=payload,
            size=len(payload),
            arrived=time.monotonic(),
            received=Moment(NOW, True),
            acknowledge=acknowledge,
        )

    def deliveries(self, *payloads: bytes | str) -> list[Delivery]:
        """Make several."""
        return [self.delivery(payload) for payload in payloads]


STUB_MODEL = Model(
    name="stub",
    version="1",
    folder=Path("stub"),
    max_length=64,
    tasks=dict.fromkeys(TASKS, POLARITIES),
    flatbuffer=b"",
    tokenizer="",
    sha256="0" * 64,
    known=KnownTweet("known", None, dict.fromkeys(TASKS, "neutral")),
)


class StubClassifier(Classifier):
    """Answers at once and without a model: positive for the reputation, negative in sentiment.

    A text with "poison" in it makes the whole batch fail, as a runtime that raises would.
    """

    def __init__(self) -> None:
        self.model = STUB_MODEL
        self.runtime = "litert"
        self.workers = 1
        self.progress = time.monotonic()
        self.asked: list[list[Pair]] = []

    def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
        """Answer, or fail."""
        self.asked.append(list(pairs))
        future: Future[list[Verdict]] = Future()
        if any("poison" in text for text, _ in pairs):
            future.set_exception(RuntimeError("the interpreter raised"))
        else:
            future.set_result([verdict() for _ in pairs])
        return future

    def close(self) -> None:
        """Nothing to end."""


class IdleClassifier(StubClassifier):
    """Begins nothing: every answer stays pending."""

    def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
        """Promise an answer."""
        self.asked.append(list(pairs))
        return Future()


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask a log from outside, as people do."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()
