"""What a measuring process does, in this one."""

import time

import numpy as np
import pytest

from monitor.inference.classifier import GROUP_SIZE
from monitor.lab.comparison import worker
from monitor.lab.comparison.worker import Ids


def questions(rows: int, longest: int) -> tuple[Ids, Ids]:
    """Return tweets of all lengths up to the longest, whose first id tells which it is."""
    ids = np.zeros((rows, longest), np.int32)
    for row in range(rows):
        ids[row, : 1 + row % longest] = row + 1
    return ids, np.zeros_like(ids)


def test_answers_keep_the_order_of_the_tweets() -> None:
    """Sorted by length to be asked, and back; never padded further than need be."""
    asked = []

    def run(ids: Ids, types: Ids) -> dict[str, np.ndarray]:
        assert ids.shape == types.shape
        asked.append(ids)
        return {"task": np.eye(32, dtype=np.float32)[ids[:, 0]]}

    assert [*range(1, 21)] == worker.answers(run, *questions(20, 7), "task")
    assert all((ids[:, -1] != 0).any() and len(ids) <= GROUP_SIZE for ids in asked)


def test_groups_are_the_daemons() -> None:
    """A number twice, since this module must not import the daemon's tokenizer."""
    assert GROUP_SIZE == worker.GROUP


def test_speed_of_each_batch_size() -> None:
    """From small to large, warmed up, and at least one call however short the time."""
    shapes = []

    def run(ids: Ids, _types: Ids) -> dict[str, np.ndarray]:
        shapes.append(ids.shape)
        return {}

    found = worker.speed(run, *questions(3, 5), batches=(8, 1), seconds=1e-9)

    assert [1, 8] == [one["batch"] for one in found]
    assert [(1, 5)] * 3 + [(8, 5)] * 3 == shapes
    assert all(one["tweets_per_s"] > 0 and one["latency_ms"] > 0 for one in found)
    assert 10 < found[0]["peak_mb"] <= found[1]["peak_mb"]


def test_speed_counts_tweets_not_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which a call takes a tenth of a second, with the core half of that time."""
    now = 0.0

    def run(_ids: Ids, _types: Ids) -> dict[str, np.ndarray]:
        nonlocal now
        now += 0.1
        return {}

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(time, "process_time", lambda: now / 2)
    one, eight = worker.speed(run, *questions(3, 5), batches=(1, 8), seconds=0.95)

    assert [10, 80] == pytest.approx([each["tweets_per_s"] for each in (one, eight)])
    assert [100, 100] == pytest.approx([each["latency_ms"] for each in (one, eight)])
    assert 0.5 == pytest.approx(one["busy"])
