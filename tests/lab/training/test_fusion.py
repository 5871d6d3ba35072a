"""Each fusion, and none, gives the same function with more operations."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner

from monitor.inference import Model
from monitor.lab.errors import TrainingError
from monitor.lab.training.commands.export import export
from monitor.lab.training.export import folded, unfolded
from monitor.lab.training.fold import fold
from monitor.lab.training.fusion import FUSIONS, GAINS, NO_FUSIONS, Fusion, Fusions
from monitor.lab.training.graph import flatbuffer
from monitor.lab.training.network import Network
from monitor.lab.training.variants import Variant
from monitor.verdict import TASKS
from tests.lab.training.test_export import write_student
from tests.lab.training.test_graph import POSITIONS, SHAPES, expected, questions, student

LEFT_OUT = {f"without {one}": FUSIONS - {one} for one in sorted(FUSIONS)}
CASES: dict[str, Fusions] = {**LEFT_OUT, "none": NO_FUSIONS}


@pytest.fixture(scope="module")
def network() -> Network:
    """The network that is converted."""
    return student()


@cache
def model(variant: Variant, fusions: Fusions) -> bytes:
    """It in one form."""
    return flatbuffer(unfolded(student(), POSITIONS), variant, (), fusions)


def operations(flatbuffer: bytes) -> list[dict[str, Any]]:
    """Return the operations that the file itself has, none of those a delegate puts instead."""
    found: list[dict[str, Any]] = Interpreter(model_content=flatbuffer)._get_ops_details()
    return [operation for operation in found if operation["op_name"] != "DELEGATE"]


def kinds(flatbuffer: bytes) -> list[str]:
    """Return the operations' kinds, in order."""
    return [operation["op_name"] for operation in operations(flatbuffer)]


@pytest.mark.parametrize("fusions", CASES.values(), ids=CASES)
@pytest.mark.parametrize(
    ("variant", "tolerance"),
    [pytest.param("fp32", 1e-4, marks=pytest.mark.study), ("int8", 0.05)],
)
def test_same_function(
    variant: Variant, tolerance: float, fusions: Fusions, network: Network
) -> None:
    """Whatever is left out, at any shape, padded or not."""
    run = Interpreter(model_content=model(variant, fusions)).get_signature_runner()
    for shape in SHAPES:
        ids, types = questions(*shape)
        truth = expected(network, (ids, types))
        answers = run(input_ids=ids, token_type_ids=types)
        for task in TASKS:
            assert np.abs(truth[task] - answers[task]).max() < tolerance


@pytest.mark.parametrize("fusion", sorted(FUSIONS - {"mean"}))
def test_a_fusion_saves_operations(fusion: Fusion) -> None:
    """Beside all others."""
    without = kinds(model("fp32", FUSIONS - {fusion}))

    assert len(kinds(model("fp32", FUSIONS))) < len(without)
    assert len(without) < len(kinds(model("fp32", NO_FUSIONS)))


def test_the_last_way_out_is_taken_once_a_tweet() -> None:
    """It saves no operation, but all of that one's work for the other tokens."""

    def ranks(fusions: Fusions) -> list[int]:
        """Return of how many dimensions the inputs of the linear layers are, in order."""
        interpreter = Interpreter(model_content=model("fp32", fusions))
        tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
        return [
            len(tensors[operation["inputs"][0]]["shape"])
            for operation in operations(model("fp32", fusions))
            if operation["op_name"] == "FULLY_CONNECTED"
        ]

    assert [3, 2] == ranks(FUSIONS - {"mean"})[-2:]
    assert [2, 2] == ranks(FUSIONS)[-2:]


def test_what_each_fusion_leaves() -> None:
    """No norm, no projection of an input that another reads, no scale, no layout by shape."""
    layers, stacks = 3, 2
    fused, unfused = kinds(model("fp32", FUSIONS)), kinds(model("fp32", NO_FUSIONS))

    # Entry, query and key, context, the stacks and the way out; the projection, the tasks' heads.
    assert layers * (4 + 2 * stacks) + 2 == fused.count("FULLY_CONNECTED")
    assert layers * (7 + 2 * stacks) + 3 == unfused.count("FULLY_CONNECTED")
    assert not {"RESHAPE", "TRANSPOSE", "SHAPE", "RELU", "SPLIT_V"} & set(fused)
    assert layers * 4 == unfused.count("TRANSPOSE")
    # A norm of the embedding, and those of both streams; the converter folds a scale by itself.
    assert 1 + layers * (2 + stacks) <= unfused.count("MUL")
    # Of the mask, of the types, and for each of the two means.
    assert 4 == fused.count("MUL")


def test_all_of_it_is_for_xnnpack() -> None:
    """What computes is in one piece: nothing in a layer is left for slower kernels."""
    interpreter = Interpreter(model_content=model("int8", FUSIONS))
    run = interpreter.get_signature_runner()
    ids, types = questions(2, 9)
    run(input_ids=ids, token_type_ids=types)
    names = [operation["op_name"] for operation in interpreter._get_ops_details()]

    assert 1 <= names.count("DELEGATE") <= 2


def test_folded_norms_cannot_be_kept_apart(network: Network) -> None:
    """Said, rather than measured wrongly; folded twice is folded once."""
    once = folded(network, POSITIONS)

    assert once is fold(once)
    with pytest.raises(TrainingError, match="folded already"):
        flatbuffer(once, "fp32", (), FUSIONS - {"norm"})


def test_told_apart_by_flags(tmp_path: Path) -> None:
    """The command takes them, and the model's card says how to make that file again."""
    write_student(tmp_path / "student")
    arguments = [str(tmp_path / "student"), "--output", str(tmp_path / "model")]
    flags = ["--without", "norm", "--without", "projections"]
    result = CliRunner().invoke(export, [*arguments, *flags])
    assert 0 == result.exit_code, result.output
    made = Model.load(tmp_path / "model").flatbuffer

    assert " ".join(flags) in (tmp_path / "model" / "model.toml").read_text()
    assert 2 * (3 + 2 + 1 + 2 * 2 + 1) + 3 == kinds(made).count("FULLY_CONNECTED")


def test_every_fusion_is_explained() -> None:
    """The table of the fusions says what each is."""
    assert set(FUSIONS) == set(GAINS)
