"""What a structure will take on the board that was profiled, and how large it will be.

A call costs so much by itself, so much for each layer, each feed-forward network, each head, each
multiplication, each number that a linear layer writes. How much, says the profile: at each of its
shapes, the costs (none of them negative) that explain the blocks' times best. Weights cost
more when they are too many to stay in a cache; which one holds how many is found the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.lab.profiling import size
from monitor.lab.profiling.nonnegative import nonnegative
from monitor.lab.profiling.profile import Profile
from monitor.lab.profiling.rounds import Measured, Shape
from monitor.lab.structure import Structure

CACHES: Final = (0.5e6, 1e6, 2e6, 4e6)
"""Weights above which the next level of the memory may be needed; beyond twice as many, for all."""

MEASURED_RANGES: Final = ("hidden", "bottleneck", "heads", "intermediate", "stacks", "embedding")
"""What must lie between the least and the largest block. Layers repeat, so more may be asked."""

PROMISED: Final[Shape] = (1, 40)
"""The call whose 95th percentile is promised: one tweet, as long as the 95th percentile of them."""


class UnmeasuredError(Exception):
    """The profile says nothing about such a structure or shape; the message says why."""


def counts(structure: Structure) -> NDArray[np.float64]:
    """Return how often each thing occurs, a token, that costs time; see the module."""
    s = structure
    dense = [
        (1, 3 * s.embedding, s.hidden),
        (s.layers, s.hidden, 3 * s.bottleneck),
        (s.layers, s.bottleneck, 2 * s.bottleneck),
        (s.layers, s.bottleneck, s.bottleneck),
        (s.layers * s.stacks, s.bottleneck, s.intermediate),
        (s.layers * s.stacks, s.intermediate, s.bottleneck),
        (s.layers, s.bottleneck, s.hidden),
    ]
    weights = sum(times * inputs * outputs for times, inputs, outputs in dense)
    return np.array(
        [
            1,
            s.layers,
            s.layers * s.stacks,
            s.layers * s.heads,
            s.layers * s.bottleneck,
            s.embedding,
            s.hidden,
            weights,
            sum(times * outputs for times, _, outputs in dense),
            *(weights * min(max(weights / cache - 1, 0), 1) for cache in CACHES),
        ],
        dtype=np.float64,
    )


def costs_of(timings: Mapping[Structure, Measured]) -> NDArray[np.float64]:
    """Return what each of `counts` costs in seconds, with the least relative errors squared."""
    rows = np.stack([counts(s) / each.median for s, each in timings.items()])
    scale = np.abs(rows).max(axis=0)
    costs: NDArray[np.float64] = nonnegative(rows / scale, np.ones(len(rows))) / scale
    return costs


class Predictor:
    """Latency and size of any structure whose widths lie between those of the blocks."""

    def __init__(self, profile: Profile) -> None:
        """Find the costs that explain ``profile``."""
        self.profile = profile
        shapes = list(next(iter(profile.timings.values())))
        self._timings = {
            shape: {s: by_shape[shape] for s, by_shape in profile.timings.items()}
            for shape in shapes
        }
        self._costs = {shape: costs_of(timings) for shape, timings in self._timings.items()}
        tails = [each.p95 / each.median for each in self._timings[PROMISED].values()]
        self._tail = float(np.median(tails))

    def latency(self, structure: Structure, batch: int = 1, length: int = 40) -> float:
        """Return the median seconds of a call for ``batch`` tweets of ``length`` tokens.

        Between the shapes of the profile it is linear in both.

        Raises:
            UnmeasuredError: the structure or the shape is outside of what was measured.
        """
        self._check(structure)
        batches = sorted({each for each, _ in self._costs})
        if not batches[0] <= batch <= batches[-1]:
            raise UnmeasuredError(
                f"{batch} tweets a call: measured were {batches[0]} to {batches[-1]}"
            )
        around = [max(b for b in batches if b <= batch), min(b for b in batches if b >= batch)]
        seconds = [self._at(counts(structure), each, length) for each in around]
        return float(np.interp(batch, around, seconds))

    def _at(self, amounts: NDArray[np.float64], batch: int, length: int) -> float:
        """Return the seconds of a call at a measured batch."""
        lengths = sorted(each for b, each in self._costs if b == batch)
        if not lengths[0] <= length <= lengths[-1]:
            raise UnmeasuredError(
                f"{length} tokens: measured were {lengths[0]} to {lengths[-1]} with {batch} tweets"
                " a call"
            )
        seconds = [float(amounts @ self._costs[batch, each]) for each in lengths]
        return float(np.interp(length, lengths, seconds))

    def p95(self, structure: Structure) -> float:
        """Return the 95th percentile, in seconds, of a call at the `PROMISED` shape.

        It is as much above the median as the blocks' is.

        Raises:
            UnmeasuredError: the structure is outside of what was measured.
        """
        return self.latency(structure, *PROMISED) * self._tail

    def size(self, structure: Structure) -> int:
        """Return the bytes of model.tflite and tokenizer.json together."""
        return size.size(structure)

    def left_out(self, shape: Shape = PROMISED) -> float:
        """Return the mean relative error for blocks predicted from all the others."""
        timings = self._timings[shape]
        errors = []
        for structure, measured in timings.items():
            others = {s: each for s, each in timings.items() if s != structure}
            predicted = float(counts(structure) @ costs_of(others))
            errors.append(abs(predicted / measured.median - 1))
        return float(np.mean(errors))

    def _check(self, structure: Structure) -> None:
        if structure.quantization != self.profile.quantization:
            raise UnmeasuredError(
                f"the profile is of {self.profile.quantization} weights,"
                f" not {structure.quantization}"
            )
        for name in MEASURED_RANGES:
            values = [getattr(each, name) for each in self.profile.timings]
            if not min(values) <= (value := getattr(structure, name)) <= max(values):
                raise UnmeasuredError(
                    f"{name} {value}: the blocks have {min(values)} to {max(values)}"
                )
