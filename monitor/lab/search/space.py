"""Which structures are searched among."""

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from monitor.lab.profiling.blocks import ours
from monitor.lab.structure import Structure


@dataclass(frozen=True)
class Space:
    """The choices for each dimension of a `Structure`, smallest first.

    Heads are as wide as those of the largest structure, so that the bottleneck gives their number.
    """

    layers: tuple[int, ...]
    hidden: tuple[int, ...]
    bottleneck: tuple[int, ...]
    intermediate: tuple[int, ...]
    stacks: tuple[int, ...]
    embedding: tuple[int, ...]
    vocabulary: tuple[int, ...]

    def structure(self, largest: Structure, choice: dict[str, Any]) -> Structure:
        """Return the structure of one ``choice`` (dimension -> value)."""
        width = largest.bottleneck // largest.heads
        return replace(largest, **choice, heads=choice["bottleneck"] // width)

    def choices(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield each dimension with its values."""
        yield from ((field.name, getattr(self, field.name)) for field in fields(self))

    def ends(self, largest: Structure) -> tuple[Structure, Structure]:
        """Return the smallest and the largest structure of the space."""
        return (
            self.structure(largest, {name: values[0] for name, values in self.choices()}),
            self.structure(largest, {name: values[-1] for name, values in self.choices()}),
        )

    def draw(self, largest: Structure, chance: random.Random) -> Structure:
        """Return a structure at random, each dimension by itself."""
        return self.structure(
            largest, {name: chance.choice(values) for name, values in self.choices()}
        )

    def size(self) -> int:
        """Return how many structures there are."""
        count = 1
        for _, values in self.choices():
            count *= len(values)
        return count

    def record(self) -> dict[str, Any]:
        """Return the choices as JSON has them."""
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Space":
        """Return the space that `record` has described."""
        return cls(**{name: tuple(values) for name, values in record.items()})

    @classmethod
    def within(cls, largest: Structure) -> "Space":
        """Return the space below ``largest``: fractions of each width, in steps kernels like.

        None is below what `monitor profile` measures.
        """
        blocks = [block.structure for block in ours().all]

        def share(name: str, *parts: float, step: int = 32) -> tuple[int, ...]:
            whole = getattr(largest, name)
            least = min(getattr(each, name) for each in blocks)
            fewest = math.ceil(least / step)
            found = {max(fewest, round(part * whole / step)) * step for part in parts}
            return tuple(sorted({min(whole, size) for size in found}))

        width = largest.bottleneck // largest.heads
        return cls(
            layers=tuple(range(min(2, largest.layers), largest.layers + 1)),
            hidden=share("hidden", 0.25, 1 / 3, 0.42, 0.5, 2 / 3),
            bottleneck=share("bottleneck", 0.5, 0.75, 1, step=width),
            intermediate=share("intermediate", 0.25, 0.5, 0.75, 1),
            stacks=tuple(range(1, largest.stacks + 1)),
            embedding=share("embedding", 0.5, 0.75, 1),
            vocabulary=tuple(
                sorted({round(part * largest.vocabulary) for part in (0.3, 0.6, 1.0)})
            ),
        )
