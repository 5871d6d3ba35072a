"""Many tweets as arrays of numbers: some hundred bytes a tweet, and no text."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.topics.words import BYTES, NO_WORD, Codes, names_of

Codewords: TypeAlias = NDArray[np.uint32]
Keys: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

UNREAD: Final = -1
"""Has no label: it is in a language that the model does not read."""
OTHER: Final = 0
NEGATIVE: Final = 1


class Tweet(NamedTuple):
    """A tweet as it is read."""

    place: int
    """By which its text is found again."""
    at: float
    """When it arrived: a number by which it is earlier than others or later."""
    is_retweet: bool
    label: int
    """`NEGATIVE`, `OTHER` or `UNREAD`."""
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Tweets by time, and by content where that is the same; their words, one after another.

    So nothing depends on the order in which they were read.
    """

    words: Codewords
    """The numbers of all words; after each tweet's stands `NO_WORD` [words]."""
    first: Ints
    """Where a tweet's words begin, and where the last one's end [tweets + 1]."""
    place: Ints
    """[tweets]"""
    is_retweet: Bools
    """[tweets]"""
    label: NDArray[np.int8]
    """[tweets]"""

    def __len__(self) -> int:
        return len(self.place)

    def words_of(self, tweet: int) -> Codewords:
        """Return a tweet's words."""
        return self.words[self.first[tweet] : self.first[tweet + 1]]


def gather(tweets: Iterable[Tweet], names: Sequence[str]) -> Corpus:
    """Read tweets, and keep their words as numbers.

    Args:
        tweets: each is read once, and its text let go.
        names: of whom they are about. They stand in nearly every tweet, and so are no words.
    """
    codes, words, end = Codes(), bytearray(), bytes(BYTES)  # NO_WORD
    ends, places, labels = array("q", [0]), array("q"), array("b")
    times, retweets = array("d"), array("b")
    for place, at, is_retweet, label, text in tweets:
        words += codes.of(text)
        words += end
        ends.append(len(words) // BYTES)
        places.append(place)
        times.append(at)
        retweets.append(is_retweet)
        labels.append(label)
    numbers = np.frombuffer(words, np.uint32)
    _mask(numbers, names)
    return _ordered(
        Corpus(
            words=numbers,
            first=np.array(ends, np.int64),
            place=np.array(places, np.int64),
            is_retweet=np.array(retweets, np.bool_),
            label=np.array(labels, np.int8),
        ),
        np.array(times, np.float64),
    )


def _ordered(corpus: Corpus, at: NDArray[np.float64]) -> Corpus:
    """Put tweets into their order; mostly they are in it already, but for some of the same time."""
    count = len(corpus)
    if not count:
        return corpus
    mixed = mix(corpus.words)
    mixed[corpus.words == NO_WORD] = 0
    content = np.add.reduceat(mixed, corpus.first[:-1])
    order = np.lexsort((corpus.label, corpus.is_retweet, content, at))
    if (order == np.arange(count)).all():
        return corpus
    lengths = np.diff(corpus.first)[order]
    first = np.append(0, np.cumsum(lengths))
    moved = np.repeat(corpus.first[order] - first[:-1], lengths) + np.arange(first[-1])
    return Corpus(
        words=corpus.words[moved],
        first=first,
        place=corpus.place[order],
        is_retweet=corpus.is_retweet[order],
        label=corpus.label[order],
    )


def mix(numbers: NDArray[Any]) -> Keys:
    """Spread numbers over 64 bits, so that sums of them tell sets apart.

    Source: the finalizer of MurmurHash3 (Appleby 2011).
    """
    mixed = numbers.astype(np.uint64)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return mixed


def among(keys: Codewords, wanted: Codewords) -> Bools:
    """Return which keys are among some others, which are in order [keys]."""
    # Most are not, and that is seen sooner in a table of the last bits than by bisection.
    table = np.zeros(1 << 16, np.bool_)
    table[wanted & np.uint32(0xFFFF)] = True
    found: Bools = table[keys & np.uint32(0xFFFF)]
    places = np.flatnonzero(found)
    if len(places):
        near = np.searchsorted(wanted, keys[places]).clip(max=len(wanted) - 1)
        found[places] = wanted[near] == keys[places]
    return found


def _mask(words: Codewords, names: Sequence[str]) -> None:
    """Write `NO_WORD` where a name stands, the longest names first."""
    spellings = {spelling for name in names for spelling in names_of(name)}
    for name in sorted(spellings, key=len, reverse=True):
        beginnings = len(words) - len(name) + 1
        if beginnings <= 0:
            continue
        found = np.ones(beginnings, np.bool_)
        for shift, word in enumerate(name):
            found &= words[shift : shift + beginnings] == word
        for shift in range(len(name)):
            words[shift : shift + beginnings][found] = NO_WORD
