"""The operations of a FlatBuffer, with what is constant in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.inference.chatter import without_chatter
from monitor.lab.training.fold import Array


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
