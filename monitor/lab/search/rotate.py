"""What matters most comes first: the order of features, in a network without norms.

Between linear layers a stream of features can be rotated without changing what is computed: turn
what writes to it, and turn back what reads from it. In the basis of its principal components, the
first k features hold more of the stream's energy than any other k (SliceGPT, arXiv 2401.15024,
which has to mend layer norms on the way; NoNorm folds away). Neurons behind a ReLU, and attention
heads, can only be put in order: by the energy of what they write. Neurons that hardly any tweet
wakes are left out.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor.lab.search.supernet import Supernet
from monitor.lab.training.fold import Array, Folded, Layer, Linear, parts, side_by_side

ASLEEP = 1e-4
"""Share of a stack's energy that may be left out with its neurons."""

NEURONS = 32
"""Feed-forward widths are kept in multiples of this, as the kernels like them."""

Ids = tuple[Tensor, Tensor]
"""Token ids, padded with 0, and type ids, both [batch, length]."""


def moments(network: Supernet, batches: Iterable[Ids]) -> dict[str, Array]:
    """Return the second moments [width, width] of each stream over the tokens of ``batches``.

    Of different streams by one name (the narrow stream before and after each step, the wide one
    before each layer) the sum, each weighted by the inverse of its energy. Of each stack of neurons
    only the diagonal [width], as "0.active.2".
    """
    sums: dict[str, Array] = {}
    with torch.inference_mode():
        for ids, types in batches:
            tokens = ids != 0
            seen: dict[str, int] = {}

            def watch(
                name: str, x: Tensor, tokens: Tensor = tokens, seen: dict[str, int] = seen
            ) -> None:
                number = seen[name] = seen.get(name, -1) + 1
                rows, key = x[tokens], f"{name}.{number}"
                # Neurons are not turned, so that each one's own energy is all that counts.
                found = rows.square().sum(0) if name.endswith("active") else rows.T @ rows
                sums[key] = sums.get(key, 0.0) + found.double().numpy()

            network(network.largest, ids, types, watch)
    for key in [key for key in sums if ".active." not in key]:
        name = key.rpartition(".")[0]
        sums[name] = sums.get(name, 0.0) + sums[key] / np.trace(sums[key])
    return sums


def basis(moment: Array) -> Array:
    """Return the principal components [width, width] as columns, the strongest first."""
    _, vectors = np.linalg.eigh(moment)
    return vectors[:, ::-1].copy()


def reads(layer: Linear, turn: Array) -> Linear:
    """Return the layer that reads the turned stream x @ turn as ``layer`` read x."""
    return Linear(turn.T @ layer.weight, layer.bias)


def writes(layer: Linear, turn: Array) -> Linear:
    """Return the layer that writes to the turned stream."""
    return Linear(layer.weight @ turn, layer.bias @ turn)


def features(heads: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return the indices of the features of ``heads``, which are ``width`` wide, in that order."""
    return (heads[:, None] * width + np.arange(width)).ravel()


def energies(layer: Layer, seen: dict[str, Array], place: int, number: int) -> Array:
    """Return the energy [neurons] that each neuron of stack ``number`` writes."""
    energy: Array = seen[f"{place}.active.{number}"] * np.square(
        layer.feed_forward[number][1].weight
    ).sum(axis=1)
    return energy


def awake(layers: tuple[Layer, ...], seen: dict[str, Array]) -> int:
    """Return the feed-forward width that holds all but `ASLEEP` of the energy of each stack."""
    counts = []
    for place, layer in enumerate(layers):
        for number in range(len(layer.feed_forward)):
            energy = np.sort(energies(layer, seen, place, number))[::-1].cumsum()
            counts.append(int((energy < (1 - ASLEEP) * energy[-1]).sum()) + 1)
    width = len(layers[0].feed_forward[0][0].bias)
    return min(width, max(1, -(-max(counts) // NEURONS)) * NEURONS)


def turned_layer(
    layer: Layer, heads: int, wide: Array, seen: dict[str, Array], place: int, alive: int
) -> Layer:
    """Return ``layer`` (number ``place``) with all its streams turned or put in order.

    Of the neurons of each stack the first ``alive`` are kept.
    """
    width = len(layer.context.weight)
    shared, start, value = parts(layer.entry, width, width, width)
    query, key = parts(layer.query_key, width, width)
    around, within = basis(seen[f"{place}.shared"]), basis(seen[f"{place}.narrow"])

    context = seen[f"{place}.context.0"]
    size = width // heads
    energy = [
        np.trace(
            layer.context.weight[h * size : (h + 1) * size].T
            @ context[h * size : (h + 1) * size, h * size : (h + 1) * size]
            @ layer.context.weight[h * size : (h + 1) * size]
        )
        for h in range(heads)
    ]
    order = features(np.argsort(energy)[::-1], size)

    def ordered(part: Linear) -> Linear:
        return Linear(part.weight[:, order], part.bias[order])

    feed_forward = []
    for number, (inner, outer) in enumerate(layer.feed_forward):
        neurons = np.argsort(energies(layer, seen, place, number))[::-1][:alive]
        feed_forward.append(
            (
                reads(Linear(inner.weight[:, neurons], inner.bias[neurons]), within),
                writes(Linear(outer.weight[neurons], outer.bias), within),
            )
        )
    return Layer(
        entry=side_by_side(
            reads(writes(shared, around), wide),
            reads(writes(start, within), wide),
            reads(ordered(value), wide),
        ),
        query_key=side_by_side(reads(ordered(query), around), reads(ordered(key), around)),
        context=writes(Linear(layer.context.weight[order], layer.context.bias), within),
        feed_forward=tuple(feed_forward),
        exit=writes(reads(layer.exit, within), wide),
    )


def rotate(folded: Folded, batches: Iterable[Ids]) -> Folded:
    """Return the same function with what matters most on the tweets of ``batches`` first."""
    network = Supernet(folded).eval()
    seen = moments(network, batches)
    alive = awake(folded.layers, seen)
    wide, inward = basis(seen["wide"]), basis(seen["words"])
    projection = Linear(
        np.concatenate([inward.T @ part for part in np.split(folded.projection.weight, 3)]),
        folded.projection.bias,
    )
    return replace(
        folded,
        words=folded.words @ inward,
        positions=folded.positions @ wide,
        types=folded.types @ wide,
        projection=writes(projection, wide),
        layers=tuple(
            turned_layer(layer, folded.attention_heads, wide, seen, place, alive)
            for place, layer in enumerate(folded.layers)
        ),
        heads=reads(folded.heads, wide),
    )
