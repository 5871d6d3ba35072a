"""The ONNX file against the network it was made from."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MobileBertConfig

from monitor.lab.comparison import onnx, stock
from monitor.lab.errors import TrainingError
from monitor.verdict import TASKS
from tests.lab.training.test_fold import inputs, random_student

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.mark.parametrize(("quantized", "tolerance"), [(False, 1e-5), (True, 0.1)])
def test_same_answers_at_any_batch_and_length(
    quantized: bool, tolerance: float, tmp_path: Path
) -> None:
    """One file takes every shape, padded or not, and answers as PyTorch does."""
    network = random_student().float()
    with torch.no_grad():  # tame enough to be quantized
        for parameter in network.parameters():
            parameter.mul_(0.5)
    onnx.write(network, tmp_path / "toy.onnx", quantized=quantized)
    session = onnxruntime.InferenceSession(tmp_path / "toy.onnx")

    assert [*TASKS] == [output.name for output in session.get_outputs()]
    for batch, length in ((4, 9), (1, 3), (7, 16)):
        ids, types = inputs(batch, length)
        answers = session.run(None, {"input_ids": ids, "token_type_ids": types})
        with torch.no_grad():
            logits, _ = network(torch.from_numpy(ids), torch.from_numpy(types))
        for task, found in zip(TASKS, answers, strict=True):
            assert np.abs(logits[task].softmax(-1).numpy() - found).max() < tolerance


def test_sequence_classifier(tmp_path: Path) -> None:
    """The yardstick, which has one head and a pooler, goes the same way and is left as it was."""
    network = stock.untrained(
        MobileBertConfig(vocab_size=30, hidden_size=32, num_hidden_layers=2, embedding_size=16)
    )
    attention = network.config._attn_implementation
    onnx.write(network, tmp_path / "stock.onnx", quantized=False)
    session = onnxruntime.InferenceSession(tmp_path / "stock.onnx")
    ids, types = inputs(3, 8)
    ids %= 30
    ids[ids == 0] = 0
    (found,) = session.run(None, {"input_ids": ids, "token_type_ids": types})
    with torch.no_grad():
        logits = network(
            input_ids=torch.from_numpy(ids),
            token_type_ids=torch.from_numpy(types),
            attention_mask=torch.from_numpy(ids != 0).long(),
        ).logits

    assert attention == network.config._attn_implementation
    assert np.abs(logits.softmax(-1).numpy() - found).max() < 1e-5


@pytest.mark.parametrize("package", ["onnx", "onnxruntime.quantization"])
def test_missing_extra(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its libraries the message says what to install."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(TrainingError, match=r"tweet-reputation-monitor\[compare\]"):
        onnx.write(random_student(), tmp_path / "toy.onnx", quantized=False)
