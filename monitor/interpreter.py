"""Which TensorFlow Lite runtime, and one loaded model."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from monitor.chatter import without_chatter
from monitor.model import ModelError

RUNTIMES: Final = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
"""Setting to module; the first that is installed is taken for ``auto``."""


def package_of(runtime: str) -> str:
    """Return the name of the package that a key of `RUNTIMES` comes from."""
    return {"litert": "ai-edge-litert"}.get(runtime, runtime)


def choose_runtime(wanted: str = "auto") -> str:
    """Name the runtime that will be used.

    Raises:
        ModelError: if it is not installed.
    """
    for runtime, module in RUNTIMES.items():
        if wanted in ("auto", runtime) and importlib.util.find_spec(module.partition(".")[0]):
            return runtime
    missing = "ai-edge-litert or tflite-runtime" if wanted == "auto" else package_of(wanted)
    raise ModelError(f"runtime {wanted!r}: {missing} is not installed in this environment")


class Interpreter:
    """One model in one single-threaded TensorFlow Lite interpreter.

    Never shared between threads: the runtime refuses it. ``__call__`` releases the GIL while it
    computes, so several of these in several threads use several cores.
    """

    def __init__(
        self, flatbuffer: bytes, runtime: str = "auto", largest: tuple[int, int] = (1, 1)
    ) -> None:
        """Load a model.

        Args:
            flatbuffer: the ``.tflite`` file's content; kept by reference, so interpreters share it.
            runtime: ``auto`` or a key of `RUNTIMES`.
            largest: [batch, length] to lay out memory for at once. LiteRT 2.3 gets some of it
                wrong when it has to grow by a little: probabilities off by up to 0.46, or NaN.

        Raises:
            ModelError: if the runtime is missing or refuses the model.
        """
        module = importlib.import_module(RUNTIMES[choose_runtime(runtime)])
        try:
            with without_chatter():
                interpreter = module.Interpreter(model_content=flatbuffer, num_threads=1)
                for tensor in interpreter.get_input_details():
                    interpreter.resize_tensor_input(tensor["index"], largest)
                interpreter.allocate_tensors()
                self._run: Callable[..., dict[str, Any]] = interpreter.get_signature_runner()
                ids = np.ones((1, 1), np.int32)
                self(ids, ids - 1)  # what is made at the first run is made now
        except (TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"runtime {runtime!r} refuses the model: {error}") from error

    def __call__(
        self, input_ids: npt.NDArray[np.int32], token_type_ids: npt.NDArray[np.int32]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Run one padded batch.

        Args:
            input_ids: [batch, length], padded with 0, from which the graph derives its mask.
            token_type_ids: [batch, length], 0 for the text and 1 for the entity.

        Returns:
            Task to probabilities, [batch, labels].
        """
        return self._run(input_ids=input_ids, token_type_ids=token_type_ids)
