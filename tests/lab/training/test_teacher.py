"""Fine-tuning of a pretrained encoder."""

import json
import os
import random
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from transformers import GPT2Config

from monitor.lab.data import Example
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training import teacher
from monitor.lab.training.batches import Batch, collate
from monitor.lab.training.teacher import TeacherSettings, label_loss, without_entity_at_random
from tests.lab.training.conftest import WORDS


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_mobilebert", "tiny_mpnet", "tiny_roberta"])
def test_from_any_checkpoint_of_the_families(
    kind: str, data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Checkpoints of each family are fine-tuned alike, and load again as they were saved."""
    checkpoint = str(request.getfixturevalue(kind))
    settings = TeacherSettings(checkpoint, vocabulary=50, epochs=0.5, batch=4)
    record = teacher.train([data], tmp_path / "teacher", settings)
    network, tokenizer, saved = networks.load(tmp_path / "teacher")

    assert json.loads(json.dumps(record)) == saved
    assert 0 <= record["dev"]["sentiment_sentiment"]["accuracy"] <= 1
    assert {"reputation", "sentiment"} == set(record["calibration"])
    assert tokenizer.get_vocab_size() == cast(Any, network.encoder).config.vocab_size
    assert not (tmp_path / "teacher" / "checkpoint.pt").exists()
    ids = torch.tensor([tokenizer.encode("love my car", "Veloria").ids])
    logits, states = network(ids, torch.zeros_like(ids))
    assert {"reputation", "sentiment"} == set(logits)
    assert 3 == len(states)


def test_same_seed_same_weights(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """A run can be repeated."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.3, batch=4, seed=5)
    teacher.train([data], tmp_path / "a", settings)
    teacher.train([data], tmp_path / "b", settings)

    first = (tmp_path / "a" / "model.safetensors").read_bytes()
    assert first == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_finished_run_is_not_repeated(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """The same command again does nothing; with other settings it is refused."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.2, batch=4)
    record = teacher.train([data], tmp_path / "t", settings)
    made = (tmp_path / "t" / "model.safetensors").stat().st_mtime_ns

    again = teacher.train([data], tmp_path / "t", settings)
    assert json.loads(json.dumps(record)) == again
    assert made == (tmp_path / "t" / "model.safetensors").stat().st_mtime_ns
    with pytest.raises(TrainingError, match="other settings"):
        teacher.train([data], tmp_path / "t", replace(settings, seed=9))


def test_no_checkpoint_there(data: Path, tmp_path: Path) -> None:
    """One line says what could not be loaded."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"cannot start from .*empty"):
        teacher.train([data], tmp_path / "t", TeacherSettings(str(tmp_path / "empty")))


def test_other_family_is_refused(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """A checkpoint that is no BERT is told from one, with what is supported."""
    GPT2Config(vocab_size=len(WORDS)).save_pretrained(tiny_bert)
    settings = TeacherSettings(str(tiny_bert), epochs=0.1)
    with pytest.raises(TrainingError, match="family 'gpt2'; supported are bert, mobilebert"):
        teacher.train([data], tmp_path / "t", settings)


def test_padding_changes_nothing(tiny_bert: Path) -> None:
    """A tweet gets the same logits alone and padded in a batch."""
    network = networks.pretrained(str(tiny_bert)).eval()
    long, short = ([2, 10, 11, 12, 13, 3], 6), ([2, 9, 3], 3)
    both = collate([Example("a"), Example("b")], [long, short])
    alone = collate([Example("b")], [short])
    with torch.no_grad():
        padded, _ = network(both.input_ids, both.token_type_ids)
        single, _ = network(alone.input_ids, alone.token_type_ids)

    assert torch.allclose(single["sentiment"][0], padded["sentiment"][1], atol=1e-5)


def test_only_sentiment_loses_its_entity() -> None:
    """Without an entity, a tweet's mood stands for what it does to a reputation."""
    examples = [Example("a", "e", reputation=0, sentiment=1), Example("b", "e", reputation=1)]
    result = without_entity_at_random(examples, 1.0, random.Random(0))

    assert [Example("a", None, 1, 1), examples[1]] == result
    assert examples == without_entity_at_random(examples, 0.0, random.Random(0))


def test_interrupted_run_ends_with_the_same_weights(
    data: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle and run again, with dropout and all, nothing changes."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.3, batch=4)
    teacher.train([data], tmp_path / "straight", settings)
    calls = 0

    def stopping(logits: dict[str, Tensor], batch: Batch, smoothing: float) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return label_loss(logits, batch, smoothing)

    with monkeypatch.context() as patch:
        patch.setattr(teacher, "label_loss", stopping)
        with pytest.raises(Interrupted):
            teacher.train([data], tmp_path / "resumed", settings)
    teacher.train([data], tmp_path / "resumed", settings)

    straight = (tmp_path / "straight" / "model.safetensors").read_bytes()
    assert straight == (tmp_path / "resumed" / "model.safetensors").read_bytes()


def test_loss_ignores_what_has_no_label() -> None:
    """An unlabelled batch costs nothing and gives no gradient that is not a number."""
    batch = collate([Example("a"), Example("b", sentiment=0)], [([2, 3], 2), ([2, 3], 2)])
    logits = {task: torch.zeros(2, 3) for task in ("reputation", "sentiment")}

    assert torch.allclose(torch.tensor(3.0).log() / 2, label_loss(logits, batch, 0.0))
