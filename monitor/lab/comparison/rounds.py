"""Files raced against each other: in rounds, each in a process of its own, on one thread.

All once, then all again, so that a machine that is slow for a while is slow for all. What counts
is how long one took beside another in the same round: the median of these ratios.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from tqdm import tqdm

from monitor.lab.comparison.tokens import Tokens
from monitor.lab.comparison.workers import CannotMeasureError, Workers

Shape: TypeAlias = tuple[int, int]
"""Tweets asked together, and the tokens of each."""

SHAPES: Final[tuple[Shape, ...]] = ((1, 40), (8, 32))
"""A long tweet alone, and the daemon's group of typical ones."""


@dataclass(frozen=True)
class Racer:
    """Who races: a file for each shape, ``engine`` a key of `worker.ENGINES`.

    Told against the first entry of its ``group``. ``problem`` says why there is no file.
    """

    name: str
    weights: str
    engine: str
    files: Mapping[Shape, Path]
    group: str = ""
    problem: str | None = None

    @property
    def size(self) -> int | None:
        """Bytes of the file."""
        return next((file.stat().st_size for file in self.files.values()), None)


@dataclass(frozen=True)
class Times:
    """An entry at one shape: by round, milliseconds a tweet, and those beside its group's first.

    ``busy`` is the least processor time a second of wall time: much less than 1 says that
    something else wanted the core.
    """

    ms: Sequence[float]
    ratios: Sequence[float]
    busy: float

    @property
    def median_ms(self) -> float:
        """Milliseconds a tweet."""
        return statistics.median(self.ms)

    @property
    def ratio(self) -> float:
        """How many times as long as the group's first it takes."""
        return statistics.median(self.ratios)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between which half of the rounds' ratios are."""
        low, high = np.quantile(self.ratios, (0.25, 0.75))
        return float(low), float(high)


@dataclass(frozen=True)
class RaceResult:
    """An entry and what it did; ``runtime`` with its version. No ``times`` if it has failed."""

    entry: Racer
    size: int | None
    """Bytes of the file, which may be gone."""
    runtime: str
    times: Mapping[Shape, Times]
    problem: str | None


def questions(shape: Shape, vocabulary: int) -> Tokens:
    """Return random tweets of ``shape``, always the same; the last fifth is the entity's name."""
    batch, length = shape
    random = np.random.default_rng(0)
    ids = random.integers(1, vocabulary, (4 * batch, length)).astype(np.int32)
    types = np.zeros_like(ids)
    types[:, -(length // 5) :] = 1
    return Tokens(ids, types)


def race(
    entries: Sequence[Racer],
    vocabulary: int,
    folder: Path,
    tflite_python: Path,
    rounds: int,
    seconds: float,
    workers: Workers,
) -> list[RaceResult]:
    """Measure all ``entries`` in ``rounds``, ``seconds`` for each of their shapes.

    Tokens are below ``vocabulary``, and written into ``folder``. ``tflite_python`` is the Python
    that has tflite-runtime. One that fails once is left out from then on.
    """
    asked = {
        shape: questions(shape, vocabulary).save(folder / f"ids-{shape[0]}x{shape[1]}.npz")
        for shape in SHAPES
    }
    runtimes = [entry.engine for entry in entries]
    problems = [entry.problem for entry in entries]
    measured: list[dict[Shape, list[dict[str, Any]]]] = [
        {shape: [] for shape in SHAPES} for _ in entries
    ]
    turns = [(i, shape) for _ in range(rounds) for shape in SHAPES for i in range(len(entries))]
    with tqdm(turns, desc="measuring", unit="row") as progress:
        for i, shape in progress:
            entry = entries[i]
            progress.set_postfix_str(f"{entry.name}, {entry.weights}, {entry.engine}")
            if problems[i] is not None:
                continue
            job = {
                "engine": entry.engine,
                "model": str(entry.files[shape]),
                "ids": str(asked[shape]),
                "batches": [shape[0]],
                "seconds": seconds,
            }
            python = tflite_python if entry.engine == "tflite-runtime" else None
            try:
                result = workers.ask(job, python)
            except CannotMeasureError as error:
                problems[i] = str(error)
            else:
                runtimes[i] = result["runtime"]
                measured[i][shape] += result["speed"]
    return [
        RaceResult(
            entry,
            entry.size,
            runtimes[i],
            {} if problems[i] else times(entries, measured, i),
            problems[i],
        )
        for i, entry in enumerate(entries)
    ]


def times(
    entries: Sequence[Racer], measured: Sequence[Mapping[Shape, Any]], own: int
) -> dict[Shape, Times]:
    """Return what number ``own`` of ``entries`` did at each shape.

    ``measured`` has the worker's results of each entry, by shape, in the order of the rounds. If
    the group's first has failed there are no ratios but nan.
    """
    first = next(i for i, one in enumerate(entries) if one.group == entries[own].group)
    found = {}
    for shape, results in measured[own].items():
        ms = [one["latency_ms"] / shape[0] for one in results]
        others = [one["latency_ms"] / shape[0] for one in measured[first][shape]]
        ratios = [a / b for a, b in zip(ms, others, strict=False)] or [float("nan")]
        found[shape] = Times(ms, ratios, min(one["busy"] for one in results))
    return found
