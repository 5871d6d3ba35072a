"""A MobileBERT without bottlenecks as a TensorFlow graph, and that as a FlatBuffer.

See `plain` for what such a network is, `graph` for the one with bottlenecks; what both have is
taken from there.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from monitor.lab.training.fold import Norm, parts
from monitor.lab.training.graph import (
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
from monitor.lab.training.plain_layers import Plain, PlainLayer
from monitor.lab.training.tensorflow import tf
from monitor.lab.training.variants import Ids, Variant
from monitor.verdict import TASKS


def _mean(x: Tensor) -> Tensor:
    """Return the mean [..., 1] over the last axis.

    As a fully-connected layer: XNNPACK has no mean over the last axis. So small a matrix is not
    quantized.
    """
    width = x.shape[-1]
    return tf.linalg.matmul(x, constant(np.full((width, 1), 1.0 / width)))


def normalized(x: Tensor, epsilon: float) -> Tensor:
    """Return x [..., width] with mean 0 and variance 1 along the last axis.

    Source: Ba, Kiros, Hinton 2016 (arXiv 1607.06450), equation 3, before gamma and beta.
    """
    centred = x - _mean(x)
    return centred / tf.sqrt(_mean(centred * centred) + epsilon)


def scaled(x: Tensor, norm: Norm | None) -> Tensor:
    """Return ``x`` times gamma plus beta of ``norm``."""
    assert norm is not None
    return x * constant(norm.gamma) + constant(norm.beta)


def run_layer(
    layer: PlainLayer, heads: int, x: Tensor, before: Norm | None, hidden: Tensor, epsilon: float
) -> Tensor:
    """Return the stream [batch, length, hidden] after one layer.

    It comes and goes normalized, without gamma and beta; ``before`` is the norm it comes from.
    """
    width = x.shape[-1]
    query, key, value = apply_each(parts(layer.query_key_value, width, width, width), x)
    context = apply(layer.context, attend(heads, (query, key), value, hidden))
    x = normalized(scaled(x, before) + context, epsilon)
    inner = apply(layer.inner, x)
    outer = apply(layer.outer, inner * tf.sigmoid(inner))
    return normalized(scaled(x, layer.context.norm) + outer, epsilon)


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
    epsilon = network.epsilon
    x = normalized(total, epsilon)
    before: Norm | None = network.norm
    for layer in network.layers:
        x = run_layer(layer, network.attention_heads, x, before, hidden, epsilon)
        before = layer.outer.norm
    width = len(network.heads.bias) // len(TASKS)
    logits = apply_each(parts(network.heads, *[width] * len(TASKS)), mean_over(mask, x))
    return {task: tf.nn.softmax(scores) for task, scores in zip(TASKS, logits, strict=True)}


def flatbuffer(network: Plain, variant: Variant = "int8", samples: Iterable[Ids] = ()) -> bytes:
    """Convert ``network`` with dynamic batch and length; as `graph.flatbuffer`."""
    hidden_away = HIDDEN_AWAY_IN_INT8 if variant == "full-int8" else HIDDEN_AWAY

    def serve(input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        return probabilities(network, input_ids, token_type_ids, hidden_away)

    return convert(serve, (None, None), variant, samples)
