"""Tweets as arrays."""

from __future__ import annotations

import numpy as np

from monitor.topics.corpus import Tweet, gather
from monitor.topics.words import NO_WORD, Codes

_TEXTS = ("Skylarka Air is late", "", "air and #SkylarkaAir", "so late, air skylarka")


def _tweets(*texts: str) -> list[Tweet]:
    return [Tweet(place, 7.0, False, 0, text) for place, text in enumerate(texts)]


def test_names_are_masked() -> None:
    """Wherever they stand as a whole; their parts stay."""
    codes = Codes()
    corpus = gather(_tweets(*_TEXTS), ["Skylarka Air"], codes)

    def of(*words: str) -> list[int]:
        return [code for word in words for code in codes.of(word)]

    no = [NO_WORD]
    assert no * 2 + of("is", "late") + no == corpus.words_of(0).tolist()
    assert no == corpus.words_of(1).tolist()
    assert of("air", "and") + no * 2 == corpus.words_of(2).tolist()
    assert of("so", "late") + no + of("air", "skylarka") + no == corpus.words_of(3).tolist()


def test_words_know_their_tweet() -> None:
    """Each tweet has one more than its words."""
    corpus = gather(_tweets(*_TEXTS), [], Codes())

    assert [5, 1, 4, 6] == np.bincount(corpus.tweet_of_words()).tolist()


def test_order_is_that_of_the_tweets() -> None:
    """By time, then by content, whatever order they were read in."""
    tweets = [*_tweets(*_TEXTS), Tweet(9, 3.0, False, 0, "first")]
    backwards = tweets[::-1]
    orders = [
        [places[place] for place in gather(places_of, [], Codes()).order()]
        for places_of, places in ((t, [one.text for one in t]) for t in (tweets, backwards))
    ]

    assert orders[0] == orders[1]
    assert "first" == orders[0][0]


def test_nothing_is_a_corpus() -> None:
    """Of no tweets and no words."""
    corpus = gather([], ["Acme"], Codes())

    assert (0, 0, []) == (len(corpus), len(corpus.words), corpus.order().tolist())
