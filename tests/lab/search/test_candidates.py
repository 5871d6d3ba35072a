"""How accurate a structure is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from monitor.lab.data import Example, read
from monitor.lab.search.candidates import Candidates
from monitor.lab.search.supernet import Supernet
from monitor.lab.training.measure import measure
from monitor.lab.training.tokenization import Vocabulary, build, trimmed
from tests.lab.search.conftest import SPACE, TOY, toy
from tests.lab.training.conftest import TWEETS, WORDS


@pytest.fixture
def dev(data: Path) -> Mapping[str, list[Example]]:
    """The invented tweets that are held out, one part with labels of both tasks."""
    return {**read([data]).dev, "both": [Example("love it", "Veloria", 2, 1)] * 3}


@pytest.fixture
def candidates(dev: Mapping[str, list[Example]]) -> Candidates:
    """The structures of a toy, in two vocabularies."""
    tokenizer = build({word: index for index, word in enumerate(WORDS)})
    texts = [text for each in TWEETS.values() for text in each]
    tokens: dict[int, Vocabulary] = {
        size: trimmed(tokenizer, size, texts) for size in SPACE.vocabulary
    }
    return Candidates(Supernet(toy()), tokens, dev, 16)


def test_accuracy_is_that_of_the_network(
    candidates: Candidates, dev: Mapping[str, list[Example]]
) -> None:
    """Whoever measures the network that is written finds what the search found."""
    chance = random.Random(1)
    for _ in range(8):
        structure = SPACE.draw(TOY, chance)
        network, tokenizer = candidates.network(structure)
        figures = measure(network, tokenizer, dev, 16)
        expected = np.mean([part["macro_recall"] for part in figures.values()])

        assert isinstance(tokenizer, Tokenizer)
        assert structure.vocabulary == tokenizer.get_vocab_size()
        assert float(expected) == pytest.approx(candidates.accuracy(structure), abs=1e-4)
