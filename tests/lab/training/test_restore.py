"""A model's file as a network again."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.errors import TrainingError
from monitor.lab.options import CUT_FROM
from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training import plain_graph
from monitor.lab.training.export import PROBES, answers_of_file, answers_of_network, folded
from monitor.lab.training.fold import Folded
from monitor.lab.training.fusion import FUSIONS, Fusion
from monitor.lab.training.graph import flatbuffer
from monitor.lab.training.mixture import marked
from monitor.lab.training.plain import is_plain
from monitor.lab.training.plain_layers import layers_of
from monitor.lab.training.restore import folded_of, network_in, network_of_file, restore
from monitor.lab.training.student import fresh
from monitor.lab.training.unfold import structure_of
from monitor.lab.training.variants import Variant
from monitor.verdict import TASKS
from tests.lab.training.test_export import write_plain
from tests.lab.training.test_fold import forward

NARROW = Structure(
    layers=2,
    hidden=96,
    bottleneck=32,
    heads=4,
    intermediate=64,
    stacks=2,
    embedding=32,
    positions=16,
    vocabulary=64,
)


def network(structure: Structure) -> Folded:
    """Return a network of ``structure`` that answers decidedly, biases and all."""
    torch.manual_seed(0)
    student = fresh(structure).eval()
    with torch.no_grad():
        for name, parameter in student.named_parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.randn_like(parameter) * parameter.shape[1] ** -0.5)
            elif not name.endswith("LayerNorm.weight"):
                parameter.copy_(0.1 * torch.randn_like(parameter))
    return folded(student, structure.positions)


@pytest.mark.parametrize("name", [CUT_FROM, DEFAULT_MODEL])
def test_the_models_of_the_repository(name: str) -> None:
    """Answers as the file does; the rest is what the interpreter does to activations."""
    model = Model.load(name)
    network, tokenizer = network_in(model.folder)
    probes = [marked(probe) for probe in PROBES]
    expected = answers_of_file(model.flatbuffer, tokenizer, probes, model.max_length)
    actual = answers_of_network(network, tokenizer, probes, model.max_length)

    config = cast(Any, network.encoder).config
    assert (6, 384, tokenizer.get_vocab_size(), name == CUT_FROM) == (
        config.num_hidden_layers,
        config.hidden_size,
        config.vocab_size,
        config.use_bottleneck,
    )
    assert max(np.abs(expected[task] - actual[task]).max() for task in TASKS) < 0.1


@pytest.mark.parametrize(
    "structure",
    [
        NARROW,
        replace(NARROW, hidden=64),  # twice the bottleneck, as wide as the feed-forward
        replace(NARROW, hidden=32, layers=3),  # as wide as the bottleneck
        replace(NARROW, heads=1, stacks=1, layers=1),
        replace(NARROW, heads=2, stacks=3, intermediate=96),
    ],
)
def test_any_structure(structure: Structure) -> None:
    """Whichever widths are equal, and however many heads: all as it was, but for the rounding."""
    arrays = network(structure)
    found = folded_of(flatbuffer(arrays, "int8"))
    random = np.random.default_rng(0)
    ids, types = random.integers(1, 64, (8, 12)), np.zeros((8, 12), np.int64)
    types[:, 8:] = 1

    assert structure == structure_of(found)
    assert np.abs(forward(arrays, ids, types) - forward(found, ids, types)).max() < 0.1


def test_fp32_is_exact() -> None:
    """A file that keeps its weights as trained gives them back."""
    arrays = network(NARROW)
    found = folded_of(flatbuffer(arrays, "fp32"))

    assert arrays.layers[1].exit.weight == pytest.approx(found.layers[1].exit.weight, abs=1e-6)
    assert NARROW == structure_of(found)


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_without_bottlenecks(variant: Variant, tiny_bert: Path, tmp_path: Path) -> None:
    """Such a file gives a network that answers as it does, too."""
    write_plain(tmp_path / "student", tiny_bert)
    before, _, _ = networks.load(tmp_path / "student")
    file = plain_graph.flatbuffer(layers_of(before, 128), variant)
    found = network_of_file(file)
    ids = torch.randint(5, 30, (4, 9))

    assert is_plain(found)
    with torch.inference_mode():
        expected, actual = (one.eval()(ids, ids % 2)[0]["reputation"] for one in (before, found))
    assert (expected - actual).abs().max() < (1e-4 if variant == "fp32" else 0.1)
    with pytest.raises(TrainingError, match="not of the kind"):
        folded_of(file)


def test_other_kinds_are_refused() -> None:
    """In one line."""
    with pytest.raises(TrainingError, match="not of the kind that monitor export writes") as caught:
        folded_of(flatbuffer(network(NARROW), "fp16"))

    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("missing", ["projections", "scale"])
def test_unfused_files_are_refused(missing: Fusion) -> None:
    """Rather than taken for something that they are not."""
    with pytest.raises(TrainingError, match="not of the kind"):
        folded_of(flatbuffer(network(NARROW), "int8", fusions=FUSIONS - {missing}))


def test_truncated(model: Model, tmp_path: Path) -> None:
    """A damaged file is told as the daemon tells it, in one line."""
    folder = tmp_path / "model"
    shutil.copytree(model.folder, folder)
    content = (folder / "model.tflite").read_bytes()
    (folder / "model.tflite").write_bytes(content[: len(content) // 2])
    with pytest.raises(TrainingError, match="SHA-256 is") as caught:
        restore(folder)

    assert 1 == len(str(caught.value).splitlines())


def test_no_model(tmp_path: Path) -> None:
    """A folder without one is told."""
    with pytest.raises(TrainingError, match="no model there"):
        restore(tmp_path)
