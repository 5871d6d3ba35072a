"""Tweets as arrays."""

from pathlib import Path

import numpy as np

from monitor.lab.comparison.tokens import Tokens, tokens_of
from monitor.lab.data import Example
from monitor.lab.training.tokenization import build
from tests.lab.training.conftest import WORDS

EXAMPLES = [Example("love my car", "bank"), Example("hate it"), Example("a"), Example("no good")]


def tokens() -> Tokens:
    """Return the examples as the toy vocabulary has them."""
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    return tokens_of(build(vocabulary), EXAMPLES, max_length=16)


def test_text_and_entity() -> None:
    """[CLS] text [SEP] entity [SEP], the entity with type 1, padded to the longest."""
    found = tokens()

    assert (4, 7) == found.ids.shape == found.types.shape
    assert [0, 0, 0, 0, 0, 1, 1] == found.types[0].tolist()
    assert [7, 4, 3, 4] == (found.ids != 0).sum(axis=1).tolist()


def test_typical_tweets_are_as_long_as_the_median() -> None:
    """Those only, and without padding."""
    typical = tokens().typical()

    assert (2, 4) == typical.ids.shape
    assert bool((typical.ids != 0).all())


def test_padded_and_within_a_vocabulary() -> None:
    """Both leave padding 0."""
    found = tokens().typical().padded(9).within(6)

    assert 9 == found.length
    assert 5 == found.ids.max()
    assert 0 == found.ids[:, 4:].max() == found.types[:, 4:].max()


def test_saved_and_loaded(tmp_path: Path) -> None:
    """What was written is read."""
    found = Tokens.load(tokens().save(tmp_path / "tokens.npz"))

    assert bool(np.array_equal(tokens().ids, found.ids))
    assert bool(np.array_equal(tokens().types, found.types))
