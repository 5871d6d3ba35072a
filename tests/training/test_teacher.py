"""Fine-tuning of a pretrained encoder."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from monitor.training import network as networks
from monitor.training import teacher
from monitor.training.batches import collate
from monitor.training.data import Example
from monitor.training.errors import TrainingError
from monitor.training.teacher import TeacherSettings, label_loss, without_entity_at_random


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_mobilebert"])
def test_from_any_checkpoint_of_the_family(
    kind: str, data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """BERT and MobileBERT checkpoints are fine-tuned alike, and load again as they were saved."""
    checkpoint = str(request.getfixturevalue(kind))
    settings = TeacherSettings(checkpoint, epochs=0.5, batch=4, dev_share=0.25)
    record = teacher.train(data, tmp_path / "teacher", settings)
    network, tokenizer, saved = networks.load(tmp_path / "teacher")

    assert record == saved
    assert 27 == record["examples"]
    assert 18 == record["held_out"]
    assert 0 <= record["dev"]["sentiment_accuracy"] <= 1
    assert not (tmp_path / "teacher" / "checkpoint.pt").exists()
    ids = torch.tensor([tokenizer.encode("love my car", "Veloria").ids])
    logits, states = network(ids, torch.zeros_like(ids))
    assert {"reputation", "sentiment"} == set(logits)
    assert 3 == len(states)


def test_same_seed_same_weights(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """A run can be repeated."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.3, batch=4, seed=5)
    teacher.train(data, tmp_path / "a", settings)
    teacher.train(data, tmp_path / "b", settings)

    first = (tmp_path / "a" / "model.safetensors").read_bytes()
    assert first == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_finished_run_is_not_repeated(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """The same command again does nothing; with other settings it is refused."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.2, batch=4)
    record = teacher.train(data, tmp_path / "t", settings)
    made = (tmp_path / "t" / "model.safetensors").stat().st_mtime_ns

    assert record == teacher.train(data, tmp_path / "t", settings)
    assert made == (tmp_path / "t" / "model.safetensors").stat().st_mtime_ns
    with pytest.raises(TrainingError, match="other settings"):
        teacher.train(data, tmp_path / "t", replace(settings, seed=9))


def test_no_checkpoint_there(data: Path, tmp_path: Path) -> None:
    """One line says what could not be loaded."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no vocabulary in"):
        teacher.train(data, tmp_path / "t", TeacherSettings(str(tmp_path / "empty")))


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
    """Reputation is of an entity: without one there is nothing to learn."""
    examples = [Example("a", "e", sentiment=1), Example("b", "e", reputation=1)]
    result = without_entity_at_random(examples, 1.0, random.Random(0))

    assert [None, "e"] == [example.entity for example in result]


def test_loss_ignores_what_has_no_label() -> None:
    """An unlabelled batch costs nothing and gives no gradient that is not a number."""
    batch = collate([Example("a"), Example("b", sentiment=0)], [([2, 3], 2), ([2, 3], 2)])
    logits = {task: torch.zeros(2, 3) for task in ("reputation", "sentiment")}

    assert torch.allclose(torch.tensor(3.0).log() / 2, label_loss(logits, batch, 0.0))
