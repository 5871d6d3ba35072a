"""Which tweets are copies of each other, or nearly: by MinHash.

Two tweets are alike by the share of their words that they have in common (Jaccard). The least of
their words' numbers, each mixed with the same key, is the same with just that probability (Broder
1997), so some such least numbers, a signature, tell how alike two tweets are; and only those are
compared that have some of it in common (locality-sensitive hashing: Leskovec, Rajaraman, Ullman,
"Mining of Massive Datasets", 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.topics.corpus import Corpus, Ints, Keys, mix
from monitor.topics.words import NO_WORD

Signatures: TypeAlias = NDArray[np.uint32]

NO_WORDS: Final = -1
"""The group of a tweet that has nothing but links, mentions and names."""
ALIKE: Final = 0.7
"""Tweets are copies if so much of their signatures is the same."""

_BANDS: Final = 10
_ROWS: Final = 3
"""Numbers of a band: of tweets that share seven words in ten all but one in seventy agree in one of
the ten bands, of those that share nine in ten all but two in a million."""
_AT_ONCE: Final = 8192
"""Tweets whose signatures are made together: some megabytes."""
_NONE: Final = np.uint32(0xFFFFFFFF)


def copies(corpus: Corpus) -> Ints:
    """Group tweets; who is alike to one of a group belongs to it.

    Returns:
        The position of each group's first tweet, or `NO_WORDS` [tweets].
    """
    group = np.arange(len(corpus))
    signatures = _signatures(corpus)
    blank = (signatures == _NONE).all(axis=1)
    for band in _bands(signatures):
        by_band = np.argsort(band, kind="stable")
        is_first = np.diff(band[by_band], prepend=~band[by_band[:1]]) != 0
        first = by_band[np.maximum.accumulate(np.where(is_first, np.arange(len(group)), 0))]
        others = ~is_first & ~blank[by_band]
        pairs = by_band[others], first[others]
        close = _are_alike(signatures, *pairs)
        _join(group, pairs[0][close], pairs[1][close])
    group[blank] = NO_WORDS
    return group


def _signatures(corpus: Corpus) -> Signatures:
    """Return the least of each tweet's words under some keys [tweets, keys]."""
    keys = mix(np.arange(1, 1 + 2 * _BANDS * _ROWS)).astype(np.uint32).reshape(-1, 2)
    signatures = np.empty((len(corpus), len(keys)), np.uint32)
    for start in range(0, len(corpus), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(corpus))
        begin, end = corpus.first[start], corpus.first[stop]
        words = corpus.words[begin:end]
        nothing = words == NO_WORD
        mixed = mix(words).astype(np.uint32)
        firsts = corpus.first[start:stop] - begin
        for column, (flip, factor) in enumerate(keys):
            numbers = (mixed ^ flip) * (factor | np.uint32(1))
            numbers[nothing] = _NONE
            signatures[start:stop, column] = np.minimum.reduceat(numbers, firsts)
    return signatures


def _bands(signatures: Signatures) -> Iterator[Keys]:
    """Yield a number for each tweet and band, and one for the whole signature [tweets]."""
    for first in range(0, _BANDS * _ROWS, _ROWS):
        yield _hashed(signatures[:, first : first + _ROWS])
    yield _hashed(signatures)


def _hashed(rows: Signatures) -> Keys:
    number = np.zeros(len(rows), np.uint64)
    for column in range(rows.shape[1]):
        number = mix(number ^ rows[:, column])
    return number


def _are_alike(signatures: Signatures, ones: Ints, others: Ints) -> NDArray[np.bool_]:
    close = np.empty(len(ones), np.bool_)
    for start in range(0, len(ones), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        same = signatures[ones[part]] == signatures[others[part]]
        close[part] = same.mean(axis=1) >= ALIKE
    return close


def _join(group: Ints, ones: Ints, others: Ints) -> None:
    """Join groups, in place, each named by its least member, until no pair is apart."""
    while True:
        one, other = group[ones], group[others]
        apart = one != other
        if not apart.any():
            return
        ones, others, one, other = ones[apart], others[apart], one[apart], other[apart]
        least = np.minimum(one, other)
        np.minimum.at(group, one, least)
        np.minimum.at(group, other, least)
        while True:  # who leads to one that leads on follows it to the end
            further = group[group]
            if (further == group).all():
                break
            group[:] = further
