"""A folded network as a TensorFlow graph of plain operations, and that as a FlatBuffer."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, cast

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.model import TASKS
from monitor.training.errors import TrainingError
from monitor.training.fold import Folded, Layer, Linear
from monitor.training.variants import Variant

Tensor: TypeAlias = Any
"""TensorFlow comes without types."""

Ids: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Token ids, padded with 0, and type ids, both [batch, length]."""

INPUTS: Final = ("input_ids", "token_type_ids")

HIDDEN_AWAY = -1e4
"""Added to attention scores of padding; small enough for float16, large enough for softmax."""

HIDDEN_AWAY_IN_INT8 = -30.0
"""The same where the scores are int8 too, whose 256 steps must reach from here to the largest.

With -1e4 the steps are 39 wide and the model forgets what it attends to (macro-recall on TweetEval
0.52 instead of 0.68); from -100 to -12 no difference was found.
"""


def constant(array: NDArray[np.float64]) -> Tensor:
    """Return a float32 constant."""
    return tf.constant(np.asarray(array), tf.float32)


def apply(layer: Linear, x: Tensor) -> Tensor:
    """Return ``x @ weight + bias`` for x [..., inputs]: one FULLY_CONNECTED."""
    return tf.linalg.matmul(x, constant(layer.weight)) + constant(layer.bias)


def attend(heads: int, query_key: Tensor, value: Tensor, hidden: Tensor) -> Tensor:
    """Return the attention's result [batch, length, width].

    ``query_key`` [batch, length, 2 * width], ``value`` [batch, length, width], ``hidden``
    [heads * batch, 1, length] is added to the scores.
    """

    def stack(parts: list[Tensor]) -> Tensor:
        return tf.concat(parts, axis=0)

    # Heads go beside the batch by split and concat. The usual reshape to [batch, length, heads, -1]
    # needs two sizes that are known at run time only; it makes every tensor after it "dynamic",
    # and those the fast kernels (XNNPACK) do not take.
    query_and_key = tf.split(query_key, 2 * heads, axis=-1)
    query, key = stack(query_and_key[:heads]), stack(query_and_key[heads:])
    scores = tf.linalg.matmul(query, key, transpose_b=True) + hidden
    context = tf.linalg.matmul(tf.nn.softmax(scores), stack(tf.split(value, heads, axis=-1)))
    return tf.concat(tf.split(context, heads, axis=0), axis=-1)


def run_layer(layer: Layer, heads: int, wide: Tensor, hidden: Tensor) -> Tensor:
    """Return the wide stream [batch, length, hidden] after one layer."""
    width = len(layer.context.weight)
    shared, narrow, value = tf.split(
        apply(layer.entry, wide), [len(layer.query_key.weight), width, width], axis=-1
    )
    context = attend(heads, apply(layer.query_key, shared), value, hidden)
    narrow = narrow + apply(layer.context, context)
    for inner, outer in layer.feed_forward:
        narrow = narrow + apply(outer, tf.nn.relu(apply(inner, narrow)))
    return wide + apply(layer.exit, narrow)


def embed(network: Folded, input_ids: Tensor, token_type_ids: Tensor, mask: Tensor) -> Tensor:
    """Return the wide stream [batch, length, hidden] before the first layer.

    ``mask`` [batch, length] is 1 for tokens; padding gets some position, which does not matter.
    """
    words = tf.gather(constant(network.words), input_ids)
    following = tf.pad(tf.slice(words, [0, 1, 0], [-1, -1, -1]), [[0, 0], [0, 1], [0, 0]])
    preceding = tf.pad(words[:, :-1], [[0, 0], [1, 0], [0, 0]])
    trigram = tf.concat([following, words, preceding], axis=-1)
    # Counting along the tweet gives its positions without a size known at run time only.
    places = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True)
    kinds = tf.expand_dims(tf.cast(token_type_ids, tf.float32), -1)
    return (
        apply(network.projection, trigram)
        + tf.gather(constant(network.positions + network.types[0]), places)
        + kinds * constant(network.types[1] - network.types[0])
    )


def probabilities(
    network: Folded, input_ids: Tensor, token_type_ids: Tensor, hidden_away: float = HIDDEN_AWAY
) -> dict[str, Tensor]:
    """Return the probabilities [batch, labels] of each task for ids [batch, length].

    Padding (id 0) neither gets attention (``hidden_away`` is added to its scores) nor counts in
    the mean.
    """
    heads = network.attention_heads
    mask = tf.cast(tf.not_equal(input_ids, 0), tf.float32)
    hidden = tf.concat([tf.expand_dims((1.0 - mask) * hidden_away, 1)] * heads, axis=0)
    wide = embed(network, input_ids, token_type_ids, mask)
    for layer in network.layers:
        wide = run_layer(layer, heads, wide, hidden)
    weights = tf.expand_dims(mask, -1)
    mean = tf.reduce_sum(wide * weights, 1) / tf.reduce_sum(weights, 1)
    logits = tf.split(apply(network.heads, mean), len(TASKS), axis=-1)
    return {task: tf.nn.softmax(scores) for task, scores in zip(TASKS, logits, strict=True)}


def flatbuffer(network: Folded, variant: Variant = "int8", samples: Iterable[Ids] = ()) -> bytes:
    """Convert ``network`` with dynamic batch and length.

    ``samples`` is the representative dataset of "full-int8", which only LiteRT runs:
    tflite-runtime 2.14 has no int8 division, with which the mean over a tweet's tokens ends.

    Raises:
        TrainingError: "full-int8" without samples.
    """
    hidden_away = HIDDEN_AWAY_IN_INT8 if variant == "full-int8" else HIDDEN_AWAY

    def serve(input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        return probabilities(network, input_ids, token_type_ids, hidden_away)

    return convert(serve, (None, None), variant, samples)


def convert(
    serve: Callable[[Tensor, Tensor], dict[str, Tensor]],
    shape: tuple[int | None, int | None],
    variant: Variant,
    samples: Iterable[Ids] = (),
) -> bytes:
    """Return ``serve``, from int32 ids and type ids to named outputs, as a FlatBuffer.

    ``shape`` is [batch, length] of both inputs, None where the file is to take any.

    The scale of a weight matrix is one number a matrix (per tensor), not one a row: the last
    tflite-runtime (2.14) refuses fully-connected layers with a scale a row.

    Raises:
        TrainingError: "full-int8" without samples.
    """
    module = tf.Module()
    spec = {name: tf.TensorSpec(shape, tf.int32, name=name) for name in INPUTS}
    module.serve = tf.function(serve, autograph=False)
    concrete = module.serve.get_concrete_function(**spec)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    if variant != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if variant in ("int8", "full-int8"):
        converter._experimental_disable_per_channel = True  # noqa: SLF001
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    if variant == "full-int8":
        rows = one_by_one(samples)
        converter.representative_dataset = lambda: rows
        # Float where an operation has no int8 kernel.
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
    return cast(bytes, converter.convert())


def one_by_one(samples: Iterable[Ids]) -> list[dict[str, NDArray[np.int32]]]:
    """Return the rows of ``samples`` as a representative dataset, all padded to the longest.

    The calibrator takes the shape of the first for all; the file it makes still takes any shape.

    Raises:
        TrainingError: there is none.
    """
    kept = [np.stack(sample) for sample in samples]
    if not kept:
        raise TrainingError("full-int8 needs samples to find the scales of activations on")
    longest = max(both.shape[-1] for both in kept)
    padded = [np.pad(both, ((0, 0), (0, 0), (0, longest - both.shape[-1]))) for both in kept]
    ids, types = np.concatenate(padded, axis=1)
    return [
        dict(zip(INPUTS, (row[None], kinds[None]), strict=True))
        for row, kinds in zip(ids, types, strict=True)
    ]
