"""A MobileBERT without bottlenecks as a TensorFlow graph, and that as a FlatBuffer.

See `plain` for what such a network is, `graph` for the one with bottlenecks; what both have is
taken from there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from monitor.training.errors import TrainingError
from monitor.training.fold import (
    HEADS,
    Array,
    Linear,
    Norm,
    Weights,
    parts,
    scaled,
    side_by_side,
)
from monitor.training.graph import (
    HIDDEN_AWAY,
    HIDDEN_AWAY_IN_INT8,
    Tensor,
    apply,
    apply_each,
    attend,
    constant,
    convert,
    hidden_from,
    mean_over,
)
from monitor.training.network import Network
from monitor.training.plain import ACTIVATION, is_plain
from monitor.training.tensorflow import tf
from monitor.training.variants import Ids, Variant
from monitor.verdict import TASKS

_STEEPNESS: Final = 1.702
"""Of the sigmoid in `ACTIVATION`."""


@dataclass(frozen=True)
class Layer:
    """One layer: ``norm`` of each linear layer that adds to the stream is that of the sum.

    ``query_key_value`` gives the three side by side, the attention's 1 / sqrt(head width) in the
    query. ``inner`` is `_STEEPNESS` times as large and ``outer`` as much smaller, so that what lies
    between is ``x * sigmoid(x)``.
    """

    query_key_value: Linear
    context: Linear
    inner: Linear
    outer: Linear


@dataclass(frozen=True)
class Plain:
    """A whole network. Tables: words, positions and types [rows, hidden].

    ``epsilons`` keep a norm from dividing by nothing: that after the embedding, and all others.
    """

    attention_heads: int
    epsilons: tuple[float, float]
    words: Array
    positions: Array
    types: Array
    norm: Norm
    layers: tuple[Layer, ...]
    heads: Linear


def read(network: Network, positions: int) -> Plain:
    """Return the weights of a network, in float64; ``positions`` is the longest input in tokens.

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
    heads = config.num_attention_heads
    return Plain(
        attention_heads=heads,
        # transformers builds the first norm with PyTorch's own epsilon.
        epsilons=(encoder.embeddings.LayerNorm.eps, config.layer_norm_eps),
        words=weights.state[f"{tables}.word_embeddings.weight"],
        positions=weights.state[f"{tables}.position_embeddings.weight"][:positions],
        types=weights.state[f"{tables}.token_type_embeddings.weight"],
        norm=weights.norm(tables),
        layers=tuple(
            _layer(weights, f"encoder.encoder.layer.{i}", heads)
            for i in range(config.num_hidden_layers)
        ),
        heads=side_by_side(*map(weights.linear, HEADS)),
    )


def _layer(weights: Weights, name: str, heads: int) -> Layer:
    query = weights.linear(f"{name}.attention.self.query")
    outer = weights.adding(f"{name}.output")
    return Layer(
        query_key_value=side_by_side(
            scaled(query, (len(query.bias) // heads) ** -0.5),
            weights.linear(f"{name}.attention.self.key"),
            weights.linear(f"{name}.attention.self.value"),
        ),
        context=weights.adding(f"{name}.attention.output"),
        inner=scaled(weights.linear(f"{name}.intermediate.dense"), _STEEPNESS),
        outer=Linear(outer.weight / _STEEPNESS, outer.bias, outer.norm),
    )


def _mean(x: Tensor) -> Tensor:
    """Return the mean [..., 1] over the last axis.

    As a fully-connected layer: XNNPACK has no mean over the last axis. So small a matrix is not
    quantized.
    """
    width = x.shape[-1]
    return tf.linalg.matmul(x, constant(np.full((width, 1), 1.0 / width)))


def layer_norm(x: Tensor, norm: Norm, epsilon: float) -> Tensor:
    """Return x [..., width] with mean 0 and variance 1 along the last axis, times gamma plus beta.

    Source: Ba, Kiros, Hinton 2016 (arXiv 1607.06450), equation 3.
    """
    centred = x - _mean(x)
    spread = tf.sqrt(_mean(centred * centred) + epsilon)
    return centred / spread * constant(norm.gamma) + constant(norm.beta)


def _add(stream: Tensor, layer: Linear, x: Tensor, epsilon: float) -> Tensor:
    assert layer.norm is not None
    return layer_norm(stream + apply(layer, x), layer.norm, epsilon)


def run_layer(layer: Layer, heads: int, x: Tensor, hidden: Tensor, epsilon: float) -> Tensor:
    """Return the stream [batch, length, hidden] after one layer."""
    width = x.shape[-1]
    thirds = parts(layer.query_key_value, width, width, width)
    query, key, value = apply_each(thirds, x)
    x = _add(x, layer.context, attend(heads, (query, key), value, hidden), epsilon)
    inner = apply(layer.inner, x)
    return _add(x, layer.outer, inner * tf.sigmoid(inner), epsilon)


def probabilities(
    network: Plain, input_ids: Tensor, token_type_ids: Tensor, hidden_away: float = HIDDEN_AWAY
) -> dict[str, Tensor]:
    """Return the probabilities [batch, labels] of each task for ids [batch, length].

    Padding (id 0) neither gets attention nor counts in the mean.
    """
    mask = tf.cast(tf.not_equal(input_ids, 0), tf.float32)
    hidden = hidden_from(mask, network.attention_heads, hidden_away)
    # Counting along the tweet gives its positions without a size known at run time only.
    places = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True)
    kinds = tf.expand_dims(tf.cast(token_type_ids, tf.float32), -1)
    total = (
        tf.gather(constant(network.words), input_ids)
        + tf.gather(constant(network.positions + network.types[0]), places)
        + kinds * constant(network.types[1] - network.types[0])
    )
    first, epsilon = network.epsilons
    x = layer_norm(total, network.norm, first)
    for layer in network.layers:
        x = run_layer(layer, network.attention_heads, x, hidden, epsilon)
    width = len(network.heads.bias) // len(TASKS)
    logits = apply_each(parts(network.heads, *[width] * len(TASKS)), mean_over(mask, x))
    return {task: tf.nn.softmax(scores) for task, scores in zip(TASKS, logits, strict=True)}


def flatbuffer(network: Plain, variant: Variant = "int8", samples: Iterable[Ids] = ()) -> bytes:
    """Convert ``network`` with dynamic batch and length; as `graph.flatbuffer`."""
    hidden_away = HIDDEN_AWAY_IN_INT8 if variant == "full-int8" else HIDDEN_AWAY

    def serve(input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        return probabilities(network, input_ids, token_type_ids, hidden_away)

    return convert(serve, (None, None), variant, samples)
