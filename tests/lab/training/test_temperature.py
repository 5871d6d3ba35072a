"""Calibration by a temperature."""

from pathlib import Path

import numpy as np
import pytest
import torch

from monitor.lab.data import Example
from monitor.lab.training import network as networks
from monitor.lab.training import temperature
from monitor.lab.training.tokenization import build
from tests.lab.training.conftest import WORDS


def sampled(factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that are ``factor`` too sure, and labels drawn by the true probabilities."""
    chance = np.random.default_rng(0)
    true = chance.normal(0.0, 1.5, (5_000, 3))
    odds = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = (chance.random((5_000, 1)) > odds.cumsum(axis=1)).sum(axis=1)
    return true * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 3.5])
def test_overconfidence_is_found(factor: float) -> None:
    """Logits that were multiplied get that number back as their temperature."""
    logits, labels = sampled(factor)

    assert pytest.approx(factor, rel=0.05) == temperature.fit(logits, labels)


def test_best_temperature_beats_its_neighbours() -> None:
    """It is where held-out labels are most likely."""
    logits, labels = sampled(2.0)
    best = temperature.fit(logits, labels)

    for other in (best * 0.9, best * 1.1):
        assert temperature.surprise(logits, labels, best) < temperature.surprise(
            logits, labels, other
        )


def test_applied_temperature_divides_the_logits(tiny_bert: Path) -> None:
    """The network's own answers become the calibrated ones; no label changes."""
    network = networks.pretrained(str(tiny_bert)).eval()
    ids = torch.tensor([[2, 10, 11, 3]])
    with torch.no_grad():
        before, _ = network(ids, torch.zeros_like(ids))
        temperature.apply(network, {"reputation": {"temperature": 2.0}})
        after, _ = network(ids, torch.zeros_like(ids))

    assert torch.allclose(before["reputation"] / 2, after["reputation"], atol=1e-6)
    assert torch.equal(before["sentiment"], after["sentiment"])


def test_confusion_is_kept(tiny_bert: Path) -> None:
    """Every held-out label counts once, for its task alone."""
    network = networks.pretrained(str(tiny_bert))
    tokenizer = build({word: i for i, word in enumerate(WORDS)})
    dev = {
        "a": [Example("love it", "car", reputation=2), Example("hate it", "car", reputation=0)],
        "b": [Example("the car", sentiment=1)],
    }
    found = temperature.calibrate(network, tokenizer, dev, max_length=16)

    assert (2, 1) == (found["reputation"]["tweets"], found["sentiment"]["tweets"])
    assert [1, 0, 1] == [sum(row) for row in found["reputation"]["confusion"]]


def test_shares_are_fitted_where_entities_allow(tiny_bert: Path) -> None:
    """Held-out tweets of ten entities do; labels of sentiment toward them do not count."""
    network = networks.pretrained(str(tiny_bert))
    tokenizer = build({word: i for i, word in enumerate(WORDS)})
    tweets = [
        Example(text, f"brand {number}", reputation=label)
        for number in range(10)
        for label, text in enumerate(["hate it", "the car", "love it"])
        for text in (text, f"my {text}")
    ]
    enough = temperature.calibrate(network, tokenizer, {"mine": tweets}, max_length=16)
    other = temperature.calibrate(network, tokenizer, {"targeted": tweets}, max_length=16)
    few = temperature.calibrate(network, tokenizer, {"mine": tweets[:-2]}, max_length=16)

    assert (10, 60) == tuple(enough["reputation"]["shares"][key] for key in ("entities", "tweets"))
    assert "shares" not in other["reputation"]
    assert "shares" not in few["reputation"]
