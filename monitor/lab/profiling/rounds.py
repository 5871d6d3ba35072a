"""Several models measured in turn, in rounds, so that a disturbance hits all of them alike."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from monitor.lab.profiling.measure import CallTimer

Shape: TypeAlias = tuple[int, int]
"""Tweets a call, and tokens each."""

SECONDS: Final = 0.03
"""That a model is asked for at one shape in one round; longer if three calls take longer."""


@dataclass(frozen=True)
class Measured:
    """A model at one shape: ``median`` and ``p95`` of a call in seconds.

    ``spread`` is how far the rounds' medians lie apart, their interquartile range as a share of
    the median.
    """

    median: float
    p95: float
    spread: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> Measured:
        """Sum up the times of each round's calls, in seconds."""
        medians = [float(np.median(times)) for times in rounds]
        low, middle, high = np.quantile(medians, (0.25, 0.5, 0.75))
        p95 = np.quantile(list(itertools.chain.from_iterable(rounds)), 0.95)
        return cls(float(middle), float(p95), float((high - low) / middle))


def measure_in_rounds(
    models: Mapping[str, Callable[[], bytes]],
    runtime: str,
    shapes: Sequence[Shape],
    rounds: int,
    *,
    vocabulary: int,
    tell: Callable[[], None] = lambda: None,
) -> dict[str, dict[Shape, Measured]]:
    """Return what a call of each model takes at each shape.

    Args:
        models: by name, what gives their FlatBuffers. Each is loaded anew in each round: where in
            memory it comes to lie is part of the disturbance, and one at a time needs the least.
        runtime: a key of `monitor.inference.interpreter.RUNTIMES`, or "auto".
        shapes: at which to measure.
        rounds: how often each model is measured; each round has an order of its own.
        vocabulary: rows of the smallest word table.
        tell: called after each model in each round.

    Raises:
        ModelError: the runtime is missing or refuses a model.
    """
    times: dict[str, dict[Shape, list[list[float]]]] = {
        name: {shape: [] for shape in shapes} for name in models
    }
    for i in range(rounds):
        names = list(models)
        random.Random(i).shuffle(names)  # noqa: S311  (an order, no secret)
        for name in names:
            meter = CallTimer(models[name](), runtime, vocabulary)
            for shape in shapes:
                times[name][shape].append(meter.times(*shape, seconds=SECONDS))
            tell()
    return {
        name: {shape: Measured.of(each) for shape, each in by_shape.items()}
        for name, by_shape in times.items()
    }
