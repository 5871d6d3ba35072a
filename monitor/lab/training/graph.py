"""A network as a TensorFlow graph of plain operations, fused or not, and that as a FlatBuffer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from monitor.inference.chatter import without_chatter
from monitor.lab.errors import TrainingError
from monitor.lab.training.fold import Folded, Layer, Linear, fold, parts, scaled, side_by_side
from monitor.lab.training.fusion import FUSIONS, Fusions
from monitor.lab.training.interrupts import held_back
from monitor.lab.training.tensorflow import tf
from monitor.lab.training.variants import Ids, Variant
from monitor.verdict import TASKS

Tensor: TypeAlias = Any
"""TensorFlow comes without types."""

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


def apply_each(layers: Sequence[Linear], x: Tensor, fusions: Fusions = FUSIONS) -> list[Tensor]:
    """Return what ``layers``, equally wide, give for x [..., inputs]."""
    if "projections" not in fusions:
        return [apply(layer, x) for layer in layers]
    # A split into equal parts: XNNPACK does not take one into parts of sizes that are given.
    return list(tf.split(apply(side_by_side(*layers), x), len(layers), axis=-1))


def normed(layer: Linear, total: Tensor) -> Tensor:
    """Return ``total`` [..., width], to which ``layer`` was added, after the norm it may have."""
    if layer.norm is None:
        return total
    return total * constant(layer.norm.gamma) + constant(layer.norm.beta)


def add(stream: Tensor, layer: Linear, x: Tensor) -> Tensor:
    """Return ``stream`` [..., outputs] after ``layer`` has added to it for x [..., inputs]."""
    return normed(layer, stream + apply(layer, x))


def sizes(x: Tensor) -> list[Tensor]:
    """Return the sizes of ``x``, as numbers where they are known."""
    found = tf.shape(x)
    return [found[axis] if size is None else size for axis, size in enumerate(x.shape)]


def attend(
    heads: int,
    query_key: Tensor | Sequence[Tensor],
    value: Tensor,
    hidden: Tensor,
    fusions: Fusions = FUSIONS,
) -> Tensor:
    """Return the attention's result [batch, length, width].

    ``query_key`` is [batch, length, 2 * width], or query and key apart, ``value`` [batch, length,
    width]; ``hidden``, from `hidden_from`, is added to the scores.
    """
    if not isinstance(query_key, Sequence):
        query_key = tf.split(query_key, 2, axis=-1)
    query, key = query_key
    scaling = 1.0 if "scale" in fusions else (value.shape[-1] // heads) ** -0.5

    def weigh(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        scores = tf.linalg.matmul(query, key, transpose_b=True)
        if scaling != 1.0:
            scores = scores * scaling
        return tf.linalg.matmul(tf.nn.softmax(scores + hidden), value)

    # Heads go beside the batch by split and concat. The usual reshape to [batch, length, heads, -1]
    # needs two sizes that are known at run time only; it makes every tensor after it "dynamic",
    # and those the fast kernels (XNNPACK) do not take.
    if "heads" in fusions:
        stacked = [tf.concat(tf.split(x, heads, axis=-1), axis=0) for x in (query, key, value)]
        return tf.concat(tf.split(weigh(*stacked), heads, axis=0), axis=-1)

    batch, length, width = sizes(value)

    def by_head(x: Tensor) -> Tensor:
        shape = [batch, length, heads, width // heads]
        return tf.transpose(tf.reshape(x, shape), [0, 2, 1, 3])

    context = weigh(by_head(query), by_head(key), by_head(value))
    return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch, length, width])


def hidden_from(
    mask: Tensor, heads: int, hidden_away: float = HIDDEN_AWAY, fusions: Fusions = FUSIONS
) -> Tensor:
    """Return what keeps the attention off padding, laid out once for all layers.

    ``mask`` [batch, length] is 1 for tokens. The result is as `attend` has the scores:
    [heads * batch, 1, length], or [batch, 1, 1, length] if heads are apart by reshape.
    """
    added = tf.expand_dims((1.0 - mask) * hidden_away, 1)
    if "heads" in fusions:
        return tf.concat([added] * heads, axis=0)
    return tf.expand_dims(added, 1)


def enter(layer: Layer, wide: Tensor, fusions: Fusions = FUSIONS) -> list[Tensor]:
    """Return the input of query and key, the narrow stream and the values.

    All are [batch, length, width], ``wide`` is [batch, length, hidden].
    """
    width = len(layer.context.weight)
    return apply_each(parts(layer.entry, width, width, width), wide, fusions)


def attention(
    layer: Layer,
    heads: int,
    shared: Tensor,
    narrow: Tensor,
    value: Tensor,
    hidden: Tensor,
    fusions: Fusions = FUSIONS,
) -> Tensor:
    """Return the narrow stream after the attention; all but ``hidden`` [batch, length, width]."""
    width = len(layer.context.weight)
    query, key = parts(layer.query_key, width, width)
    if "scale" not in fusions:
        query = scaled(query, (width // heads) ** 0.5)
    both = apply_each([query, key], shared, fusions)
    return add(narrow, layer.context, attend(heads, both, value, hidden, fusions))


def feed_forward(layer: Layer, narrow: Tensor) -> Tensor:
    """Return the narrow stream [batch, length, width] after all feed-forward networks."""
    for inner, outer in layer.feed_forward:
        # The converter makes one operation of the inner one and its ReLU.
        narrow = add(narrow, outer, tf.nn.relu(apply(inner, narrow)))
    return narrow


def narrow_stream(
    layer: Layer, heads: int, wide: Tensor, hidden: Tensor, fusions: Fusions = FUSIONS
) -> Tensor:
    """Return the narrow stream [batch, length, width] at the end of one layer."""
    shared, narrow, value = enter(layer, wide, fusions)
    narrow = attention(layer, heads, shared, narrow, value, hidden, fusions)
    return feed_forward(layer, narrow)


def run_layer(
    layer: Layer, heads: int, wide: Tensor, hidden: Tensor, fusions: Fusions = FUSIONS
) -> Tensor:
    """Return the wide stream [batch, length, hidden] after one layer."""
    return add(wide, layer.exit, narrow_stream(layer, heads, wide, hidden, fusions))


def embed(
    network: Folded,
    input_ids: Tensor,
    token_type_ids: Tensor,
    mask: Tensor,
    fusions: Fusions = FUSIONS,
) -> Tensor:
    """Return the wide stream [batch, length, hidden] before the first layer.

    ``mask`` [batch, length] is 1 for tokens; padding gets some position, which does not matter.
    """
    words = tf.gather(constant(network.words), input_ids)
    following = tf.pad(tf.slice(words, [0, 1, 0], [-1, -1, -1]), [[0, 0], [0, 1], [0, 0]])
    preceding = tf.pad(words[:, :-1], [[0, 0], [1, 0], [0, 0]])
    trigram = tf.concat([following, words, preceding], axis=-1)
    projected = apply(network.projection, trigram)
    if "scale" in fusions:
        # Counting along the tweet gives its positions without a size known at run time only.
        places = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True)
        kinds = tf.expand_dims(tf.cast(token_type_ids, tf.float32), -1)
        total = (
            projected
            + tf.gather(constant(network.positions + network.types[0]), places)
            + kinds * constant(network.types[1] - network.types[0])
        )
    else:
        _, length = sizes(input_ids)
        total = (
            projected
            + constant(network.positions)[:length]
            + tf.gather(constant(network.types), token_type_ids)
        )
    return normed(network.projection, total)


def mean_over(mask: Tensor, x: Tensor) -> Tensor:
    """Return the mean [batch, width] of x [batch, length, width] over tokens (mask is 1)."""
    weights = tf.expand_dims(mask, -1)
    return tf.reduce_sum(x * weights, 1) / tf.reduce_sum(weights, 1)


def probabilities(
    network: Folded,
    input_ids: Tensor,
    token_type_ids: Tensor,
    hidden_away: float = HIDDEN_AWAY,
    fusions: Fusions = FUSIONS,
) -> dict[str, Tensor]:
    """Return the probabilities [batch, labels] of each task for ids [batch, length].

    Padding (id 0) neither gets attention (``hidden_away`` is added to its scores) nor counts in
    the mean.
    """
    heads = network.attention_heads
    mask = tf.cast(tf.not_equal(input_ids, 0), tf.float32)
    hidden = hidden_from(mask, heads, hidden_away, fusions)
    wide = embed(network, input_ids, token_type_ids, mask, fusions)
    *before, last = network.layers
    for layer in before:
        wide = run_layer(layer, heads, wide, hidden, fusions)
    narrow = narrow_stream(last, heads, wide, hidden, fusions)
    if "mean" in fusions:
        # What comes after the last feed-forward network is linear, the mean as well.
        mean = add(mean_over(mask, wide), last.exit, mean_over(mask, narrow))
    else:
        mean = mean_over(mask, add(wide, last.exit, narrow))
    width = len(network.heads.bias) // len(TASKS)
    logits = apply_each(parts(network.heads, *[width] * len(TASKS)), mean, fusions)
    return {task: tf.nn.softmax(scores) for task, scores in zip(TASKS, logits, strict=True)}


def flatbuffer(
    network: Folded,
    variant: Variant = "int8",
    samples: Iterable[Ids] = (),
    fusions: Fusions = FUSIONS,
) -> bytes:
    """Convert ``network`` with dynamic batch and length.

    ``samples`` is the representative dataset of "full-int8", which only LiteRT runs:
    tflite-runtime 2.14 has no int8 division, with which the mean over a tweet's tokens ends.

    Raises:
        TrainingError: "full-int8" without samples, a NoNorm weight is zero, or the norms of
            ``network`` are not to be folded but already are.
    """
    hidden_away = HIDDEN_AWAY_IN_INT8 if variant == "full-int8" else HIDDEN_AWAY
    if "norm" in fusions:
        network = fold(network)
    elif network.projection.norm is None:
        raise TrainingError("the norms of this network are folded already and cannot be kept apart")

    def serve(input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        return probabilities(network, input_ids, token_type_ids, hidden_away, fusions)

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
    rows = one_by_one(samples) if variant == "full-int8" else []
    with held_back(), without_chatter():
        return _converted(serve, shape, variant, rows)


def _converted(
    serve: Callable[[Tensor, Tensor], dict[str, Tensor]],
    shape: tuple[int | None, int | None],
    variant: Variant,
    rows: Sequence[dict[str, NDArray[np.int32]]],
) -> bytes:
    """As `convert`, with what the calibrator gets."""
    module = tf.Module()
    spec = {name: tf.TensorSpec(shape, tf.int32, name=name) for name in INPUTS}
    module.serve = tf.function(serve, autograph=False)
    concrete = module.serve.get_concrete_function(**spec)
    module.held = concrete.variables  # if it has some instead of constants
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    if variant != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if variant in ("int8", "full-int8"):
        converter._experimental_disable_per_channel = True  # noqa: SLF001
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    if variant == "full-int8":
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
