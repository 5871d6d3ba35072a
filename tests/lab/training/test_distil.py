"""Distillation of a student."""

import json
import os
import random
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.data import Example, TweetSplit
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.training import distil as distillation
from monitor.lab.training import network as networks
from monitor.lab.training import teacher
from monitor.lab.training.distil import (
    DistilSettings,
    distil,
    hidden_loss,
    mixture,
    soft_loss,
    thinned,
)
from monitor.lab.training.student import structure_in
from monitor.lab.training.teacher import TeacherSettings
from tests.lab.training.conftest import WORDS
from tests.lab.training.test_student import TOY

SETTINGS = DistilSettings(TOY, examples=64, batch=4, learning_rate=1e-3)


@pytest.fixture
def taught(data: Path, tiny_bert: Path, tmp_path: Path) -> Path:
    """A teacher, hardly trained."""
    settings = TeacherSettings(str(tiny_bert), epochs=0.2, batch=4, vocabulary=0)
    teacher.train([data], tmp_path / "teacher", settings)
    return tmp_path / "teacher"


def test_interrupted_distillation_ends_with_the_same_weights(
    data: Path, taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped by Ctrl-C and run again, the whole of distillation gives the same file."""
    distil([data], taught, tmp_path / "straight", SETTINGS)
    calls = 0

    def interrupting(
        ours: list[torch.Tensor], theirs: list[torch.Tensor], mask: torch.Tensor
    ) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return hidden_loss(ours, theirs, mask)

    monkeypatch.setattr(distillation, "hidden_loss", interrupting)
    with pytest.raises(Interrupted):
        distil([data], taught, tmp_path / "resumed", SETTINGS)
    distil([data], taught, tmp_path / "resumed", SETTINGS)

    straight = (tmp_path / "straight" / "model.safetensors").read_bytes()
    assert straight == (tmp_path / "resumed" / "model.safetensors").read_bytes()


def test_mobilebert_can_be_the_teacher(data: Path, tiny_mobilebert: Path, tmp_path: Path) -> None:
    """A fine-tuned MobileBERT teaches a smaller one of its depth and width."""
    settings = TeacherSettings(str(tiny_mobilebert), epochs=0.2, batch=4, vocabulary=0)
    teacher.train([data], tmp_path / "teacher", settings)
    shape = replace(TOY, hidden=32)
    record = distil(
        [data], tmp_path / "teacher", tmp_path / "s", replace(SETTINGS, structure=shape)
    )

    assert {"reputation", "sentiment"} == set(record["calibration"])
    curve = (tmp_path / "s" / "curve.jsonl").read_text().splitlines()
    assert record["dev"] == json.loads(curve[-1])["dev"]
    assert record["teacher"]["settings"]["checkpoint"] == str(tiny_mobilebert)


def test_other_depth_learns_answers_only(
    data: Path, taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where layers cannot be matched one to one, hidden states are left alone."""

    def refuse(*_: object) -> torch.Tensor:
        raise AssertionError

    monkeypatch.setattr(distillation, "hidden_loss", refuse)
    deeper = replace(SETTINGS, structure=replace(TOY, layers=3))
    record = distil([data], taught, tmp_path / "s", deeper)

    assert {"reputation", "sentiment"} == set(record["calibration"])


@pytest.mark.parametrize(("wanted", "vocabulary"), [(20, 20), (3, 15), (20_181, len(WORDS))])
def test_other_vocabulary(
    data: Path, taught: Path, tmp_path: Path, wanted: int, vocabulary: int
) -> None:
    """A student may know fewer words; what is written is what is there, in each place."""
    fewer = replace(SETTINGS, structure=replace(TOY, vocabulary=wanted))
    distil([data], taught, tmp_path / "s", fewer)
    _, tokenizer, _ = networks.load(tmp_path / "s")

    assert vocabulary == tokenizer.get_vocab_size()
    assert replace(TOY, vocabulary=vocabulary) == structure_in(tmp_path / "s")


@pytest.mark.parametrize("vocabulary", [20, TOY.vocabulary])
def test_further_training(
    data: Path,
    taught: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vocabulary: int,
) -> None:
    """A student goes on as it is: its words, its features, its weights."""
    structure = replace(TOY, vocabulary=vocabulary)
    distil([data], taught, tmp_path / "s", replace(SETTINGS, structure=structure))
    monkeypatch.setattr(distillation, "hidden_loss", None)
    monkeypatch.setattr(distillation, "fresh", None)
    standing = replace(SETTINGS, structure=structure_in(tmp_path / "s"), learning_rate=1e-12)
    again = tmp_path / "again"
    distil([data], taught, again, standing, start=tmp_path / "s")
    (before, tokenizer, _), (after, same, _) = networks.load(tmp_path / "s"), networks.load(again)

    assert tokenizer.to_str() == same.to_str()
    theirs = after.state_dict()
    for name, value in before.state_dict().items():
        assert torch.allclose(value, theirs[name], atol=1e-6), name
    # From another start it is another run.
    with pytest.raises(TrainingError, match="made with other settings or data"):
        distil([data], taught, again, standing, start=again)


def test_unfinished_teacher(data: Path, tmp_path: Path) -> None:
    """A folder without weights is refused."""
    with pytest.raises(TrainingError, match="no finished network"):
        distil([data], tmp_path, tmp_path / "s", SETTINGS)


def test_mixture_keeps_its_shares() -> None:
    """Few reputation tweets come several times, all equally often."""
    tweets = TweetSplit(
        replab=[Example(f"r{i}", "e", reputation=1) for i in range(5)],
        targeted=[Example(f"t{i}", "e", reputation=1) for i in range(50)],
        general=[Example(f"g{i}", sentiment=1) for i in range(50)],
        unlabelled=[Example(f"u{i}") for i in range(50)],
    )
    shown = mixture(tweets, replace(SETTINGS, examples=100), random.Random(0))

    kinds = Counter(example.text[0] for example in shown)
    assert {"r": 20, "t": 10, "g": 35, "u": 35} == kinds
    assert {4} == {sum(e.text == f"r{i}" for e in shown) for i in range(5)}


def test_mixture_of_what_there_is() -> None:
    """An owner's own tweets alone fill the whole run."""
    tweets = TweetSplit(replab=[Example("r", "e", reputation=1)])

    assert 64 == len(mixture(tweets, SETTINGS, random.Random(0)))


@given(
    first=st.integers(2, 20), second=st.integers(0, 8), share=st.floats(0, 1), seed=st.integers()
)
def test_thinning_keeps_the_form(first: int, second: int, share: float, seed: int) -> None:
    """[CLS], both [SEP] and the order stay, and the count of the first part stays true."""
    ids = list(range(first + second))
    (thin, kept), whole = thinned([(ids, first), (ids, first)], share, random.Random(seed))

    assert (ids, first) == whole
    assert sorted(set(thin)) == thin
    assert {0, first - 1, len(ids) - 1} <= set(thin)
    assert kept == sum(index < first for index in thin)


def test_losses_are_zero_for_a_perfect_student() -> None:
    """The same states and answers cost nothing; zero states cost 1; padding does not count."""
    states = [torch.randn(2, 3, 4) for _ in range(3)]
    mask = torch.tensor([[True, True, False], [True, True, True]])
    logits = {task: torch.randn(2, 3) for task in ("reputation", "sentiment")}
    spoilt = [state.clone() for state in states]
    for state in spoilt:
        state[0, 2] = 99.0

    assert 0.0 == hidden_loss(spoilt, states, mask).item()
    zeros = [torch.zeros_like(state) for state in states]
    assert pytest.approx(1.0) == hidden_loss(zeros, states, mask).item()
    assert pytest.approx(0.0, abs=1e-6) == soft_loss(logits, logits).item()
