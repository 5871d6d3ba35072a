"""Counters of what the process has done since it started."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.store.rows import DeadLetter, Labelled, Stored
from monitor.tweets import NO_ENTITY, OTHERS

MOST_ENTITIES: Final = 100
"""Shown by name, beside those that are configured; each costs some twenty time series."""

LATENCY_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 10, 30, 60, 300)
"""Around the 2.5 s that a tweet may wait for others, and to what a backlog costs."""
STAGE_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Histogram:
    """Counts of durations in fixed buckets."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        """Count nothing yet.

        Args:
            bounds_s: the buckets' upper bounds, in seconds; a last one without bound comes along.
        """
        self.bounds_s = tuple(bounds_s)
        self.counts: NDArray[np.int64] = np.zeros(len(bounds_s) + 1, np.int64)
        self.sum_s = 0.0

    def add(self, seconds: NDArray[np.float64]) -> None:
        """Count durations, any shape."""
        bucket = np.searchsorted(self.bounds_s, seconds.ravel(), side="left")
        self.counts += np.bincount(bucket, minlength=len(self.counts))
        self.sum_s += float(seconds.sum())

    def copy(self) -> Histogram:
        """Return one that changes no more."""
        other = Histogram(self.bounds_s)
        other.counts, other.sum_s = self.counts.copy(), self.sum_s
        return other


@dataclass(frozen=True, slots=True)
class Serving:
    """What runs at present, and whom to ask how it does."""

    model: str
    model_version: str
    runtime: str
    task: str
    """The task (`monitor.verdict.TASKS`) whose answer is taken as the label."""
    database: Path
    queue_depth: Callable[[], int]
    """Messages that wait to be labelled."""
    connected: Callable[[], bool]
    """Whether the broker has us subscribed."""
    configured: Collection[str] = ()
    """Entities that are always shown by name."""
    entities: Callable[[], Collection[str]] = tuple
    """All that labels are stored under by name, of which only so many are shown."""


@dataclass(slots=True)
class Reading:
    """The counts at a moment."""

    received: int = 0
    labelled: int = 0
    other_language: int = 0
    """Of the labelled those that have no label, for the model does not read their language."""
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Optional fields of messages that were not what they should be, by name."""
    labels: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    """By entity, polarity, and whether the tweet repeats another's."""
    latency: Histogram = field(default_factory=lambda: Histogram(LATENCY_S))
    """Arrival to COMMIT, of messages."""
    stages: dict[str, Histogram] = field(default_factory=dict)
    """Durations of the batches' stages."""
    last_commit: float | None = None
    """Seconds since the epoch."""
    write_failures: int = 0
    read_failures: int = 0
    reloads: Counter[bool] = field(default_factory=Counter)
    """By whether the configuration was taken over."""
    broker_dropped: int | None = None
    """Messages that the broker says it has dropped since its own start."""


class Measurements:
    """Counts for the life of the process: a reload goes on with them.

    A hook of the store. The threads of writer and broker count, the main one on a reload;
    anybody may read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Reading()
        self._written: Counter[tuple[str, str, bool]] = Counter()
        self._names: set[str] = set()
        self.serving: Serving | None = None

    def write(self, _connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Count labels that have just been inserted, once they are committed."""
        task = self.serving.task if self.serving else "reputation"
        self._written = Counter(
            (label.entity, label.verdict[task].label, label.tweet.is_retweet) for label in fresh
        )

    def committed(self) -> None:
        """Take what was written last for granted."""
        with self._lock:
            for (entity, polarity, is_retweet), count in self._written.items():
                self._counts.labels[self._name(entity), polarity, is_retweet] += count

    def _name(self, entity: str) -> str:
        """Return what an entity is counted as: of those not configured the first have names."""
        if not entity:
            return NO_ENTITY
        if entity in self._names or entity == OTHERS:
            return entity
        if self.serving and entity in self.serving.configured:
            return entity
        if len(self._names) >= MOST_ENTITIES:
            return OTHERS
        self._names.add(entity)
        return entity

    def count(
        self,
        *,
        received: int,
        stored: Stored,
        dead_letters: Sequence[DeadLetter],
        latencies_s: NDArray[np.float64],
        stages_s: Mapping[str, float],
        committed_at: float,
        left_out: Counter[str] | None = None,
    ) -> None:
        """Count a committed batch.

        Args:
            received: messages in it.
            stored: what was new in the log.
            dead_letters: messages that could not be labelled.
            latencies_s: arrival to COMMIT [received].
            stages_s: stage to what the batch spent there.
            committed_at: seconds since the epoch.
            left_out: optional fields of messages that were left out, by name.
        """
        with self._lock:
            counts = self._counts
            counts.received += received
            counts.labelled += stored.tweets
            counts.other_language += stored.other_language
            counts.duplicates += received - stored.tweets - len(dead_letters)
            counts.rejected.update(letter.reason for letter in dead_letters)
            counts.left_out.update(left_out or ())
            counts.latency.add(latencies_s)
            for stage, seconds in stages_s.items():
                histogram = counts.stages.setdefault(stage, Histogram(STAGE_S))
                histogram.add(np.array([seconds]))
            counts.last_commit = committed_at

    def note_dropped(self, total: int) -> None:
        """Keep what the broker says it has dropped since its own start."""
        with self._lock:
            self._counts.broker_dropped = total

    def note_write_failure(self) -> None:
        """Count an attempt to write the log that failed and will be made again."""
        with self._lock:
            self._counts.write_failures += 1

    def note_read_failure(self) -> None:
        """Count a reader of these figures that could not ask the log."""
        with self._lock:
            self._counts.read_failures += 1

    def note_reload(self, *, taken_over: bool) -> None:
        """Count a reload."""
        with self._lock:
            self._counts.reloads[taken_over] += 1

    def read(self) -> Reading:
        """Return the counts as they are now; what comes later does not change them."""
        with self._lock:
            counts = self._counts
            return Reading(
                received=counts.received,
                labelled=counts.labelled,
                other_language=counts.other_language,
                duplicates=counts.duplicates,
                rejected=counts.rejected.copy(),
                left_out=counts.left_out.copy(),
                labels=counts.labels.copy(),
                latency=counts.latency.copy(),
                stages={stage: h.copy() for stage, h in counts.stages.items()},
                last_commit=counts.last_commit,
                write_failures=counts.write_failures,
                read_failures=counts.read_failures,
                reloads=counts.reloads.copy(),
                broker_dropped=counts.broker_dropped,
            )
