"""A profile: what each block took on a board, as a JSON file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from monitor.atomic import replacing
from monitor.clock import utc
from monitor.console import strict_json
from monitor.lab.profiling.blocks import Blocks, ours
from monitor.lab.profiling.device import Device, runtime_of
from monitor.lab.profiling.rounds import Measured, Shape, measure_in_rounds
from monitor.lab.structure import Structure

FORMAT: Final = 1

SHAPES: Final[tuple[Shape, ...]] = ((1, 16), (1, 40), (1, 64), (8, 16), (8, 32), (8, 48))
"""Tweets a call and tokens each: 40 is the 95th percentile of a tweet, eight are the daemon's
group."""

BUSY: Final = 0.1
"""Spread of half the measurements above which the machine was doing something else, too."""

AGAIN: Final = "take a new one on the board: monitor profile --output FILE"

_PLAIN: Final = ("taken", "runtime", "threads", "quantization", "blocks", "rounds")
"""Fields that are in the file as they are."""


class ProfileError(Exception):
    """A profile cannot be used; the message says why, and how to take a new one."""


@dataclass(frozen=True)
class Profile:
    """What each block took. ``timings`` is by structure and shape; ``runtime`` has the version."""

    taken: str
    device: Device
    runtime: str
    threads: int
    quantization: str
    blocks: str
    rounds: int
    timings: Mapping[Structure, Mapping[Shape, Measured]]

    @property
    def spread(self) -> float:
        """How far rounds lie apart, as the median over blocks and shapes."""
        return float(
            np.median([each.spread for shapes in self.timings.values() for each in shapes.values()])
        )

    @property
    def busy(self) -> bool:
        """Whether something disturbed the measurements."""
        return self.spread > BUSY

    def check_matches(self, runtime: str, quantization: str) -> None:
        """Refuse to speak for another runtime (`device.runtime_of`) or quantization.

        Raises:
            ProfileError: it is another.
        """
        if runtime != self.runtime:
            raise ProfileError(
                f"the profile was taken with {self.runtime}, this is {runtime}; install the same"
                f" version, or {AGAIN}"
            )
        if quantization != self.quantization:
            raise ProfileError(
                f"the profile is of {self.quantization} weights, not {quantization};"
                f" {AGAIN} --quantization {quantization}"
            )

    def save(self, path: Path, blocks: Blocks | None = None) -> None:
        """Write a file that `load` reads; all of it or, if that fails, nothing.

        Raises:
            ProfileError: it cannot be written.
        """
        of_block = {block.structure: block.name for block in (blocks or ours()).all}
        table = {
            "format": FORMAT,
            **{key: getattr(self, key) for key in _PLAIN},
            "device": asdict(self.device),
            "spread": self.spread,
            "busy": self.busy,
            "timings": {
                of_block[structure]: {
                    f"{batch}x{length}": asdict(each) for (batch, length), each in shapes.items()
                }
                for structure, shapes in self.timings.items()
            },
        }
        try:
            with replacing(path) as draft:
                draft.write_text(strict_json(table, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise ProfileError(f"{path}: cannot be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path, blocks: Blocks | None = None) -> Profile:
        """Read what `save` wrote.

        Raises:
            ProfileError: it is missing, no profile, of another format, or of other blocks.
        """
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ProfileError(f"{path}: {error.strerror}; {AGAIN}") from error
        except ValueError as error:
            raise ProfileError(f"{path}: not valid JSON: {error}; {AGAIN}") from error
        if not isinstance(table, dict) or "format" not in table:
            raise ProfileError(f"{path}: no profile; {AGAIN}")
        if table["format"] != FORMAT:
            raise ProfileError(
                f"{path}: format {table['format']!r}, this version reads {FORMAT}; {AGAIN}"
            )
        try:
            return _profile(table, blocks or ours())
        except ProfileError as error:
            raise ProfileError(f"{path}: {error}; {AGAIN}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = f"the key {error} is missing" if isinstance(error, KeyError) else error
            raise ProfileError(f"{path}: no profile: {reason}; {AGAIN}") from error


def _profile(table: dict[str, Any], blocks: Blocks) -> Profile:
    """Return what a file of our format holds.

    Raises:
        ProfileError: it was taken of other blocks.
        KeyError, TypeError, ValueError, AttributeError: something is missing or of a wrong kind.
    """
    if table["blocks"] != blocks.sha256:
        raise ProfileError("taken of the blocks of another version of this program")
    structures = {block.name: block.structure for block in blocks.all}
    timings: dict[Structure, dict[Shape, Measured]] = {}
    for name, shapes in table["timings"].items():
        timings[structures[name]] = {}
        for shape, each in shapes.items():
            batch, length = map(int, shape.split("x"))
            measured = Measured(**{key: float(value) for key, value in each.items()})
            if not 0 < measured.median < float("inf"):
                raise ValueError(f"{name} took {measured.median} s")
            timings[structures[name]][batch, length] = measured
    if not timings:
        raise ValueError("no timings")
    return Profile(
        device=Device(**table["device"]),
        timings=timings,
        **{key: table[key] for key in _PLAIN},
    )


def take(
    runtime: str,
    quantization: str,
    rounds: int,
    *,
    blocks: Blocks | None = None,
    shapes: tuple[Shape, ...] = SHAPES,
    tell: Callable[[], None] = lambda: None,
) -> Profile:
    """Measure every block of ``quantization``; ``tell`` is called after each in each round.

    Raises:
        ModelError: the runtime is missing or refuses a block.
    """
    archive = blocks or ours()
    chosen = {block.name: block for block in archive.of(quantization)}
    measured = measure_in_rounds(
        {name: partial(archive.flatbuffer, block) for name, block in chosen.items()},
        runtime,
        shapes,
        rounds,
        vocabulary=min(block.structure.vocabulary for block in chosen.values()),
        tell=tell,
    )
    return Profile(
        taken=utc(time.time()),
        device=Device.this(),
        runtime=runtime_of(runtime),
        threads=1,
        quantization=quantization,
        blocks=archive.sha256,
        rounds=rounds,
        timings={chosen[name].structure: by_shape for name, by_shape in measured.items()},
    )
