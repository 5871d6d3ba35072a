"""How long one model takes for one call, in the interpreter that the daemon uses."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.inference import Interpreter
from monitor.inference.classifier import GROUP_SIZE

LARGEST: Final = (GROUP_SIZE, 64)
"""[batch, length] that memory is laid out for: the daemon's, for models of 64 tokens."""

WARM_UP: Final = 2
"""Calls at a new shape that do not count: tensors are laid out, weights come into the caches."""

QUESTIONS: Final = 8
"""Different batches that are asked in turn, so that not always the same words are looked up."""

FEWEST: Final = 3
"""Calls that are made at least, however long they take."""


@dataclass(frozen=True)
class Timing:
    """What calls took: ``median`` and ``p95`` (95th percentile) in seconds, of how many."""

    median: float
    p95: float
    calls: int

    @classmethod
    def of(cls, times: Sequence[float]) -> Timing:
        """Sum up ``times``, in seconds."""
        return cls(float(np.median(times)), float(np.quantile(times, 0.95)), len(times))


class CallTimer:
    """One loaded model that is asked about invented tweets without padding."""

    def __init__(self, flatbuffer: bytes, runtime: str = "auto", vocabulary: int = 64) -> None:
        """Load a model whose word table has ``vocabulary`` rows or more.

        Raises:
            ModelError: the runtime is missing or refuses the model.
        """
        self._run = Interpreter(flatbuffer, runtime, LARGEST)
        self._words = np.random.default_rng(0).integers(1, vocabulary, (QUESTIONS, *LARGEST))

    def times(
        self, batch: int, length: int, seconds: float = 0.0, calls: int = FEWEST
    ) -> list[float]:
        """Return what each of at least ``calls`` calls took, made for ``seconds`` or longer.

        ``batch`` tweets of ``length`` tokens each, `LARGEST` at most. In seconds.
        """
        asked = self._words[:, :batch, :length].astype(np.int32)
        questions = itertools.cycle([(ids, np.zeros_like(ids)) for ids in asked])
        for _ in range(WARM_UP):
            self._run(*next(questions))
        times: list[float] = []
        begin = end = time.perf_counter()
        while len(times) < calls or end - begin < seconds:
            question = next(questions)
            before = time.perf_counter()
            self._run(*question)
            end = time.perf_counter()
            times.append(end - before)
        return times


def measure(
    flatbuffer: bytes,
    runtime: str = "auto",
    batch: int = 1,
    length: int = 40,
    *,
    seconds: float = 1.0,
    calls: int = 100,
    vocabulary: int = 64,
) -> Timing:
    """Return what one call takes for ``batch`` tweets of ``length`` tokens.

    At least ``calls`` calls are made, for ``seconds`` or longer; ids are below ``vocabulary``.

    Raises:
        ModelError: the runtime is missing or refuses the model.
    """
    return Timing.of(
        CallTimer(flatbuffer, runtime, vocabulary).times(batch, length, seconds, calls)
    )
