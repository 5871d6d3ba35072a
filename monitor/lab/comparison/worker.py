"""One measurement in a process of its own: a job as JSON on stdin, its result as JSON on stdout.

    python -m monitor.lab.comparison.worker < job.json

Also runs in the environment of tflite-runtime: nothing but numpy and what the job's engine needs
is imported. A process a measurement, because peak memory is a process's, and because two engines in
one process share (and fight for) threads.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.console import strict_json
from monitor.inference import ModelError, choose_runtime, package_of
from monitor.inference.interpreter import RUNTIMES

Ids: TypeAlias = npt.NDArray[np.int32]
Run: TypeAlias = Callable[[Ids, Ids], Mapping[str, npt.NDArray[np.float32]]]
"""Token ids, padded with 0, and type ids [batch, length] to named outputs [batch, labels]."""

WARM_UP: Final = 2
"""Calls at a new shape that are not measured: tensors are laid out, weights packed."""
BATCHES_ASKED: Final = 8
"""Different batches that a measurement goes round."""
GROUP: Final = 8
"""Tweets answered together, of similar length: as many as in the daemon."""


def tensorflow_lite(runtime: str, model: Path) -> tuple[Run, str]:
    """Load a FlatBuffer; `inference.interpreter.Interpreter` would ask it at a shape of its own."""
    module = import_module(RUNTIMES[choose_runtime(runtime)])
    interpreter = module.Interpreter(model_content=model.read_bytes(), num_threads=1)
    ask = interpreter.get_signature_runner()
    package = package_of(runtime)
    return (
        lambda ids, types: ask(input_ids=ids, token_type_ids=types),
        f"{package} {version(package)}",
    )


def onnx_runtime(model: Path) -> tuple[Run, str]:
    """Load an ONNX file that `monitor.lab.comparison.onnx` has written."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(ids: Ids, types: Ids) -> Mapping[str, npt.NDArray[np.float32]]:
        wide = {"input_ids": ids.astype(np.int64), "token_type_ids": types.astype(np.int64)}
        return dict(zip(names, session.run(None, wide), strict=True))

    return run, f"ONNX Runtime {onnxruntime.__version__}"


def pytorch(model: Path) -> tuple[Run, str]:
    """Load a folder that `network.save` has written, or one of a sequence classifier."""
    import torch
    from transformers import MobileBertForSequenceClassification

    from monitor.lab.training import network as networks

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    ours = (model / "training.json").is_file()
    network: Any = (
        networks.load(model)[0]
        if ours
        else MobileBertForSequenceClassification.from_pretrained(model)
    )
    network.eval()

    def run(ids: Ids, types: Ids) -> Mapping[str, npt.NDArray[np.float32]]:
        input_ids, kinds = torch.from_numpy(ids).long(), torch.from_numpy(types).long()
        with torch.inference_mode():
            if ours:
                logits, _ = network(input_ids, kinds)
                return {task: scores.softmax(-1).numpy() for task, scores in logits.items()}
            mask = (input_ids != 0).long()
            scores = network(input_ids=input_ids, token_type_ids=kinds, attention_mask=mask).logits
            return {"probabilities": scores.softmax(-1).numpy()}

    return run, f"PyTorch {torch.__version__.partition('+')[0]}"


ENGINES: Final[Mapping[str, Callable[[Path], tuple[Run, str]]]] = {
    "litert": lambda model: tensorflow_lite("litert", model),
    "tflite-runtime": lambda model: tensorflow_lite("tflite-runtime", model),
    "onnx": onnx_runtime,
    "torch": pytorch,
}
"""Name to what loads a model, on one thread, and says which version runs it."""


def peak_mb() -> float | None:
    """Return the most memory this process has had resident, in MB; None without /proc.

    Not getrusage's maximum: that begins with the size of the process that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return round(int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6, 1)


def speed(
    run: Run, ids: Ids, types: Ids, batches: Sequence[int], seconds: float
) -> list[dict[str, Any]]:
    """Return, for each batch size, what was measured in about ``seconds``; at least one call.

    ``latency_ms`` is the median time of a call; ``busy`` the processor time a second of wall time
    (1 if one thread had one core to itself); ``peak_mb`` includes smaller batches.
    """
    results = []
    for batch in sorted(batches):  # so that the peak so far is that of this size
        shape = (BATCHES_ASKED, batch, ids.shape[1])
        asked = itertools.cycle(zip(np.resize(ids, shape), np.resize(types, shape), strict=True))
        for _ in range(WARM_UP):
            run(*next(asked))
        calls: list[float] = []
        busy, begin = time.process_time(), time.perf_counter()
        end = begin
        while not calls or end - begin < seconds:
            before, question = end, next(asked)
            run(*question)
            end = time.perf_counter()
            calls.append(end - before)
        results.append(
            {
                "batch": batch,
                "tweets_per_s": batch * len(calls) / (end - begin),
                "latency_ms": 1000 * statistics.median(calls),
                "busy": (time.process_time() - busy) / (end - begin),
                "peak_mb": peak_mb(),
            }
        )
    return results


def answers(run: Run, ids: Ids, types: Ids, task: str) -> list[int]:
    """Return the index of the likeliest label for each row of ids [tweets, longest].

    As in the daemon, tweets of similar length are asked together, padded to their longest.
    """
    lengths = (ids != 0).sum(axis=1)
    order = np.argsort(lengths, kind="stable")
    best = np.zeros(len(ids), np.int64)
    for start in range(0, len(order), GROUP):
        group = order[start : start + GROUP]
        longest = int(lengths[group].max())
        best[group] = run(ids[group, :longest], types[group, :longest])[task].argmax(axis=1)
    return [int(label) for label in best]


def work(job: Mapping[str, Any]) -> dict[str, Any]:
    """Do ``job``: {engine, model} and either {asked: {ids: task}} or {ids, batches, seconds}.

    ``ids`` names a .npz with arrays ids and types [tweets, length]. Answers are by ``ids`` too.
    Or {make, config, files}: write a yardstick (see `speed.Yardstick`) in each form of ``files``,
    {variant, length, batch, path}.
    """
    if "make" in job:
        yardstick = import_module(f"monitor.lab.comparison.{job['make']}")
        network = yardstick.untrained(yardstick.Config(**job["config"]))
        for form in job["files"]:
            file = yardstick.flatbuffer(network, form["variant"], form["length"], form["batch"])
            Path(form["path"]).write_bytes(file)
        return {}
    run, runtime = ENGINES[job["engine"]](Path(job["model"]))
    if "asked" in job:
        found = {path: answers(run, *load(path), task) for path, task in job["asked"].items()}
        return {"runtime": runtime, "answers": found}
    result = speed(run, *load(job["ids"]), job["batches"], job["seconds"])
    return {"runtime": runtime, "speed": result}


def load(path: str) -> tuple[Ids, Ids]:
    """Return ids and types [tweets, length] of a .npz."""
    with np.load(path) as arrays:
        return arrays["ids"], arrays["types"]


def main() -> None:
    """Read a job, do it, write its result: {"error": why} if it cannot be done."""
    # Libraries chat on standard output, which is for the result.
    result_file = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        result = work(json.load(sys.stdin))
    except ModuleNotFoundError as error:
        result = {"error": f"{error.name} is not installed"}
    except (ModelError, ValueError, RuntimeError, OSError) as error:
        result = {"error": str(error).strip().splitlines()[0]}
    except KeyboardInterrupt:
        sys.exit(130)  # the one who asked was stopped too, and says so
    with result_file:
        result_file.write(strict_json(result))


if __name__ == "__main__":
    main()
