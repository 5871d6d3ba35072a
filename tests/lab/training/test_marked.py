"""A teacher on the mixture, with the target marked."""

import json
import math
import os
import random
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from monitor.lab.data import Example
from monitor.lab.errors import Interrupted
from monitor.lab.training import batches, marked
from monitor.lab.training import network as networks
from monitor.lab.training.loop import LoopSettings, optimizer_of, shares
from monitor.lab.training.marked import MarkedSettings, lesson, log_shares
from monitor.lab.training.mixture import Mixture, MixtureRow
from monitor.tweets import Entity

SETTINGS = MarkedSettings("", passes=0.002, batch=16, leave_out=False)
ROW = MixtureRow(
    "compsent19", "Veloria beats Orla", "Veloria", (Entity("Veloria"), Entity("Orla")), 2
)


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_mpnet"])
def test_trained_and_trained_further(
    kind: str, collections: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """From a pretrained encoder to a teacher, and from that to another; each says how it fares."""
    settings = replace(SETTINGS, checkpoint=str(request.getfixturevalue(kind)))
    record = marked.train(collections, tmp_path / "first", settings)
    network, tokenizer, saved = networks.load(tmp_path / "first")

    assert json.loads(json.dumps(record)) == saved
    assert {"tweeteval", "brands"} <= set(record["dev"])
    assert 0 <= record["dev"]["brands"]["known_shares"]["accuracy"] <= 1
    assert "reputation" == record["dev"]["brands"]["task"]
    assert 0 != tokenizer.token_to_id("[TARGET]")
    assert not (tmp_path / "first" / "checkpoint.pt").exists()
    assert saved == marked.train(collections, tmp_path / "first", settings)  # does nothing

    further = replace(settings, checkpoint=str(tmp_path / "first"), seed=1, learning_rate=1e-9)
    marked.train(collections, tmp_path / "second", further)
    after, _, again = networks.load(tmp_path / "second")
    assert saved["settings"] == again["start"]["settings"]
    ids = torch.tensor([tokenizer.encode("[TARGET] good car", "[TARGET]").ids])
    moved = {
        task: torch.tensor(again["shares"][task][""]) - torch.tensor(saved["shares"][task][""])
        for task in ("reputation", "sentiment")
    }
    with torch.no_grad():
        before, _ = network(ids, torch.zeros_like(ids))
        now, _ = after(ids, torch.zeros_like(ids))
    for task, by in moved.items():  # only the mean shares in the heads have moved
        assert torch.allclose(now[task], before[task] + by, atol=1e-4)


def test_interrupted_run_ends_with_the_same_weights(
    collections: Path, tiny_mpnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle and run again, nothing changes."""
    settings = replace(SETTINGS, checkpoint=str(tiny_mpnet))
    marked.train(collections, tmp_path / "straight", settings)
    calls = 0

    def stopping(*arguments: Any) -> Any:  # noqa: ANN401
        nonlocal calls
        calls += 1
        if calls == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return batches.collate(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(marked, "collate", stopping)
        with pytest.raises(Interrupted):
            marked.train(collections, tmp_path / "resumed", settings)
    marked.train(collections, tmp_path / "resumed", settings)

    straight = (tmp_path / "straight" / "model.safetensors").read_bytes()
    assert straight == (tmp_path / "resumed" / "model.safetensors").read_bytes()


def test_most_mentions_are_marked() -> None:
    """A few stay as a matcher that misses them leaves them; the question is always the mark."""
    chance = random.Random(0)
    shown = [lesson(ROW, "marked", chance) for _ in range(1000)]
    texts = Counter(example.text for example in shown)

    assert {"[TARGET]"} == {example.entity for example in shown}
    assert 500 < texts["[TARGET] beats [OTHER]"] < 750
    assert 200 < texts["[TARGET] beats Orla"] < 350
    assert texts["Veloria beats Orla"] > 0
    assert texts["@user beats [OTHER]"] > 0


def test_other_namings() -> None:
    """Names as they are, or exchanged in text and question alike."""
    chance = random.Random(0)

    assert Example("Veloria beats Orla", "Veloria", 2) == lesson(ROW, "names", chance)
    exchanged = [lesson(ROW, "exchanged", chance) for _ in range(200)]
    for example in exchanged:
        assert example.entity is not None
        assert example.text.startswith(f"{example.entity} beats ")
    assert 30 < sum(example.entity == "Veloria" for example in exchanged) < 80


def test_general_tweets_are_asked_about_nobody_half_of_the_time() -> None:
    """Then the label of the whole tweet is the label of both tasks."""
    row = MixtureRow("semeval_A_train", "love Orla", "Orla", (Entity("Orla"),), 1, 2)
    chance = random.Random(0)
    shown = Counter(lesson(row, "marked", chance).entity for _ in range(400))

    assert 150 < shown[None] < 250
    nobody = next(e for e in (lesson(row, "marked", chance) for _ in range(99)) if not e.entity)
    assert (2, 2) == (nobody.reputation, nobody.sentiment)


def test_a_pass_has_its_share_of_each_collection() -> None:
    """A small collection comes more often, a large one in part."""
    mixture = Mixture(
        {
            "kaggle_tse": [
                MixtureRow("kaggle_tse", str(i), None, (), -100, 1) for i in range(9000)
            ],
            "complaints": [MixtureRow("complaints", str(i), "E", (), 0) for i in range(10)],
        }
    )
    shown, groups = marked.lessons(mixture, replace(SETTINGS, passes=0.1), random.Random(0))

    assert {"kaggle_tse": 700, "complaints": 360} == Counter(groups)
    assert 700 == len({example.text for example in shown if example.entity is None})
    assert {1} == {example.reputation for example in shown if example.entity is None}


def test_shares_of_labels() -> None:
    """Logs of shares, a small group's near to its collection's, none of them impossible."""
    examples = [Example("t", "e", 2)] * 90 + [Example("t", "e", 0)] * 10 + [Example("t", "e", 0)]
    groups = ["replab:A"] * 100 + ["replab:B"]
    found = {
        g: [math.exp(v) for v in logs]
        for g, logs in log_shares(examples, groups, "reputation").items()
    }

    assert {"", "replab", "replab:A", "replab:B"} == set(found)
    for group in found.values():
        assert pytest.approx(1, abs=1e-3) == sum(group)
        assert min(group) > 0.03
    assert pytest.approx(0.9 * 90 / 101 + 0.1 / 3, abs=1e-3) == found["replab"][2]
    assert found["replab:B"][0] < 0.2  # one example of its own, and thirty as the collection has
    assert {} == log_shares(examples, groups, "sentiment")


def test_rates_fall_towards_the_input(tiny_bert: Path) -> None:
    """Each layer has its share of the rate, the heads more than all."""
    settings = LoopSettings(1e-3, layer_decay=0.5, head_rate=5.0)
    network = networks.pretrained(str(tiny_bert))
    found = shares(network, settings)

    assert 5.0 == found["heads.reputation.weight"]
    assert 1.0 == found["encoder.encoder.layer.1.output.dense.bias"]
    assert 0.5 == found["encoder.encoder.layer.0.output.dense.bias"]
    assert 0.25 == found["encoder.embeddings.word_embeddings.weight"]
    groups = optimizer_of(network, settings).param_groups
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    assert {(5.0, 0.01), (5.0, 0.0), (0.25, 0.01)} <= {
        (group["share"], group["weight_decay"]) for group in groups
    }
