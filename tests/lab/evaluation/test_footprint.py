"""Size, time and memory."""

import numpy as np
import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Classifier, Model
from monitor.lab.evaluation.footprint import BERT_LARGE_BYTES, latencies, peak_mib, sizes
from monitor.verdict import Pair, Verdict


class Recorder(Classifier):
    """Notes what it is asked; needs no model."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def classify(self, pairs: list[Pair]) -> list[Verdict]:  # type: ignore[override]
        """Note the texts."""
        self.asked += [text for text, _ in pairs]
        return []


@pytest.mark.parametrize(("tweets", "most"), [(1, 500), (7, 500), (1000, 50)])
def test_single_tweets_are_spread_evenly(tweets: int, most: int) -> None:
    """Each is asked alone and once, first and last among them."""
    recorder = Recorder()
    found = latencies(recorder, [(str(i), None) for i in range(tweets)], most)
    asked = [int(text) for text in recorder.asked]

    assert min(tweets, most) == len(found) == len(set(asked))
    assert (0, tweets - 1) == (asked[0], asked[-1]) or tweets == 1
    assert all(milliseconds >= 0 for milliseconds in found)
    assert np.ptp(np.diff(asked)) <= 1 if tweets > 1 else True


def test_sizes_are_those_on_disk() -> None:
    """The shipped model with its tokenizer is a fraction of BERT-large."""
    model = Model.load(DEFAULT_MODEL)
    found = sizes(model)

    assert len(model.flatbuffer) == found["model.tflite"]
    assert len(model.tokenizer.encode()) == found["tokenizer.json"]
    assert sum(found.values()) < BERT_LARGE_BYTES / 50


def test_peak_memory_is_that_of_a_python_with_numpy() -> None:
    """In MiB, not KiB or bytes."""
    assert 20 < peak_mib() < 100_000
