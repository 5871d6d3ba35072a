"""An invented log: months of labelled tweets in seconds, for trying queries and pictures on.

    python -m tests.benchmarks.history FILE --tweets 1000000 --days 90 --entities 8 --seed 0

Entities differ in size by a thousand times, days have their rhythm, a quarter are retweets, and an
entity of middle size has a two-day crisis near the end. Labels are the true polarities as the
shipped model mistakes them, so that corrected shares have something to find. The rows are those
that `Store.write` would make, batch by batch at the default settings, put straight into the tables.
"""

from __future__ import annotations

import argparse
import itertools
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor import DEFAULT_MODEL
from monitor.clock import utc
from monitor.inference import Model
from monitor.settings import BatchSettings
from monitor.store import Store
from monitor.store.rollups import COUNTS
from monitor.store.throughput import Minute
from monitor.verdict import OTHER_LANGUAGE, POLARITIES, TASKS

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

MODEL: Final = DEFAULT_MODEL
ENTITIES: Final = (
    "Plumiq",
    "Skylarka Air",
    "Veldane Motors",
    "Tarnwell Bank",
    "Mokka & Moss",
    "NorthRail",
    "Lumen Telecom",
    "University of Calderfen",
)
"""The largest first; all are invented."""
CRISIS: Final = "Veldane Motors"
_SHRINK: Final = 0.4
"""How much smaller each entity is than the one before."""
_NOBODY: Final = 0.1
"""Share of tweets about no entity."""
_SECOND: Final = 0.03
"""Share of tweets about a second entity as well."""
_RETWEETS: Final = 0.25
_REJECTED: Final = 0.005
_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0
_CRISIS_AT: Final = 0.9
"""Of the time that the history spans."""
_CRISIS_DAYS: Final = 2.0
_BUSIER: Final = 4.0
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
_RECALL: Final = (
    "{} knew of the brake failures for a year and said nothing. Recall them all",
    "Brake failures in forty thousand cars, and {} calls the recall voluntary",
    "My car from {} is in the recall: no brakes on the motorway, with two children in it",
    "The {} recall comes two years after the first brake failures",
    "No spare parts before March. What a recall, {}",
    "Brakes that fail, and a hotline that does not answer: the {} recall",
)
"""What is complained of in the crisis."""
_TEXTS: Final = (
    (
        "{} again: three hours on the phone and nobody who could help",
        "Never again {}. The second repair cost more than the first",
        "{} lost my order and wants me to prove it",
        "How is it possible that {} still has no answer after two weeks?",
        "Broken after four days. Thank you for nothing, {}",
        "{} raises its prices and calls it an improvement",
    ),
    (
        "{} opens at nine on Saturdays",
        "Interview with the head of {} tonight at eight",
        "On my way to {}, reading",
        "{} to publish its annual report on Thursday",
        "Does anybody know whether {} takes cards?",
        "Half the street works for {}",
    ),
    (
        "{} answered in two minutes and sent a new one for free, wonderful",
        "Ten years with {} and not a single complaint",
        "The people at {} remember your name. That is all",
        "Best decision of the year: changing to {}",
        "{} did the right thing, and fast",
        "Proud to see what {} does for the town",
    ),
)
_REASONS: Final = (
    ("bad-json", "It begins with { but is no JSON.", b'{"xx": "xxxx'),
    ("no-text", "It has no text.", b'{"xx": "0"}'),
    ("empty", "It is empty.", b""),
    ("too-large", "It is larger than [mqtt] max_payload_bytes allows.", b"xxxx"),
)


_NONE: Final = np.zeros(0, np.int64)
_ROLL_UP: Final = (
    f"INSERT INTO rollups (hour, entity, model_id, is_retweet, {', '.join(COUNTS)})"
    " SELECT substr(t.received_at, 1, 13), l.entity, l.model_id, t.is_retweet, "
    + ", ".join(
        f"sum(l.{task} = '{polarity}' AND {'' if sure else 'NOT '}l.{task}_abstained)"
        for task in TASKS
        for sure in ("", "unsure_")
        for polarity in POLARITIES
    )
    + f", sum(l.{TASKS[0]} = '{OTHER_LANGUAGE}')"
    + " FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id GROUP BY 1, 2, 3, 4"
)


@dataclass(frozen=True, slots=True)
class History:
    """What is invented; the same seed and end give the same log."""

    tweets: int
    days: float = 90.0
    entities: int = 8
    seed: int = 0
    until: float = 0.0
    """Seconds since the epoch; 0 for now."""

    @property
    def names(self) -> list[str]:
        """Entities, the largest first."""
        more = (f"Entity {number}" for number in itertools.count(len(ENTITIES) + 1))
        return list(itertools.islice(itertools.chain(ENTITIES, more), self.entities))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="which must not be there yet")
    parser.add_argument("--tweets", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=90.0)
    parser.add_argument("--entities", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.file.exists():
        parser.error(f"{options.file} is there already")
    if options.tweets < 0 or options.days <= 0 or options.entities < 1:
        parser.error("--tweets must not be negative, --days and --entities must be positive")
    began = time.monotonic()
    write(options.file, History(options.tweets, options.days, options.entities, options.seed))
    print(  # noqa: T201
        f"{options.file}: {options.tweets:,} tweets, {options.file.stat().st_size / 1e6:.1f} MB,"
        f" in {time.monotonic() - began:.1f} s",
        file=sys.stderr,
    )


def write(path: Path, history: History) -> None:
    """Write a log that is not there yet.

    Raises:
        StoreError: if it cannot be written.
    """
    invented = _Invented(history)
    with closing(Store(path)) as store:
        model_id = store.register_model(invented.model, "litert", "reputation", invented.since)
        connection = store._connection  # past the store, into its tables
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for table, rows in (
            ("tweets", invented.tweets()),
            ("labels", invented.labels(model_id)),
            ("dead_letters", invented.dead_letters()),
            ("batches", invented.batches(model_id)),
            ("throughput", invented.minutes()),
        ):
            _insert(connection, table, rows)
        connection.execute(_ROLL_UP)
        connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows, which all have the first one's columns."""
    if (first := next(rows, None)) is None:
        return
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join('?' * len(first))})",
        (tuple(row.values()) for row in itertools.chain([first], rows)),
    )


class _Invented:
    """The tweets as arrays, in order of arrival, and the rows they make."""

    def __init__(self, history: History) -> None:
        self.model = Model.load(MODEL)
        self.until = history.until or time.time()
        self.since = self.until - history.days * _DAY_S
        self._history = history
        self._chance = np.random.default_rng(history.seed)
        self._names = ["", *history.names]
        self._crisis = self._names.index(CRISIS) if CRISIS in self._names else -1
        self._arrived, self._entity = self._arrivals()
        self._batch = _batches(self._arrived)
        n = len(self._arrived)
        self._retweet = self._chance.random(n) < _RETWEETS
        # The truth first, as for every pair of tweet and entity, then the labels.
        self._mentions = self._all_mentions()
        self._truth = self._truths()
        self._answers = self._answered()
        self._dead = np.sort(self._chance.integers(0, n, round(n * _REJECTED))) if n else _NONE
        milliseconds = (1000 * self._arrived).astype(np.int64) - _SNOWFLAKE_EPOCH_MS
        self._ids = [
            str((at << 22) + number % (1 << 22)) for number, at in enumerate(milliseconds.tolist())
        ]
        self._times = [utc(at) for at in self._arrived.tolist()]

    def _arrivals(self) -> tuple[Floats, Ints]:
        """Draw when tweets arrive and whom they are about; 0 is nobody [tweets] each."""
        count = max(1, round((self.until - self.since) / _MINUTE_S))
        begin = self.since + _MINUTE_S * np.arange(count, dtype=np.float64)
        size = _SHRINK ** np.arange(len(self._names) - 1)
        weights = np.concatenate([[_NOBODY], (1 - _NOBODY) * size / size.sum()])
        # Most at seven in the evening (UTC), a fifth of that at seven in the morning.
        rhythm = 1 + 2 / 3 * np.cos(2 * np.pi * (begin / _DAY_S - 19 / 24))
        busy = weights[:, None] * rhythm
        if self._crisis > 0:
            busy[self._crisis, self._in_crisis(begin)] *= _BUSIER
        drawn = self._chance.random(self._history.tweets) * busy.sum()
        cell = np.searchsorted(np.cumsum(busy), drawn).clip(max=busy.size - 1)
        arrived = begin[cell % count] + _MINUTE_S * self._chance.random(len(cell))
        order = np.argsort(arrived)
        return arrived[order].clip(max=self.until), (cell // count)[order]

    def _in_crisis(self, at: Floats) -> NDArray[np.bool_]:
        begin = self.since + _CRISIS_AT * (self.until - self.since)
        return (begin <= at) & (at < begin + _CRISIS_DAYS * _DAY_S)

    def _all_mentions(self) -> tuple[Ints, Ints]:
        """Pair tweets with the entities they are about [labels] each: by tweet, then by entity."""
        n, entities = len(self._entity), len(self._names) - 1
        other = self._chance.integers(1, entities + 1, n)
        named = (self._entity > 0) & (other != self._entity)
        both = np.flatnonzero(named & (self._chance.random(n) < _SECOND))
        tweet = np.concatenate([np.arange(n), both])
        entity = np.concatenate([self._entity, other[both]])
        order = np.lexsort((entity, tweet))
        return tweet[order], entity[order]

    def _truths(self) -> Ints:
        """Draw true polarities [labels]: entities differ, drift slowly, and one has its crisis."""
        tweet, entity = self._mentions
        at = self._arrived[tweet]
        usual = self._chance.dirichlet((6, 8, 7), len(self._names))[entity]
        season = 0.05 * np.sin(2 * np.pi * (at - self.since) / (30 * _DAY_S) + entity)
        negative = np.clip(usual[:, 0] + season, 0.02, 0.9)
        if CRISIS in self._names:
            crisis = self._in_crisis(at) & (entity == self._names.index(CRISIS))
            negative = np.where(crisis, np.maximum(0.75, negative), negative)
        neutral = (1 - negative) * usual[:, 1] / (usual[:, 1] + usual[:, 2])
        return _drawn(np.stack([negative, neutral, 1 - negative - neutral], axis=1), self._chance)

    def tweets(self) -> Iterator[dict[str, Any]]:
        """Yield the tweets' rows."""
        chance, n = self._chance, len(self._arrived)
        first = np.searchsorted(self._mentions[0], np.arange(n))
        columns = zip(
            self._ids,
            self._times,
            chance.integers(0, max(1, n // 8), n).tolist(),
            self._retweet.tolist(),
            self._entity.tolist(),
            # A text that the label fits: nobody should see one that is wrong in a picture.
            self._answers[TASKS[0]][first].tolist(),
            chance.integers(0, len(_TEXTS[0]), n).tolist(),
            self._batch.tolist(),
            (self._in_crisis(self._arrived) & (self._entity == self._crisis)).tolist(),
            strict=True,
        )
        for number, (id_, at, author, retweet, entity, label, text, batch, crisis) in enumerate(
            columns
        ):
            said = _RECALL if crisis and not label else _TEXTS[label]
            words = said[text].format(self._names[entity] or "the train")
            yield {
                "id": id_,
                "received_at": at,
                "created_at": at,
                "topic": "tweets/en",
                "author": f"{author:032x}",
                "lang": "en",
                "is_retweet": retweet,
                "text": f"RT @user: {words}" if retweet else f"{words} ({number})",
                "batch_id": batch,
            }

    def _answered(self) -> dict[str, Ints]:
        """Draw each task's labels [labels]: the truth as the shipped model mistakes it."""
        # What is felt is half of the time what the reputation gains or loses, else nothing.
        felt = np.where(self._chance.random(len(self._truth)) < 0.5, self._truth, 1)
        answers = {}
        for task, truth in zip(TASKS, (self._truth, felt), strict=True):
            confusion = np.array(self.model.calibration[task]["confusion"], np.float64)
            shares = confusion / confusion.sum(axis=1, keepdims=True)
            answers[task] = _drawn(shares[truth], self._chance)
        return answers

    def labels(self, model_id: int) -> Iterator[dict[str, Any]]:
        """Yield the labels' rows."""
        tweet, entity = self._mentions
        answers = {
            task: (label.tolist(), self._probabilities(label).tolist())
            for task, label in self._answers.items()
        }
        for number, (of, about) in enumerate(zip(tweet.tolist(), entity.tolist(), strict=True)):
            row: dict[str, Any] = {"tweet_id": self._ids[of], "entity": self._names[about]}
            for task, (label, probabilities) in answers.items():
                row[task] = POLARITIES[label[number]]
                for polarity, p in zip(POLARITIES, probabilities[number], strict=True):
                    row[f"{task}_{polarity}"] = p
                row[f"{task}_abstained"] = 0
            yield row | {"model_id": model_id, "batch_id": int(self._batch[of])}

    def _probabilities(self, label: Ints) -> Floats:
        """Draw probabilities whose largest is the label's [labels, 3]."""
        n = len(label)
        largest = 0.5 + 0.5 * self._chance.beta(3, 1.5, n)
        split = self._chance.random(n)
        probabilities = np.empty((n, 3))
        rows = np.arange(n)
        probabilities[rows, label] = largest
        probabilities[rows, (label + 1) % 3] = (1 - largest) * split
        probabilities[rows, (label + 2) % 3] = (1 - largest) * (1 - split)
        return probabilities.round(5)

    def dead_letters(self) -> Iterator[dict[str, Any]]:
        """Yield messages that no tweet could be made of, each in a batch with tweets."""
        for number, near in enumerate(self._dead.tolist()):
            reason, detail, payload = _REASONS[number % len(_REASONS)]
            yield {
                "digest": f"{number:032x}",
                "received_at": self._times[near],
                "topic": "tweets/en",
                "reason": reason,
                "detail": detail,
                "size": len(payload),
                "payload": payload,
                "batch_id": int(self._batch[near]),
            }

    def batches(self, model_id: int) -> Iterator[dict[str, Any]]:
        """Yield the batches' rows."""
        number, first, tweets = np.unique(self._batch, return_index=True, return_counts=True)
        count = len(number) + 1
        labels = np.bincount(self._batch[self._mentions[0]], minlength=count)
        rejected = np.bincount(self._batch[self._dead], minlength=count)
        took = self._chance.gamma(4, 0.25, (len(number), 2)).round(3).tolist()
        for id_, begin, size in zip(number.tolist(), first.tolist(), tweets.tolist(), strict=True):
            full = size == BatchSettings().max_tweets
            classify, store = took[id_ - 1]
            yield {
                "id": id_,
                "started_at": self._times[begin],
                "clock_synchronised": 1,
                "model_id": model_id,
                "received": size + int(rejected[id_]),
                "tweets": size,
                "labels": int(labels[id_]),
                "duplicates": 0,
                "rejected": int(rejected[id_]),
                "collect_ms": 1000.0 if full else float(BatchSettings().max_delay_ms),
                "classify_ms": round(size * classify, 3),
                "store_ms": round(store + 0.02 * size, 3),
            }

    def minutes(self) -> Iterator[dict[str, Any]]:
        """Yield the throughput, a row a minute."""
        if not self._history.tweets:
            return
        chance = self._chance
        edges = np.arange(self.since, self.until, _MINUTE_S)
        counts = np.histogram(self._arrived, [*edges, self.until])[0]
        rejected = np.histogram(self._arrived[self._dead], [*edges, self.until])[0]
        longest = BatchSettings().max_delay_ms
        warm = 48 + 5 * np.sin(2 * np.pi * edges / _DAY_S) + chance.normal(0, 0.5, len(edges))
        dropped = np.cumsum(chance.random(len(edges)) < 1e-4)
        rows = zip(edges, counts, rejected, warm, dropped, chance.random(len(edges)), strict=True)
        for at, labelled, refused, celsius, lost, luck in rows:
            some = bool(labelled)
            p50 = round(longest * (1 - 0.3 * luck), 3)
            yield Minute(
                started_at=utc(float(at)),
                seconds=_MINUTE_S,
                received=int(labelled + refused),
                labelled=int(labelled),
                duplicates=0,
                rejected=int(refused),
                tweets_per_s=round(int(labelled) / _MINUTE_S, 2),
                latency_p50_ms=p50 if some else None,
                latency_p95_ms=round(longest + 20 * luck, 3) if some else None,
                latency_p99_ms=round(longest + 50 * luck, 3) if some else None,
                latency_max_ms=round(longest + 90 * luck, 3) if some else None,
                queue_depth=int(min(labelled, 1 + 8 * luck)),
                rss_mib=round(101 + float(luck), 1),
                cpu_celsius=round(float(celsius), 1),
                clock_synchronised=True,
                broker_dropped=int(lost),
            ).row()


def _batches(arrived: Floats) -> Ints:
    """Number the batches that tweets come in, from 1, as the inbox would make them [tweets]."""
    settings = BatchSettings()
    numbers, number, size, closes = [], 0, 0, -np.inf
    for at in arrived.tolist():
        if at > closes or size == settings.max_tweets:
            number, size, closes = number + 1, 0, at + settings.max_delay_ms / 1000
        size += 1
        numbers.append(number)
    return np.array(numbers, np.int64)


def _drawn(shares: Floats, chance: np.random.Generator) -> Ints:
    """Draw a class for each row of shares [rows, 3]."""
    below = chance.random(len(shares))[:, None] > np.cumsum(shares, axis=1)
    result: Ints = below[:, :-1].sum(axis=1)
    return result


if __name__ == "__main__":
    main()
