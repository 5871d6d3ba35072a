"""The file of a MobileBERT without bottlenecks -> the layers in it.

As `restore` does for one with bottlenecks: what comes back is what the daemon computes with.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from monitor.lab.training.fold import Array, Linear, Norm
from monitor.lab.training.operations import Operation
from monitor.lab.training.plain_layers import Plain, PlainLayer

_LAYERS: Final = 4
"""Linear layers a layer: query, key and value; context; inner; outer."""


def is_plain(found: Sequence[Operation]) -> bool:
    """Whether these are the operations of a file with layer norm."""
    return any(operation.kind == "RSQRT" for operation in found)


def plain_of(found: Sequence[Operation]) -> Plain:
    """Return the network in the operations of a file that `monitor export` has written.

    Raises:
        ArithmeticError, IndexError, ValueError: the file is of another kind.
    """
    words, places = [o.constants[0] for o in found if o.kind == "GATHER"]
    width = words.shape[1]

    def vectors(kind: str) -> list[Array]:
        return [
            o.constants[0]
            for o in found
            if o.kind == kind and o.constants and o.constants[0].shape == (width,)
        ]

    kinds, *gammas = vectors("MUL")
    betas = vectors("ADD")
    first, *norms = [Norm(*both) for both in zip(gammas, betas, strict=True)]
    norms.append(Norm(np.ones(width), np.zeros(width)))  # the last one is in the heads
    # The small ones among the fully-connected layers are the means of the layer norms.
    *linear, heads = [
        Linear(o.constants[0].T, o.constants[1])
        for o in found
        if o.kind == "FULLY_CONNECTED" and len(o.constants[0]) > 1
    ]
    # The epsilon is the bias of the mean of squares.
    epsilon, *_ = [
        float(o.constants[1][0])
        for o in found
        if o.kind == "FULLY_CONNECTED" and len(o.constants[0]) == 1 and len(o.constants) > 1
    ]
    head_width = next(o.width for o in found if o.kind == "BATCH_MATMUL")
    layers = [linear[i : i + _LAYERS] for i in range(0, len(linear), _LAYERS)]
    return Plain(
        attention_heads=width // head_width,
        epsilon=epsilon,
        words=words,
        positions=places,
        types=np.stack([np.zeros_like(kinds), kinds]),
        norm=first,
        layers=tuple(
            PlainLayer(
                query_key_value=each,
                context=Linear(context.weight, context.bias, before),
                inner=inner,
                outer=Linear(outer.weight, outer.bias, after),
            )
            for (each, context, inner, outer), before, after in zip(
                layers, norms[::2], norms[1::2], strict=True
            )
        ),
        heads=heads,
    )
