"""A MobileBERT without bottlenecks as its linear layers and norms, and back.

What is exported, and what comes back from an exported file; see `plain` for the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from transformers import MobileBertModel

from monitor.lab.errors import TrainingError
from monitor.lab.training.fold import (
    HEADS,
    Array,
    Linear,
    Norm,
    ResidualStream,
    Weights,
    parts,
    scaled,
    side_by_side,
)
from monitor.lab.training.network import Network
from monitor.lab.training.plain import ACTIVATION, config_with, is_plain
from monitor.verdict import TASKS

_STEEPNESS: Final = 1.702
"""Of the sigmoid in `ACTIVATION`."""


@dataclass(frozen=True)
class PlainLayer:
    """One layer.

    ``query_key_value`` (side by side, the attention's 1 / sqrt(head width) in the query) and
    ``inner`` read the stream before gamma and beta of its norm, which are in their weights.
    ``context`` and ``outer`` add to the stream itself; their ``norm`` is that of the sum. ``inner``
    is `_STEEPNESS` times as large and ``outer`` as much smaller, so that what lies between is
    ``x * sigmoid(x)``.
    """

    query_key_value: Linear
    context: Linear
    inner: Linear
    outer: Linear


@dataclass(frozen=True)
class Plain:
    """A whole network. Tables: words, positions and types [rows, hidden].

    ``heads`` read the mean of the stream before gamma and beta of the last norm.
    """

    attention_heads: int
    epsilon: float
    words: Array
    positions: Array
    types: Array
    norm: Norm
    layers: tuple[PlainLayer, ...]
    heads: Linear


def layers_of(network: Network, positions: int) -> Plain:
    """Return the layers of a network, in float64; ``positions`` is the longest input in tokens.

    Raises:
        TrainingError: it is of another kind than `plain.begun_from` makes.
    """
    encoder: Any = network.encoder
    config = encoder.config
    wanted = {"hidden_act": ACTIVATION, "normalization_type": "layer_norm", "trigram_input": False}
    for name, value in wanted.items():
        if (found := getattr(config, name, None)) != value:
            raise TrainingError(f"cannot export: {name} is {found!r}, must be {value!r}")
    assert is_plain(network)
    weights = Weights(
        {name: value.double().numpy() for name, value in network.state_dict().items()}
    )
    tables = "encoder.embeddings"
    before = norm = weights.norm(tables)
    layers: list[PlainLayer] = []
    for i in range(config.num_hidden_layers):
        name = f"encoder.encoder.layer.{i}"
        layers.append(_layer(weights, name, config.num_attention_heads, before))
        assert layers[-1].outer.norm is not None
        before = layers[-1].outer.norm
    return Plain(
        attention_heads=config.num_attention_heads,
        # transformers builds a MobileBERT's layer norms with PyTorch's own epsilon.
        epsilon=encoder.embeddings.LayerNorm.eps,
        words=weights.state[f"{tables}.word_embeddings.weight"],
        positions=weights.state[f"{tables}.position_embeddings.weight"][:positions],
        types=weights.state[f"{tables}.token_type_embeddings.weight"],
        norm=norm,
        layers=tuple(layers),
        heads=_before(before, side_by_side(*map(weights.linear, HEADS))),
    )


def _before(norm: Norm, layer: Linear) -> Linear:
    """Return the layer that gives before gamma and beta of ``norm`` what ``layer`` gives after."""
    return ResidualStream(norm.gamma, norm.beta).read(layer)


def _after(norm: Norm, layer: Linear) -> Linear:
    """Return the layer of which `_before` has made ``layer``."""
    return ResidualStream(1 / norm.gamma, -norm.beta / norm.gamma).read(layer)


def _layer(weights: Weights, name: str, heads: int, before: Norm) -> PlainLayer:
    query = weights.linear(f"{name}.attention.self.query")
    context, outer = weights.adding(f"{name}.attention.output"), weights.adding(f"{name}.output")
    assert context.norm is not None
    all_three = side_by_side(
        scaled(query, (len(query.bias) // heads) ** -0.5),
        weights.linear(f"{name}.attention.self.key"),
        weights.linear(f"{name}.attention.self.value"),
    )
    inner = scaled(weights.linear(f"{name}.intermediate.dense"), _STEEPNESS)
    return PlainLayer(
        query_key_value=_before(before, all_three),
        context=context,
        inner=_before(context.norm, inner),
        outer=Linear(outer.weight / _STEEPNESS, outer.bias, outer.norm),
    )


def network_of(plain: Plain) -> Network:
    """Return the network that computes what ``plain`` does; it can be trained on and exported."""
    first = plain.layers[0]
    config = config_with(
        vocab_size=len(plain.words),
        hidden_size=plain.words.shape[1],
        num_hidden_layers=len(plain.layers),
        num_attention_heads=plain.attention_heads,
        intermediate_size=len(first.inner.bias),
        max_position_embeddings=len(plain.positions),
        layer_norm_eps=plain.epsilon,
    )
    network = Network(MobileBertModel(config, add_pooling_layer=False), config.hidden_size)
    state = network.state_dict()
    for name, array in _state(plain):
        state[name] = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    network.load_state_dict(state)
    return network.eval()


def _state(plain: Plain) -> Iterator[tuple[str, Array]]:
    """Yield the parameters by transformers' names: the inverse of `layers_of`."""
    tables = "encoder.embeddings"
    yield f"{tables}.word_embeddings.weight", plain.words
    yield f"{tables}.position_embeddings.weight", plain.positions
    yield f"{tables}.token_type_embeddings.weight", plain.types
    yield from _norm(tables, plain.norm)
    width = plain.words.shape[1]
    widening = (width // plain.attention_heads) ** 0.5
    before = plain.norm
    for i, layer in enumerate(plain.layers):
        name = f"encoder.encoder.layer.{i}"
        assert layer.context.norm is not None
        assert layer.outer.norm is not None
        all_three = _after(before, layer.query_key_value)
        query, key, value = parts(all_three, width, width, width)
        yield from _linear(f"{name}.attention.self.query", scaled(query, widening))
        yield from _linear(f"{name}.attention.self.key", key)
        yield from _linear(f"{name}.attention.self.value", value)
        yield from _linear(f"{name}.attention.output.dense", layer.context)
        yield from _norm(f"{name}.attention.output", layer.context.norm)
        inner = _after(layer.context.norm, layer.inner)
        yield from _linear(f"{name}.intermediate.dense", scaled(inner, 1 / _STEEPNESS))
        outer = Linear(layer.outer.weight * _STEEPNESS, layer.outer.bias)
        yield from _linear(f"{name}.output.dense", outer)
        yield from _norm(f"{name}.output", layer.outer.norm)
        before = layer.outer.norm
    size = len(plain.heads.bias) // len(TASKS)
    heads = parts(_after(before, plain.heads), *[size] * len(TASKS))
    for name, head in zip(HEADS, heads, strict=True):
        yield from _linear(name, head)


def _linear(name: str, layer: Linear) -> Iterator[tuple[str, Array]]:
    yield f"{name}.weight", layer.weight.T
    yield f"{name}.bias", layer.bias


def _norm(name: str, norm: Norm) -> Iterator[tuple[str, Array]]:
    yield f"{name}.LayerNorm.weight", norm.gamma
    yield f"{name}.LayerNorm.bias", norm.beta
