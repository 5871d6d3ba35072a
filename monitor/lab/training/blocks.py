"""The blocks that `monitor profile` measures: small whole networks, converted as an export is.

    python -m monitor.lab.training.blocks monitor/lab/profiling/blocks.zip

What one layer, one feed-forward network, one more feature costs shows in how these differ
(`lab.profiling.predictor`). Cut out and measured alone, such a part would have another cost:
its weights would stay in the cache, and the runtime would fuse it otherwise.

To be run anew when `graph` changes what it makes; profiles taken before are then refused.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from monitor.lab.card import write_file
from monitor.lab.profiling.blocks import Block, packed
from monitor.lab.profiling.size import LABELS, weight_bytes
from monitor.lab.structure import QUANTIZATIONS, Structure
from monitor.lab.training.fold import Array, Folded, Layer, Linear
from monitor.lab.training.graph import flatbuffer
from monitor.lab.training.variants import Variant

LAYERS: Final = (1,) * 14 + (2,) * 10 + (3,) * 8 + (4,) * 4 + (6,) * 2 + (8, 12)
"""Of each block. Few deep ones, for these cost a board most time: enough that some have more
weights than a cache holds."""

LARGEST: Final = (8_000_000, 10_000_000)
"""Between which bytes the largest block's weights are: more than most caches hold, and not more
than a board has memory and patience for."""

HEAD_WIDTHS: Final = (32, 64)
"""Features of one attention head."""

VOCABULARY: Final = 256
"""Words; how many there are costs space, not time."""

POSITIONS: Final = 64


def structures() -> list[Structure]:
    """Return the blocks' structures: every width spread evenly over its range, in random pairs.

    A Latin hypercube: each of the 40 has its own place in the range of each width, so that no two
    widths grow together and the least and the largest are there. Of all such it is the first that
    has the `LARGEST` block right.
    """
    designs = (design(random.Random(seed)) for seed in count())  # noqa: S311  (no secret)
    low, high = LARGEST
    return next(each for each in designs if low <= max(map(weight_bytes, each)) <= high)


def design(choose: random.Random) -> list[Structure]:
    """Return one Latin hypercube of structures."""

    def spread(low: int, high: int, step: int) -> list[int]:
        places = np.linspace(low / step, high / step, len(LAYERS))
        values = [round(place) * step for place in places]
        choose.shuffle(values)
        return values

    widths = zip(
        LAYERS,
        spread(96, 512, 32),
        spread(64, 192, 32),
        spread(64, 1024, 64),
        spread(1, 6, 1),
        spread(64, 128, 32),
        spread(0, len(HEAD_WIDTHS) - 1, 1),
        strict=True,
    )
    return [
        Structure(
            layers=layers,
            hidden=hidden,
            bottleneck=bottleneck,
            # 64 does not divide 96 and 160; there it is 32.
            heads=bottleneck // (HEAD_WIDTHS[wide] if bottleneck % HEAD_WIDTHS[wide] == 0 else 32),
            intermediate=intermediate,
            stacks=stacks,
            embedding=embedding,
            vocabulary=VOCABULARY,
            positions=POSITIONS,
        )
        for layers, hidden, bottleneck, intermediate, stacks, embedding, wide in widths
    ]


def network(structure: Structure) -> Folded:
    """Return a network of ``structure`` whose weights compress well: its time is any other's.

    Each matrix repeats a tile of its own, so that the converter merges no two of them.
    """
    s = structure
    seeds = count()

    def table(rows: int, columns: int) -> Array:
        tile = np.random.default_rng(next(seeds)).integers(-127, 128, 32) / 127
        return np.resize(tile, (rows, columns))

    def linear(inputs: int, outputs: int) -> Linear:
        # The file keeps [outputs, inputs]. Small enough that no activation ever overflows.
        weight = table(outputs, inputs).T / (4 * inputs**0.5)
        return Linear(weight, np.full(outputs, 0.001 * next(seeds)))

    layers = [
        Layer(
            entry=linear(s.hidden, 3 * s.bottleneck),
            query_key=linear(s.bottleneck, 2 * s.bottleneck),
            context=linear(s.bottleneck, s.bottleneck),
            feed_forward=tuple(
                (linear(s.bottleneck, s.intermediate), linear(s.intermediate, s.bottleneck))
                for _ in range(s.stacks)
            ),
            exit=linear(s.bottleneck, s.hidden),
        )
        for _ in range(s.layers)
    ]
    return Folded(
        attention_heads=s.heads,
        words=table(s.vocabulary, s.embedding),
        positions=table(s.positions, s.hidden),
        types=table(2, s.hidden),
        projection=linear(3 * s.embedding, s.hidden),
        layers=tuple(layers),
        heads=linear(s.hidden, LABELS),
    )


def build() -> Iterator[tuple[Block, bytes]]:
    """Convert every block in every quantization, saying on standard error how far it is."""
    for i, structure in enumerate(structures()):
        folded = network(structure)
        variants: tuple[Variant, ...] = QUANTIZATIONS
        for variant in variants:
            sys.stderr.write(f"block {i + 1} of {len(LAYERS)}, {variant}: {structure}\n")
            yield (
                Block(f"{variant}-{i:02}", replace(structure, quantization=variant)),
                flatbuffer(folded, variant),
            )


def main() -> None:
    """Write the archive that the command line names."""
    (path,) = map(Path, sys.argv[1:])
    print(write_file(path, packed(build())))  # noqa: T201


if __name__ == "__main__":
    main()
