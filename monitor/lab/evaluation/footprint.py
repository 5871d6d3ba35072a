"""What a model costs a board: space on disk, time a tweet, memory."""

import platform
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from tqdm import tqdm

from monitor.inference import Classifier, Model, package_of
from monitor.verdict import Pair

BERT_LARGE_BYTES = 335_141_888 * 4
"""BERT-large (uncased) in fp32: 24 layers, 1,024 wide (Devlin et al. 2019, arXiv 1810.04805).

The parameters of google-bert/bert-large-uncased without its pretraining heads, four bytes each:
1.34 GB, as its checkpoint on the Hugging Face hub has.
"""

FILES = ("model.tflite", "tokenizer.json", "model.toml")
"""What the daemon reads of a model's folder."""

SINGLE = 500
"""Tweets classified one at a time, at most."""


@dataclass(frozen=True)
class ClassifierSpeed:
    """How fast the classifier was, from text to labels.

    ``tweets_per_s`` is the rate of all workers on all files, ``latency_ms`` the percentiles (50,
    95, 99) of ``single`` tweets one at a time, in milliseconds, ``peak_mib`` the most memory that
    the process has had resident until then.
    """

    tweets_per_s: float
    latency_ms: dict[int, float]
    single: int
    peak_mib: float
    workers: int
    runtime: str
    machine: str


def sizes(model: Model) -> dict[str, int]:
    """Return the bytes of each file in the model's folder that the daemon reads."""
    return {name: (model.folder / name).stat().st_size for name in FILES}


def latencies(classifier: Classifier, pairs: Sequence[Pair], most: int = SINGLE) -> list[float]:
    """Classify up to ``most`` of ``pairs`` one at a time; return the milliseconds of each.

    Those chosen are evenly spread, so that every file has its share.
    """
    chosen = np.linspace(0, len(pairs) - 1, min(most, len(pairs))).round().astype(int)
    found = []
    for i in tqdm(chosen, desc="one at a time", unit="tweet"):
        start = time.perf_counter()
        classifier.classify([pairs[i]])
        found.append(1000 * (time.perf_counter() - start))
    return found


def peak_mib() -> float:
    """Return the most memory this process has had resident, in MiB (getrusage(2), Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed(classifier: Classifier, pairs: Sequence[Pair], seconds: float) -> ClassifierSpeed:
    """Measure what is left to measure once all ``pairs`` have taken ``seconds`` together."""
    single = latencies(classifier, pairs)
    return ClassifierSpeed(
        tweets_per_s=len(pairs) / seconds,
        latency_ms={p: float(np.percentile(single, p)) for p in (50, 95, 99)},
        single=len(single),
        peak_mib=peak_mib(),
        workers=classifier.workers,
        runtime=f"{classifier.runtime} {version(package_of(classifier.runtime))}",
        machine=platform.machine(),
    )
