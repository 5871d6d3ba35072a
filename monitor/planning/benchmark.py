"""``monitor bench``: what this board does, from text to label."""

from __future__ import annotations

import os
import platform
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Final

import click
import numpy as np

from monitor.console import counted, strict_json
from monitor.inference import Classifier, Model, package_of
from monitor.inference.classifier import GROUP_SIZE
from monitor.inference.fitting import advice
from monitor.store.throughput import LatencyHistogram, resident_mib
from monitor.verdict import Pair

_BATCHES: Final = (1, GROUP_SIZE, 64)
_LENGTHS: Final = (12, 25, 45)
"""Tokens of text: short, mean and 99th percentile of tweets."""
_MEAN_LENGTH: Final = _LENGTHS[1]

_TEXT: Final = (
    "the service at this shop is good but they were late with my order again and nobody said sorry"
)
"""Each word is one token, so that a text of n words has n tokens."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table."""

    workers: int
    batch: int
    tokens: int
    tweets_per_s: float
    latency_p50_ms: float
    latency_p99_ms: float


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """What was measured, and on what."""

    machine: str
    python: str
    runtime: str
    model: str
    model_mib: float
    resident_mib: float | None
    measurements: Sequence[Measurement]

    def json(self) -> str:
        """For programs."""
        return strict_json(asdict(self), indent=2)

    def table(self) -> str:
        """For people."""
        lines = [
            (
                f"{self.model} ({self.model_mib:.1f} MiB) on {self.runtime}, {self.machine},"
                f" Python {self.python}"
                + (f"; resident {self.resident_mib} MiB" if self.resident_mib else "")
            ),
            "",
            "workers  batch  tokens  tweets/s   p50 ms   p99 ms",
        ]
        lines += [
            f"{m.workers:>7} {m.batch:>6} {m.tokens:>7} {m.tweets_per_s:>9,.0f}"
            f" {m.latency_p50_ms:>8.2f} {m.latency_p99_ms:>8.2f}"
            for m in self.measurements
        ]
        most = max(m.tweets_per_s for m in self.measurements if m.tokens == _MEAN_LENGTH)
        better = advice(self.model, most)
        return "\n".join([*lines, *([] if better is None else ["", better])])


def measure(model: Model, runtime: str, workers: int, seconds: float) -> BenchmarkReport:
    """Measure every batch size, length and number of workers.

    Args:
        model: which to measure.
        runtime: as ``[model] runtime``.
        workers: the largest number of workers; 0 for one a core. One worker is measured too.
        seconds: spent on each combination.
    """
    with Classifier(model, workers, runtime) as all_workers:
        counts = sorted({1, all_workers.workers})
        measurements: list[Measurement] = []
        cases = [(w, b, n) for w in counts for b in _BATCHES for n in _LENGTHS]
        with click.progressbar(cases, label="measuring", file=sys.stderr) as bar:
            for count, batch, tokens in bar:
                with Classifier(model, count, runtime) as classifier:
                    measurements.append(_measure(classifier, batch, tokens, seconds))
        return BenchmarkReport(
            machine=f"{platform.machine()}, {counted(len(os.sched_getaffinity(0)), 'core')}",
            python=platform.python_version(),
            runtime=f"{all_workers.runtime} {version(package_of(all_workers.runtime))}",
            model=model.name,
            model_mib=(len(model.flatbuffer) + len(model.tokenizer.encode())) / 2**20,
            resident_mib=resident_mib(),
            measurements=measurements,
        )


def rate(classifier: Classifier) -> float:
    """Return the tweets of mean length that a classifier labels a second, after a fifth of one."""
    return _measure(classifier, GROUP_SIZE, _MEAN_LENGTH, seconds=0.2).tweets_per_s


def _measure(classifier: Classifier, batch: int, tokens: int, seconds: float) -> Measurement:
    """Keep every worker busy for a while; latency is that of a batch, from text to label."""
    choose = random.Random(tokens)  # noqa: S311  (texts, not secrets)
    words = _TEXT.split()
    texts: list[Pair] = [
        (" ".join(choose.choice(words) for _ in range(tokens)), None) for _ in range(batch)
    ]
    for _ in range(2 * classifier.workers):  # warm up
        classifier.classify(texts)
    histogram = LatencyHistogram()
    done = 0
    started = time.monotonic()
    running = [(time.monotonic(), classifier.submit(texts)) for _ in range(classifier.workers)]
    while running:
        submitted, future = running.pop(0)
        future.result()
        now = time.monotonic()
        histogram.add(np.array([1000 * (now - submitted)]))
        done += batch
        if now - started < seconds:
            running.append((now, classifier.submit(texts)))
    elapsed = time.monotonic() - started
    return Measurement(
        workers=classifier.workers,
        batch=batch,
        tokens=tokens,
        tweets_per_s=round(done / elapsed, 1),
        latency_p50_ms=histogram.percentile(50) or 0.0,
        latency_p99_ms=histogram.percentile(99) or 0.0,
    )
