"""The FlatBuffer, in each variant, against the network it was made from."""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter

from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training.export import folded
from monitor.lab.training.graph import flatbuffer, one_by_one
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh
from monitor.lab.training.variants import VARIANTS, Ids, Variant
from monitor.verdict import TASKS
from tests.processes import REPOSITORY

WORDS = 64
POSITIONS = 16
SHAPES = ((12, 9), (1, 3), (7, 16))

PARITY: dict[Variant, tuple[float, float]] = {
    "fp32": (1e-5, 1.0),
    "fp16": (2e-3, 1.0),
    "int8": (0.05, 0.95),
    "full-int8": (0.1, 0.9),
}
"""How far a probability may be from PyTorch's, and the share of labels that must be the same.

Measured on LiteRT: 2e-7, 3e-4, 0.017 and 0.034, with every label the same.
"""


def student() -> Network:
    """Return a small student that answers decidedly.

    Wide enough to be quantized: the converter leaves matrices of less than 1,024 weights alone.
    """
    torch.manual_seed(0)
    shape = Structure(
        layers=3,
        hidden=48,
        bottleneck=32,
        heads=4,
        intermediate=64,
        stacks=2,
        embedding=32,
        positions=POSITIONS,
        vocabulary=WORDS,
    )
    network = fresh(shape).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 2:
                scale = 6.0 if name.startswith("heads") else 1.0
                parameter.copy_(torch.randn_like(parameter) * scale * parameter.shape[1] ** -0.5)
            elif name.endswith("LayerNorm.weight"):
                parameter.copy_(0.6 + 0.4 * torch.rand_like(parameter))
    return network


def questions(batch: int, length: int, seed: int = 0) -> Ids:
    """Return random ids and type ids, every other row padded."""
    random = np.random.default_rng(seed)
    ids = random.integers(1, WORDS, (batch, length)).astype(np.int32)
    types = (np.arange(length, dtype=np.int32) > 5).astype(np.int32)[None].repeat(batch, 0)
    ids[1::2, length - 2 :] = types[1::2, length - 2 :] = 0
    return ids, types


@pytest.fixture(scope="module")
def network() -> Network:
    """The network that is converted."""
    return student()


@cache
def model(variant: Variant) -> bytes:
    """It in one variant."""
    samples = [questions(16, length, seed=length) for length in (5, 12, 16)]
    return flatbuffer(folded(student(), POSITIONS), variant, samples)


def expected(network: Network, ids: Ids) -> dict[str, Any]:
    """Return PyTorch's probabilities."""
    with torch.no_grad():
        logits, _ = network(*(torch.from_numpy(array).long() for array in ids))
    return {task: logits[task].softmax(-1).numpy() for task in TASKS}


def check(variant: Variant, pairs: Iterator[tuple[Any, Any]]) -> None:
    """Hold pairs of probabilities [batch, labels] against `PARITY`."""
    truth, found = (np.concatenate(side) for side in zip(*pairs, strict=True))
    tolerance, agreement = PARITY[variant]

    assert np.abs(truth - found).max() < tolerance
    assert agreement <= (truth.argmax(1) == found.argmax(1)).mean()


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_answers_at_any_batch_and_length(variant: Variant, network: Network) -> None:
    """One file takes every shape, back and forth, and answers as PyTorch does."""
    run = Interpreter(model_content=model(variant)).get_signature_runner("serving_default")

    assert {"input_ids", "token_type_ids"} == set(run.get_input_details())
    pairs = []
    for shape in SHAPES:
        ids, types = questions(*shape)
        answers = run(input_ids=ids, token_type_ids=types)
        assert set(TASKS) == set(answers)
        truth = expected(network, (ids, types))
        pairs += [(truth[task], answers[task]) for task in TASKS]
    check(variant, iter(pairs))


ON_TFLITE_RUNTIME = """
import json, sys
import numpy as np
from monitor.inference.interpreter import Interpreter
job = json.load(sys.stdin)
run = Interpreter(open(job["model"], "rb").read(), "tflite-runtime")
answers = [run(*np.array(ids, np.int32)) for ids in job["questions"]]
print(json.dumps([{task: a[task].tolist() for task in a} for a in answers]))
"""


@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant != "full-int8"])
def test_same_answers_on_tflite_runtime(
    variant: Variant,
    network: Network,
    tmp_path: Path,
    other_python: Path,
) -> None:
    """The predecessor runs every variant but full int8, for which it has no division."""
    (tmp_path / "model.tflite").write_bytes(model(variant))
    asked = [questions(*shape) for shape in SHAPES]
    job = {
        "model": str(tmp_path / "model.tflite"),
        "questions": [np.stack(ids).tolist() for ids in asked],
    }
    done = subprocess.run(
        [other_python, "-c", ON_TFLITE_RUNTIME],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=REPOSITORY,
    )
    assert 0 == done.returncode, done.stderr
    answers = json.loads(done.stdout)
    truths = [expected(network, ids) for ids in asked]
    check(
        variant,
        ((t[k], a[k]) for t, a in zip(truths, answers, strict=True) for k in TASKS),
    )


def test_sizes() -> None:
    """Fewer bits make smaller files."""
    sizes = {variant: len(model(variant)) for variant in VARIANTS}

    assert sizes["int8"] < sizes["fp16"] < sizes["fp32"]
    assert sizes["full-int8"] < sizes["fp16"]


def test_full_int8_computes_in_int8() -> None:
    """Its layers read and write int8; those of dynamic range float32."""
    kinds: dict[Variant, set[type]] = {}
    for variant in ("int8", "full-int8"):
        interpreter = Interpreter(model_content=model(variant))
        interpreter.allocate_tensors()
        kinds[variant] = {
            interpreter._get_tensor_details(int(op["outputs"][0]), 0)["dtype"]
            for op in interpreter._get_ops_details()
            if op["op_name"] == "FULLY_CONNECTED"
        }

    assert {np.float32} == kinds["int8"]
    assert {np.int8} == kinds["full-int8"]


def test_full_int8_needs_samples(network: Network) -> None:
    """Scales cannot be found on nothing."""
    with pytest.raises(TrainingError, match="needs samples"):
        flatbuffer(folded(network, POSITIONS), "full-int8")


def test_samples_come_one_by_one_in_one_shape() -> None:
    """Batches of any size and length become rows, padded to the longest."""
    rows = one_by_one([questions(2, 4), questions(1, 7)])

    assert [(1, 7)] * 3 == [row["input_ids"].shape for row in rows]
    assert [(1, 7)] * 3 == [row["token_type_ids"].shape for row in rows]
    assert [0, 0, 0] == rows[0]["input_ids"][0, 4:].tolist()
