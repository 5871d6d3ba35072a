"""A trained MobileBERT -> its linear layers, and the same function without NoNorm.

NoNorm is ``gamma * h + beta`` (arXiv 2004.02984, section 3.3). Along a residual stream

    h' = gamma * (h + f(h)) + beta

write h = G * x + B with a running scale G and shift B. Then x' = x + f(G * x + B) / G with
G' = gamma * G and B' = gamma * B + beta is the same stream: the scales and shifts go into the
linear layers that read from the stream and write to it. In float64 this is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.lab.errors import TrainingError
from monitor.verdict import TASKS

Array = NDArray[np.float64]

HEADS: Final = tuple(f"heads.{task}" for task in TASKS)
"""What reads the encoder, by name."""


@dataclass(frozen=True)
class Norm:
    """NoNorm: ``y = gamma * x + beta``, both [width]."""

    gamma: Array
    beta: Array


@dataclass(frozen=True)
class Linear:
    """``y = x @ weight + bias``; weight [inputs, outputs], bias [outputs].

    ``norm`` is that of the stream to which y is added, until it is folded. A norm that directly
    follows a linear layer is none of them: it is part of that layer from the start.
    """

    weight: Array
    bias: Array
    norm: Norm | None = None


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
class ResidualStream:
    """A residual stream h = scale * x + shift, of which only x is computed."""

    scale: Array
    shift: Array

    @classmethod
    def plain(cls, width: int) -> "ResidualStream":
        """Return the stream that is what is computed."""
        return cls(np.ones(width), np.zeros(width))

    def read(self, layer: Linear) -> Linear:
        """Return the layer that gives from x what ``layer`` gives from h."""
        return Linear(self.scale[:, None] * layer.weight, layer.bias + self.shift @ layer.weight)

    def write(self, layer: Linear) -> Linear:
        """Return the layer whose output added to x is ``layer``'s added to h."""
        return Linear(layer.weight / self.scale, layer.bias / self.scale)

    def after(self, layer: Linear) -> "ResidualStream":
        """Return the stream after the norm of ``layer``, which has added to it.

        Raises:
            TrainingError: a gamma is (nearly) zero, so that later layers could not add to x.
        """
        assert layer.norm is not None
        scale = layer.norm.gamma * self.scale
        if np.abs(scale).min() < 1e-6:
            raise TrainingError("cannot fold: a NoNorm weight is zero (was this network trained?)")
        return ResidualStream(scale, layer.norm.gamma * self.shift + layer.norm.beta)


class Weights:
    """The state of a network, by transformers' names."""

    def __init__(self, state: Mapping[str, Array]) -> None:
        """Take float64 arrays by parameter name."""
        self.state = state

    def linear(self, name: str) -> Linear:
        """Return a linear layer; PyTorch keeps [outputs, inputs]."""
        return Linear(self.state[f"{name}.weight"].T, self.state[f"{name}.bias"])

    def norm(self, name: str) -> Norm:
        """Return gamma and beta of a norm."""
        return Norm(self.state[f"{name}.LayerNorm.weight"], self.state[f"{name}.LayerNorm.bias"])

    def normed(self, name: str) -> Linear:
        """Return a linear layer with the NoNorm that directly follows it folded in."""
        return normed(self.linear(f"{name}.dense"), self.norm(name))

    def adding(self, name: str) -> Linear:
        """Return a linear layer that adds to a stream, with the norm of the sum."""
        return replace(self.linear(f"{name}.dense"), norm=self.norm(name))


def normed(layer: Linear, norm: Norm) -> Linear:
    """Return ``layer`` with the NoNorm that follows it."""
    return Linear(layer.weight * norm.gamma, layer.bias * norm.gamma + norm.beta)


def side_by_side(*layers: Linear) -> Linear:
    """Return one layer that gives the outputs of ``layers``, which read the same input."""
    return Linear(
        np.concatenate([layer.weight for layer in layers], axis=1),
        np.concatenate([layer.bias for layer in layers]),
    )


def parts(layer: Linear, *widths: int) -> list[Linear]:
    """Return the layers that `side_by_side` has made one of."""
    cuts = np.cumsum(widths)[:-1]
    weights, biases = np.split(layer.weight, cuts, axis=1), np.split(layer.bias, cuts)
    return [Linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def scaled(layer: Linear, factor: float) -> Linear:
    """Return ``layer`` with its output times ``factor``."""
    return Linear(layer.weight * factor, layer.bias * factor)


def read_layer(weights: Weights, name: str, stacks: int, heads: int) -> Layer:
    """Return the layer ``name`` with its norms."""
    query = weights.linear(f"{name}.attention.self.query")
    ends = [
        *((f"{name}.ffn.{i}.intermediate", f"{name}.ffn.{i}.output") for i in range(stacks - 1)),
        (f"{name}.intermediate", f"{name}.output"),
    ]
    return Layer(
        entry=side_by_side(
            weights.normed(f"{name}.bottleneck.attention"),
            weights.normed(f"{name}.bottleneck.input"),
            weights.linear(f"{name}.attention.self.value"),
        ),
        query_key=side_by_side(
            scaled(query, (len(query.bias) // heads) ** -0.5),
            weights.linear(f"{name}.attention.self.key"),
        ),
        context=weights.adding(f"{name}.attention.output"),
        feed_forward=tuple(
            (weights.linear(f"{inner}.dense"), weights.adding(outer)) for inner, outer in ends
        ),
        exit=weights.adding(f"{name}.output.bottleneck"),
    )


def read(
    state: Mapping[str, Array],
    *,
    layers: int,
    stacks: int,
    attention_heads: int,
    positions: int,
    encoder: str = "encoder",
    heads: Sequence[str] = HEADS,
) -> Folded:
    """Return the network in the float64 ``state``, with its norms.

    ``encoder`` and ``heads`` are the names of a MobileBertModel in it and of the linear layers
    that read what it gives. ``positions`` is the longest input, in tokens, that the result takes.
    """
    weights = Weights(state)
    tables = f"{encoder}.embeddings"
    return Folded(
        attention_heads=attention_heads,
        words=state[f"{tables}.word_embeddings.weight"],
        positions=state[f"{tables}.position_embeddings.weight"][:positions],
        types=state[f"{tables}.token_type_embeddings.weight"],
        projection=replace(
            weights.linear(f"{tables}.embedding_transformation"), norm=weights.norm(tables)
        ),
        layers=tuple(
            read_layer(weights, f"{encoder}.encoder.layer.{i}", stacks, attention_heads)
            for i in range(layers)
        ),
        heads=side_by_side(*map(weights.linear, heads)),
    )


def fold_layer(layer: Layer, wide: ResidualStream) -> tuple[Layer, ResidualStream]:
    """Return ``layer`` without norms, and the wide stream after it."""
    narrow = ResidualStream.plain(len(layer.context.bias))
    context = narrow.write(layer.context)
    narrow = narrow.after(layer.context)
    feed_forward = []
    for inner, outer in layer.feed_forward:
        feed_forward.append((narrow.read(inner), narrow.write(outer)))
        narrow = narrow.after(outer)
    folded = replace(
        layer,
        entry=wide.read(layer.entry),
        context=context,
        feed_forward=tuple(feed_forward),
        exit=wide.write(narrow.read(layer.exit)),
    )
    return folded, wide.after(layer.exit)


def fold(network: Folded) -> Folded:
    """Return ``network`` without norms; it may have none.

    Raises:
        TrainingError: a NoNorm weight is zero.
    """
    norm = network.projection.norm
    if norm is None:
        return network
    wide = ResidualStream.plain(len(norm.gamma))
    folded = []
    for layer in network.layers:
        one, wide = fold_layer(layer, wide)
        folded.append(one)
    return replace(
        network,
        positions=network.positions * norm.gamma,
        types=network.types * norm.gamma,
        projection=normed(network.projection, norm),
        layers=tuple(folded),
        heads=wide.read(network.heads),
    )
