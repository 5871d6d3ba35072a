"""What the process counts of itself, whoever reads it and when."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.measurements import (
    LATENCY_S,
    MOST_ENTITIES,
    STAGE_S,
    Histogram,
    Measurements,
    Serving,
)
from monitor.store import Store
from monitor.store.rows import Stored
from monitor.tweets import NO_ENTITY, OTHERS
from tests.factories import NOW, batch_row, dead_letter, register, tweet_row, verdict

DURATIONS = st.lists(
    st.one_of(st.floats(0, 1000), st.sampled_from((*LATENCY_S, *STAGE_S))), max_size=50
)


@given(lots=st.lists(DURATIONS, max_size=4), bounds=st.sampled_from([LATENCY_S, STAGE_S]))
def test_buckets_hold_what_is_up_to_their_bound(
    lots: list[list[float]], bounds: tuple[float, ...]
) -> None:
    """In whatever lots durations come: `le` is "less or equal", and nothing gets lost."""
    histogram = Histogram(bounds)
    for lot in lots:
        histogram.add(np.array(lot))
    every = [duration for lot in lots for duration in lot]

    expected = [sum(duration <= bound for duration in every) for bound in (*bounds, np.inf)]
    assert expected == histogram.counts.cumsum().tolist()
    assert sum(every) == pytest.approx(histogram.sum_s)


def _count(measurements: Measurements, labelled: int = 2) -> None:
    measurements.count(
        received=5,
        stored=Stored(labelled, labelled, 1),
        dead_letters=[dead_letter("1", "empty"), dead_letter("2", "bad-json")],
        latencies_s=np.full(5, 0.2),
        stages_s={"collect": 0.1, "classify": 0.02, "store": 0.003},
        committed_at=NOW,
    )


def test_batches_add_up() -> None:
    """What was neither labelled nor rejected was known already."""
    measurements = Measurements()
    for labelled in (2, 0):
        _count(measurements, labelled)
    reading = measurements.read()

    assert (10, 2, 4) == (reading.received, reading.labelled, reading.duplicates)
    assert {"empty": 2, "bad-json": 2} == reading.rejected
    assert 10 == reading.latency.counts.sum()
    assert {"collect": 2, "classify": 2, "store": 2} == {
        stage: histogram.counts.sum() for stage, histogram in reading.stages.items()
    }
    assert NOW == reading.last_commit


def test_a_reading_changes_no_more() -> None:
    """Who reads takes his time, and meanwhile the writer goes on."""
    measurements = Measurements()
    _count(measurements)
    measurements.note_reload(taken_over=True)
    reading = measurements.read()
    _count(measurements)
    measurements.note_reload(taken_over=True)
    measurements.note_write_failure()
    measurements.note_dropped(7)

    assert (5, 2, 5) == (reading.received, reading.rejected.total(), reading.latency.counts.sum())
    assert 1 == reading.stages["store"].counts.sum()
    assert ({True: 1}, 0, None) == (reading.reloads, reading.write_failures, reading.broker_dropped)


class _Failing:
    """A hook that comes after, and has the transaction fail so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def write(self, _connection: sqlite3.Connection, _fresh: object) -> None:
        """Fail."""
        self.times -= 1
        if self.times >= 0:
            raise sqlite3.OperationalError("disk I/O error")

    def committed(self) -> None:
        """Nothing is kept."""


def test_labels_are_counted_once_committed(tmp_path: Path) -> None:
    """A transaction that fails counts for nothing, one that is tried again for once."""
    measurements = Measurements()
    with closing(Store(tmp_path / "monitor.db", [measurements, _Failing(2)])) as store:
        register(store)
        tweets = [tweet_row("1", "Acme", "Lumen", answer=verdict("negative")), tweet_row("2")]
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError):
                store.write(batch_row(2), tweets, [])
            assert {} == measurements.read().labels
        store.write(batch_row(2), tweets, [])
        store.write(batch_row(2), tweets, [])  # known by now

    assert {
        ("Acme", "negative", False): 1,
        ("Lumen", "negative", False): 1,
        (NO_ENTITY, "positive", False): 1,
    } == measurements.read().labels


def test_the_task_says_which_label(tmp_path: Path) -> None:
    """Labels are counted as the daemon's task has them."""
    measurements = Measurements()
    measurements.serving = Serving(
        "m", "1", "litert", "sentiment", tmp_path / "monitor.db", lambda: 0, lambda: True
    )
    with closing(Store(tmp_path / "monitor.db", [measurements])) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", "Acme", answer=verdict("positive"))], [])

    assert {("Acme", "negative", False): 1} == measurements.read().labels


def test_entities_are_bounded(tmp_path: Path) -> None:
    """Messages may name any number of entities; those beyond a hundred share a name."""
    measurements = Measurements()
    names = [f"entity {number}" for number in range(MOST_ENTITIES + 50)]
    with closing(Store(tmp_path / "monitor.db", [measurements])) as store:
        register(store)
        for round_ in range(2):
            store.write(batch_row(1), [tweet_row(f"{round_}", *names)], [])
    labels = measurements.read().labels

    assert MOST_ENTITIES + 1 == len(labels)
    assert 100 == labels[OTHERS, "positive", False]
    assert 2 == labels["entity 0", "positive", False]


def test_who_is_configured_is_counted_by_name(tmp_path: Path) -> None:
    """Whoever came before; and what the log calls the others are among the others."""
    measurements = Measurements()
    path = tmp_path / "monitor.db"
    measurements.serving = Serving(
        *("m", "1", "litert", "reputation", path, lambda: 0, lambda: True), configured=("Acme",)
    )
    names = [OTHERS, *(f"entity {number}" for number in range(MOST_ENTITIES + 1)), "Acme"]
    with closing(Store(path, [measurements])) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", *names)], [])
    labels = measurements.read().labels

    assert MOST_ENTITIES + 2 == len(labels)
    assert [2, 1] == [labels[name, "positive", False] for name in (OTHERS, "Acme")]
