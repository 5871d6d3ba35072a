"""Invented boards: what a profile says, without measuring."""

from __future__ import annotations

from collections.abc import Callable

from monitor.lab.profiling.blocks import ours
from monitor.lab.profiling.device import Device
from monitor.lab.profiling.profile import SHAPES, Profile
from monitor.lab.profiling.rounds import Measured, Shape
from monitor.lab.profiling.size import weight_bytes
from monitor.lab.structure import Structure

Speed = Callable[[Structure, Shape], float]
"""Seconds a call of a structure takes at a shape."""


def plain(structure: Structure, shape: Shape) -> float:
    """Return the seconds of a board that does one thing only: multiply."""
    batch, length = shape
    each = structure
    layer = 4 * each.hidden * each.bottleneck + 3 * each.bottleneck**2
    layer += 2 * each.stacks * each.bottleneck * each.intermediate
    weights = 3 * each.embedding * each.hidden + each.layers * layer
    return 20e-6 + 1e-11 * batch * length * weights


def profile_of(speed: Speed = plain, *, spread: float = 0.01, tail: float = 1.2) -> Profile:
    """Return the profile of a board of this ``speed``; its p95 is ``tail`` medians."""
    blocks = ours()
    return Profile(
        taken="2026-01-02T03:04:05.678Z",
        device=Device("riscv64", "Invented One", 4, 2**30),
        runtime="ai-edge-litert 1.2.3",
        threads=1,
        quantization="int8",
        blocks=blocks.sha256,
        rounds=3,
        timings={
            block.structure: {
                shape: Measured(
                    speed(block.structure, shape), tail * speed(block.structure, shape), spread
                )
                for shape in SHAPES
            }
            for block in blocks.of("int8")
        },
    )


def smallest(quantization: str = "int8") -> bytes:
    """Return the FlatBuffer of the smallest block."""
    block = min(ours().of(quantization), key=lambda each: weight_bytes(each.structure))
    return ours().flatbuffer(block)
