"""Which TensorFlow Lite runtime, and one loaded model."""

from __future__ import annotations

import importlib
import importlib.util
import io
import platform
import re
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import cache
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.inference.chatter import without_chatter
from monitor.inference.model import ModelError

RUNTIMES: Final = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
"""Setting to module; the first that is installed, and loads, is taken for ``auto``."""

_NEEDS_GLIBC: Final = re.compile(r"`GLIBC_([0-9.]+)' not found")


def package_of(runtime: str) -> str:
    """Return the name of the package that a key of `RUNTIMES` comes from."""
    return {"litert": "ai-edge-litert"}.get(runtime, runtime)


def choose_runtime(wanted: str = "auto") -> str:
    """Name the runtime that will be used: for ``auto`` the first that is installed and loads.

    Raises:
        ModelError: if it is not installed, or does not load.
    """
    failures = []
    for runtime in RUNTIMES:
        if wanted in ("auto", runtime) and _installed(runtime):
            if not (failure := _loaded(runtime).failure):
                return runtime
            failures.append(failure)
    if failures:
        raise ModelError(f"runtime {wanted!r}: {'; '.join(failures)}")
    missing = "ai-edge-litert or tflite-runtime" if wanted == "auto" else package_of(wanted)
    raise ModelError(f"runtime {wanted!r}: {missing} is not installed in this environment")


def passed_over(chosen: str) -> str | None:
    """Say why ``auto`` has not taken a runtime that comes before the one it chose, if so."""
    for runtime in RUNTIMES:
        if runtime == chosen:
            return None
        if _installed(runtime):
            return _loaded(runtime).failure
    return None


def _installed(runtime: str) -> bool:
    return importlib.util.find_spec(RUNTIMES[runtime].partition(".")[0]) is not None


class _Loaded(NamedTuple):
    module: ModuleType | None
    failure: str | None
    """Why there is no module, in one line."""


@cache
def _loaded(runtime: str) -> _Loaded:
    """Import a runtime; what it says on standard error if it fails is in the one line, or nowhere.

    tflite-runtime under NumPy 2, for one, shows fifty lines.
    """
    said = io.StringIO()
    try:
        with without_chatter(), redirect_stderr(said):
            return _Loaded(importlib.import_module(RUNTIMES[runtime]), None)
    except Exception as error:  # noqa: BLE001  (native libraries fail in any way)
        return _Loaded(None, f"{package_of(runtime)} is installed, but {_why(error)}")


def _why(error: Exception) -> str:
    """Say why a runtime does not load, and the way out where that is known.

    Source: ``ld.so(8)``'s message on a symbol version of a newer C library. A wheel's name says
    which one it needs, and may be wrong: those of ai-edge-litert for aarch64 say 2.27.
    """
    said = " ".join(str(error).split()) or type(error).__name__
    if found := _NEEDS_GLIBC.search(said):
        return (
            f"needs a newer C library: glibc {found[1]}, and this system has"
            f" {platform.libc_ver()[1] or 'an older one'}; use Debian 12 (Bookworm) or newer, or,"
            " with Python 3.11, install tflite-runtime (docs/install.md)"
        )
    return f"does not load: {said}"


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
            ModelError: if the runtime is missing, does not load, or refuses the model.
        """
        module = _loaded(choose_runtime(runtime)).module
        assert module is not None
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
