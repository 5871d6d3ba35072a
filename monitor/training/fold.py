"""A trained MobileBERT -> the same function without NoNorm, as numpy arrays.

NoNorm is ``gamma * h + beta`` (arXiv 2004.02984, section 3.3). Along a residual stream

    h' = gamma * (h + f(h)) + beta

write h = G * x + B with a running scale G and shift B. Then x' = x + f(G * x + B) / G with
G' = gamma * G and B' = gamma * B + beta is the same stream: the scales and shifts go into the
linear layers that read from the stream and write to it. In float64 this is exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.model import TASKS
from monitor.training.errors import TrainingError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """``y = x @ weight + bias``; weight [inputs, outputs], bias [outputs]."""

    weight: Array
    bias: Array


@dataclass(frozen=True)
class Layer:
    """One MobileBERT layer: four kinds of linear layer and what lies between is all it is.

    ``entry`` reads the wide stream and gives, side by side, the input of query and key, the start
    of the narrow stream, and the values. ``query_key`` gives query (with the attention's
    1 / sqrt(head width) in it) and key side by side. ``context`` adds the attention's result to
    the narrow stream, each of ``feed_forward`` (inner, outer) adds relu(x @ inner) @ outer to it,
    and ``exit`` adds the narrow stream to the wide one.
    """

    entry: Linear
    query_key: Linear
    context: Linear
    feed_forward: tuple[tuple[Linear, Linear], ...]
    exit: Linear


@dataclass(frozen=True)
class Folded:
    """A whole network. Tables: words [words, embedding], positions and types [rows, hidden].

    ``projection`` reads next, own and previous word embedding side by side; ``heads`` reads the
    mean of the wide stream and gives the logits of `TASKS` side by side.
    """

    attention_heads: int
    words: Array
    positions: Array
    types: Array
    projection: Linear
    layers: tuple[Layer, ...]
    heads: Linear


@dataclass(frozen=True)
class Stream:
    """A residual stream h = scale * x + shift, of which only x is computed."""

    scale: Array
    shift: Array

    def read(self, layer: Linear) -> Linear:
        """Return the layer that gives from x what ``layer`` gives from h."""
        return Linear(self.scale[:, None] * layer.weight, layer.bias + self.shift @ layer.weight)

    def write(self, layer: Linear) -> Linear:
        """Return the layer whose output added to x is ``layer``'s added to h."""
        return Linear(layer.weight / self.scale, layer.bias / self.scale)

    def norm(self, gamma: Array, beta: Array) -> "Stream":
        """Return the stream after NoNorm.

        Raises:
            TrainingError: a gamma is (nearly) zero, so that later layers could not add to x.
        """
        scale = gamma * self.scale
        if np.abs(scale).min() < 1e-6:
            raise TrainingError("cannot fold: a NoNorm weight is zero (was this network trained?)")
        return Stream(scale, gamma * self.shift + beta)


class Weights:
    """The state of a `network.Network` around a MobileBertModel, by transformers' names."""

    def __init__(self, state: Mapping[str, Array]) -> None:
        """Take float64 arrays by parameter name."""
        self.state = state

    def linear(self, name: str) -> Linear:
        """Return a linear layer; PyTorch keeps [outputs, inputs]."""
        return Linear(self.state[f"{name}.weight"].T, self.state[f"{name}.bias"])

    def norm(self, name: str) -> tuple[Array, Array]:
        """Return gamma and beta of a NoNorm."""
        return self.state[f"{name}.LayerNorm.weight"], self.state[f"{name}.LayerNorm.bias"]


def normed(layer: Linear, gamma: Array, beta: Array) -> Linear:
    """Return ``layer`` with the NoNorm that follows it."""
    return Linear(layer.weight * gamma, layer.bias * gamma + beta)


def side_by_side(*layers: Linear) -> Linear:
    """Return one layer that gives the outputs of ``layers``, which read the same input."""
    return Linear(
        np.concatenate([layer.weight for layer in layers], axis=1),
        np.concatenate([layer.bias for layer in layers]),
    )


def fold_layer(
    weights: Weights, name: str, stacks: int, heads: int, wide: Stream
) -> tuple[Layer, Stream]:
    """Return one layer and the wide stream after it."""
    shared = normed(
        weights.linear(f"{name}.bottleneck.attention.dense"),
        *weights.norm(f"{name}.bottleneck.attention"),
    )
    start = normed(
        weights.linear(f"{name}.bottleneck.input.dense"),
        *weights.norm(f"{name}.bottleneck.input"),
    )
    value = weights.linear(f"{name}.attention.self.value")
    query = weights.linear(f"{name}.attention.self.query")
    key = weights.linear(f"{name}.attention.self.key")
    width = len(query.bias)
    scaling = (width // heads) ** -0.5
    query = Linear(query.weight * scaling, query.bias * scaling)

    narrow = Stream(np.ones(width), np.zeros(width))
    context = narrow.write(weights.linear(f"{name}.attention.output.dense"))
    narrow = narrow.norm(*weights.norm(f"{name}.attention.output"))

    feed_forward = []
    for inner, outer in [
        *((f"{name}.ffn.{i}.intermediate", f"{name}.ffn.{i}.output") for i in range(stacks - 1)),
        (f"{name}.intermediate", f"{name}.output"),
    ]:
        feed_forward.append(
            (
                narrow.read(weights.linear(f"{inner}.dense")),
                narrow.write(weights.linear(f"{outer}.dense")),
            )
        )
        narrow = narrow.norm(*weights.norm(outer))

    layer = Layer(
        entry=wide.read(side_by_side(shared, start, value)),
        query_key=side_by_side(query, key),
        context=context,
        feed_forward=tuple(feed_forward),
        exit=wide.write(narrow.read(weights.linear(f"{name}.output.bottleneck.dense"))),
    )
    return layer, wide.norm(*weights.norm(f"{name}.output.bottleneck"))


def fold(
    state: Mapping[str, Array], *, layers: int, stacks: int, attention_heads: int, positions: int
) -> Folded:
    """Fold the float64 ``state`` of a network around a MobileBertModel.

    ``positions`` is the longest input, in tokens, that the result takes.

    Raises:
        TrainingError: a NoNorm weight is zero.
    """
    weights = Weights(state)
    gamma, beta = weights.norm("encoder.embeddings")
    projection = normed(weights.linear("encoder.embeddings.embedding_transformation"), gamma, beta)
    hidden = len(gamma)
    wide = Stream(np.ones(hidden), np.zeros(hidden))
    folded = []
    for i in range(layers):
        layer, wide = fold_layer(
            weights, f"encoder.encoder.layer.{i}", stacks, attention_heads, wide
        )
        folded.append(layer)
    return Folded(
        attention_heads=attention_heads,
        words=state["encoder.embeddings.word_embeddings.weight"],
        positions=state["encoder.embeddings.position_embeddings.weight"][:positions] * gamma,
        types=state["encoder.embeddings.token_type_embeddings.weight"] * gamma,
        projection=projection,
        layers=tuple(folded),
        heads=wide.read(side_by_side(*(weights.linear(f"heads.{task}") for task in TASKS))),
    )
