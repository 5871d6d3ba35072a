"""A model folder -> the network in it, so that whoever has the model alone can train on from it.

The exported file holds every matrix as int8 with one scale; what comes back is what the daemon
computes with, and by construction answers as the file does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from monitor.chatter import without_chatter
from monitor.model import Model, ModelError
from monitor.training.errors import TrainingError
from monitor.training.fold import Array, Folded, Layer, Linear


@dataclass(frozen=True)
class Operation:
    """One operation of the file: its kind, its constant inputs, the features of its first input."""

    kind: str
    constants: list[Array]
    width: int


def operations(flatbuffer: bytes) -> Iterator[Operation]:
    """Yield the operations of a FlatBuffer in order, with int8 constants scaled back to float64."""
    with without_chatter():
        from tensorflow.lite.python import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    names = {
        code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
    }
    kinds: dict[int, Any] = {
        schema.TensorType.INT8: np.int8,
        schema.TensorType.FLOAT32: np.float32,
    }
    graph = model.subgraphs[0]

    def constant(index: int) -> Array | None:
        tensor = graph.tensors[index]
        data = model.buffers[tensor.buffer].data
        if data is None or len(data) == 0 or tensor.type not in kinds:
            return None
        values = np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape)
        scale = tensor.quantization.scale if tensor.type == schema.TensorType.INT8 else [1.0]
        return values.astype(np.float64) * float(scale[0])

    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        found = [constant(index) for index in operator.inputs if index >= 0]
        shape = graph.tensors[operator.inputs[0]].shape
        width = 0 if shape is None or len(shape) == 0 else int(shape[-1])
        yield Operation(names[code], [array for array in found if array is not None], width)


def by_layer(inside: list[Linear], count: int, hidden: int) -> list[list[Linear]]:
    """Return the linear layers ``inside`` a network of ``count`` layers, layer by layer.

    Raises:
        ValueError: they are not as an export with all fusions has them.
    """
    size, rest = divmod(len(inside), count)
    layers = [inside[i : i + size] for i in range(0, len(inside), size)]
    width = len(inside[1].weight)
    ends = {(layer[0].weight.shape, layer[-1].weight.shape) for layer in layers}
    if rest or ends != {((hidden, 3 * width), (width, hidden))}:
        raise ValueError("projections of the same input are apart")
    return layers


def folded_of(flatbuffer: bytes) -> Folded:
    """Return the network in a file that `monitor export` has written with all its fusions.

    Raises:
        TrainingError: the file is of another kind.
    """
    try:
        found = list(operations(flatbuffer))
        words, places = [o.constants[0] for o in found if o.kind == "GATHER"]
        (kinds,) = [
            o.constants[0]
            for o in found
            if o.kind == "MUL" and o.constants and o.constants[0].shape == places.shape[1:]
        ]
        linear = [
            Linear(o.constants[0].T, o.constants[1]) for o in found if o.kind == "FULLY_CONNECTED"
        ]
        projection, *inside, heads = linear
        # Of each layer there are two: queries with keys, and what they weigh with values.
        products = [o for o in found if o.kind == "BATCH_MATMUL"]
        layers = by_layer(inside, len(products) // 2, len(heads.weight))
        return Folded(
            attention_heads=len(inside[1].weight) // products[0].width,
            words=words,
            positions=places,
            types=np.stack([np.zeros_like(kinds), kinds]),
            projection=projection,
            layers=tuple(
                Layer(
                    entry=layer[0],
                    query_key=layer[1],
                    context=layer[2],
                    feed_forward=tuple(zip(layer[3:-1:2], layer[4:-1:2], strict=True)),
                    exit=layer[-1],
                )
                for layer in layers
            ),
            heads=heads,
        )
    except (ArithmeticError, IndexError, KeyError, ValueError) as error:
        raise TrainingError(
            "the model's file is not of the kind that monitor export writes (int8, all fusions)"
        ) from error


def restore(folder: Path) -> tuple[Folded, Tokenizer]:
    """Return the network and the tokenizer in a model's folder.

    Raises:
        TrainingError: the folder holds no model, or one of another kind.
    """
    try:
        model = Model.load(folder)
    except ModelError as error:
        raise TrainingError(str(error)) from error
    return folded_of(model.flatbuffer), Tokenizer.from_str(model.tokenizer)
