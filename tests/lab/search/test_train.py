"""The training of a supernet."""

from __future__ import annotations

import os
import random
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from monitor.lab.data import TweetSplit, read
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.search import train
from monitor.lab.search.space import Space
from monitor.lab.search.supernet import Supernet, kept_layers
from monitor.lab.search.train import (
    SupernetSettings,
    described,
    in_order,
    load,
    prefix_loss,
    save,
    supernet_of,
)
from monitor.lab.structure import Structure
from monitor.lab.training.distil import soft_loss
from monitor.lab.training.fold import Folded
from monitor.lab.training.tokenization import Vocabulary, build
from tests.lab.search.conftest import SPACE, TOY, questions, toy
from tests.lab.training.conftest import WORDS
from tests.lab.training.test_restore import network as decided

SETTINGS = SupernetSettings(examples=48, batch=8, learning_rate=1e-2)

NETWORK = replace(TOY, hidden=16, intermediate=64)


@pytest.fixture
def tweets(data: Path) -> TweetSplit:
    """The invented tweets."""
    return read([data])


@pytest.fixture
def tokenizer() -> Tokenizer:
    """Of the toy world."""
    return build({word: index for index, word in enumerate(WORDS)})


def network() -> Folded:
    """Return an untrained network that answers decidedly."""
    return decided(NETWORK)


def test_prefix_loss() -> None:
    """Narrow states are held to the first features, of the same place, over tokens only."""
    theirs = {place: torch.randn(2, 3, 8) for place in range(4)}
    mask = torch.tensor([[True, True, False], [True, True, True]])
    same = {place: theirs[place][..., :5].clone() for place in (0, 2, 3)}
    for state in same.values():
        state[0, 2] = 99.0
    zeros = {place: torch.zeros(2, 3, 5) for place in (0, 3)}

    assert 0.0 == prefix_loss(same, theirs, mask).item()
    assert 1.0 == pytest.approx(prefix_loss(zeros, theirs, mask).item())
    assert 0.5 == pytest.approx(prefix_loss({0: same[0], 3: zeros[3]}, theirs, mask).item())


def test_round_trip(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """What is saved is loaded again: weights, structure, tokenizers, rows, record."""
    supernet = Supernet(toy())
    tokens = {len(WORDS): Vocabulary(tokenizer, list(range(len(WORDS))))}
    save(supernet, tokens, {"space": SPACE.record(), "seed": 3}, tmp_path)
    loaded, loaded_tokens, record = load(tmp_path)

    assert TOY == loaded.largest
    assert {"space": SPACE.record(), "seed": 3} == record
    assert (TOY, SPACE) == described(tmp_path)
    ours, theirs = supernet.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert tokens[len(WORDS)].rows == loaded_tokens[len(WORDS)].rows
    assert tokenizer.to_str() == loaded_tokens[len(WORDS)].tokenizer.to_str()


def test_a_full_disk_leaves_the_old_supernet(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Here the disk is full when half of the weights are written (a limit of the process)."""
    tokens = {len(WORDS): Vocabulary(tokenizer, list(range(len(WORDS))))}
    save(Supernet(toy(0)), tokens, {}, tmp_path)
    before = weights(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save(Supernet(toy(1)), tokens, {}, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert before == weights(tmp_path)


@pytest.mark.parametrize("ask", [load, described])
def test_nothing_there(tmp_path: Path, ask: Any) -> None:  # noqa: ANN401 (either function)
    """A folder without a supernet is told."""
    with pytest.raises(TrainingError, match="no finished supernet in "):
        ask(tmp_path)


def weights(folder: Path) -> bytes:
    """Return the supernet's file."""
    return (folder / "supernet.safetensors").read_bytes()


def test_interrupted_training_ends_with_the_same_weights(
    tmp_path: Path, tweets: TweetSplit, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped by Ctrl-C and run again, the same; done, it is taken as it is; all loss is finite."""
    supernet_of(network(), tokenizer, tweets, tmp_path / "straight", SETTINGS)
    calls = 0
    prefix = train.prefix_loss

    def interrupting(*arguments: Any) -> torch.Tensor:  # noqa: ANN401 (as it is)
        nonlocal calls
        calls += 1
        if calls == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return prefix(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(train, "prefix_loss", interrupting)
        with pytest.raises(Interrupted):
            supernet_of(network(), tokenizer, tweets, tmp_path / "resumed", SETTINGS)
    _, tokens, space = supernet_of(network(), tokenizer, tweets, tmp_path / "resumed", SETTINGS)
    assert weights(tmp_path / "straight") == weights(tmp_path / "resumed")
    assert not (tmp_path / "resumed" / "supernet.pt").exists()

    monkeypatch.setattr(train, "learn", None)
    again, same_tokens, same_space = supernet_of(
        network(), tokenizer, tweets, tmp_path / "resumed", SETTINGS
    )
    assert space == same_space
    assert sorted(tokens) == sorted(same_tokens) == list(space.vocabulary)
    assert all(parameter.isfinite().all() for parameter in again.parameters())
    # Words that are always kept make more than the 30 % of so few.
    assert [len(each.rows) for each in tokens.values()] == list(tokens)
    assert [each.tokenizer.get_vocab_size() for each in tokens.values()] == list(tokens)


def test_made_otherwise(tmp_path: Path, tweets: TweetSplit, tokenizer: Tokenizer) -> None:
    """A supernet of other settings or tweets is not taken for this one."""
    few = replace(SETTINGS, examples=8)
    supernet_of(network(), tokenizer, tweets, tmp_path, few)
    fewer = replace(tweets, unlabelled=tweets.unlabelled[1:])

    with pytest.raises(
        TrainingError, match="of another network, other settings or data; remove it"
    ):
        supernet_of(network(), tokenizer, tweets, tmp_path, replace(few, seed=1))
    with pytest.raises(
        TrainingError, match="of another network, other settings or data; remove it"
    ):
        supernet_of(network(), tokenizer, fewer, tmp_path, few)
    other = network()
    turned = replace(other, words=other.words[:, ::-1].copy())
    with pytest.raises(TrainingError, match="of another network, other settings or data"):
        supernet_of(turned, tokenizer, tweets, tmp_path, few)


def test_structures_learn(tmp_path: Path, tweets: TweetSplit, tokenizer: Tokenizer) -> None:
    """After some steps even the smallest answers more like the whole network than before."""
    untrained = Supernet(in_order(network(), tokenizer, tweets, 0)).eval()
    settings = replace(SETTINGS, examples=320, hard_weight=0.0, trimmed=0.0)
    trained, _, space = supernet_of(network(), tokenizer, tweets, tmp_path, settings)
    smallest, _ = space.ends(trained.largest)
    ((ids, types),) = questions(1)

    def off(supernet: Supernet) -> float:
        with torch.no_grad():
            ours, _ = supernet(smallest, ids, types)
            theirs, _ = untrained(untrained.largest, ids, types)
        return soft_loss(ours, theirs).item()

    assert off(trained) < 0.5 * off(untrained)


def test_each_space_is_inside_of_its_supernet() -> None:
    """Whatever is drawn can be cut out, and its layers are some of the supernet's."""
    whole = Structure(layers=5, hidden=384, bottleneck=128, intermediate=512, stacks=3)
    space = Space.within(whole)
    chance = random.Random(0)
    for _ in range(50):
        drawn = space.draw(whole, chance)
        assert set(kept_layers(drawn.layers, whole.layers)) <= set(range(whole.layers))
        assert drawn.bottleneck == 32 * drawn.heads
