"""Adapters: little is learnt, little is kept, and the teacher can be had again."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from monitor.lab.errors import TrainingError
from monitor.lab.training import adapters, marked
from monitor.lab.training import network as networks
from monitor.lab.training.marked import MarkedSettings
from monitor.lab.training.network import Network

SETTINGS = MarkedSettings("", passes=0.002, batch=16, rank=4, learning_rate=1e-2)


def _answers(network: Network) -> torch.Tensor:
    ids = torch.tensor([[2, 5, 8, 9, 3, 5, 3]])
    with torch.inference_mode():
        logits, _ = network.eval()(ids, torch.zeros_like(ids))
    return torch.cat([*logits.values()])


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_mpnet"])
def test_the_teacher_can_be_had_again(
    kind: str, collections: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From the file of adapters, the record, and the encoder that it began with."""
    settings = replace(SETTINGS, checkpoint=str(request.getfixturevalue(kind)))
    marked.train(collections, tmp_path / "whole", settings)
    (tmp_path / "kept").mkdir()
    for name in (adapters.FILE, "training.json"):
        shutil.copy(tmp_path / "whole" / name, tmp_path / "kept")
    network, tokenizer, record = adapters.load(tmp_path / "kept")
    whole, _, expected = networks.load(tmp_path / "whole")

    assert expected == record
    assert "[TARGET]" in tokenizer.get_vocab()
    torch.testing.assert_close(_answers(network), _answers(whole), atol=1e-2, rtol=1e-2)


def test_only_adapters_marks_and_heads_learn(tiny_mpnet: Path) -> None:
    """They change nothing at first, and nothing else changes."""
    torch.manual_seed(0)
    network, _ = adapters.begin(str(tiny_mpnet), 2)
    before = {name: value.clone() for name, value in network.named_parameters()}
    answers = _answers(network)
    learnt = [name for name, value in network.named_parameters() if value.requires_grad]
    assert all("lora_" in n or "token_adapter" in n or n.startswith("heads.") for n in learnt)
    assert any("token_adapter" in name for name in learnt)

    ids = torch.tensor([[2, 5, 8, 9, 3, 5, 3]])
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    network(ids, torch.zeros_like(ids))[0]["reputation"][0, 0].backward()
    optimizer.step()
    assert not torch.allclose(answers, _answers(network))
    moved = {n for n, value in network.named_parameters() if not torch.equal(value, before[n])}
    assert moved <= set(learnt)

    unchanged = networks.pretrained(str(tiny_mpnet))
    assert sum(v.numel() for v in unchanged.parameters()) > sum(before[n].numel() for n in learnt)


def test_adapters_of_another_encoder(
    collections: Path, tmp_path: Path, tiny_bert: Path, tiny_mpnet: Path
) -> None:
    """They are refused."""
    marked.train(collections, tmp_path / "made", replace(SETTINGS, checkpoint=str(tiny_bert)))
    network, _ = adapters.begin(str(tiny_mpnet), 4)

    with pytest.raises(TrainingError, match="another encoder"):
        adapters.restore(network, tmp_path / "made")


def test_nothing_there(tmp_path: Path) -> None:
    """A folder without a teacher says so."""
    with pytest.raises(TrainingError, match="no finished network"):
        adapters.load(tmp_path)
