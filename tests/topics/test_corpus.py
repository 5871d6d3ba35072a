"""Tweets as arrays."""

from __future__ import annotations

import numpy as np

from monitor.topics.corpus import Tweet, among, gather
from monitor.topics.words import NO_WORD
from tests.topics.invented import numbers_of

_TEXTS = ("Skylarka Air is late", "", "air and #SkylarkaAir", "so late, air skylarka")


def _tweets(*texts: str) -> list[Tweet]:
    return [Tweet(place, 5.0 + place // 2, False, 0, text) for place, text in enumerate(texts)]


def test_names_are_masked() -> None:
    """Wherever they stand as a whole; their parts stay."""
    corpus = gather(_tweets(*_TEXTS), ["Skylarka Air"])

    def of(*words: str) -> list[int]:
        return [code for word in words for code in numbers_of(word)]

    no = [NO_WORD]
    expected = [
        no * 2 + of("is", "late") + no,
        no,
        of("air", "and") + no * 2,
        of("so", "late") + no + of("air", "skylarka") + no,
    ]
    words = [corpus.words_of(position).tolist() for position in range(4)]
    assert expected == [words[corpus.place.tolist().index(place)] for place in range(4)]


def test_tweets_are_in_order() -> None:
    """By time, then by content, whatever order they were read in."""
    tweets = [*_tweets(*_TEXTS), Tweet(9, 3.0, False, 0, "the first"), Tweet(8, 7.0, True, -1, "")]
    one, other = gather(tweets, []), gather(tweets[::-1], [])

    assert one.place.tolist() == other.place.tolist()
    assert one.words.tolist() == other.words.tolist()
    for corpus in (one, other):
        for place, text in [(9, "the first"), *enumerate(_TEXTS)]:
            position = corpus.place.tolist().index(place)
            assert [*numbers_of(text), NO_WORD] == corpus.words_of(position).tolist()
    assert 9 == one.place[0]


def test_nothing_is_a_corpus() -> None:
    """Of no tweets and no words."""
    corpus = gather([], ["Acme"])

    assert (0, [0], []) == (len(corpus), corpus.first.tolist(), corpus.words.tolist())


def test_among() -> None:
    """As `np.isin`, and for nothing."""
    chance = np.random.default_rng(0)
    keys = chance.integers(0, 1 << 17, 5000).astype(np.uint32)
    for count in (0, 1, 100, 5000):
        wanted = np.unique(chance.integers(0, 1 << 17, count).astype(np.uint32))

        assert np.isin(keys, wanted).tolist() == among(keys, wanted).tolist()
