"""Many tweets as arrays of numbers: some hundred bytes a tweet, and no text."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.topics.words import NO_WORD, Codes, names_of

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
    """When it arrived, in seconds since the epoch."""
    is_retweet: bool
    label: int
    """`NEGATIVE`, `OTHER` or `UNREAD`."""
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Tweets, in the order in which they were read; their words, one after another."""

    words: Codewords
    """The numbers of all words; after each tweet's stands `NO_WORD` [words]."""
    first: Ints
    """Where a tweet's words begin, and where the last one's end [tweets + 1]."""
    place: Ints
    """[tweets]"""
    at: NDArray[np.float64]
    """[tweets]"""
    is_retweet: Bools
    """[tweets]"""
    label: NDArray[np.int8]
    """[tweets]"""

    def __len__(self) -> int:
        return len(self.place)

    def tweet_of_words(self) -> Ints:
        """Return to which tweet each word belongs [words]."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def words_of(self, tweet: int) -> Codewords:
        """Return a tweet's words."""
        return self.words[self.first[tweet] : self.first[tweet + 1]]

    def order(self) -> Ints:
        """Return the tweets by time, and by content where that is the same [tweets].

        So nothing depends on the order in which they were read.
        """
        mixed = mix(self.words)
        mixed[self.words == NO_WORD] = 0
        content = np.add.reduceat(mixed, self.first[:-1]) if len(self) else mixed
        return np.lexsort((self.label, self.is_retweet, content, self.at))


def gather(tweets: Iterable[Tweet], names: Sequence[str], codes: Codes) -> Corpus:
    """Read tweets, and keep their words as numbers.

    Args:
        tweets: each is read once, and its text let go.
        names: of whom they are about. They stand in nearly every tweet, and so are no words.
        codes: the numbers of words.
    """
    words = array("I")
    ends, places, labels = array("q", [0]), array("q"), array("b")
    times, retweets = array("d"), array("b")
    for place, at, is_retweet, label, text in tweets:
        words.extend(codes.of(text))
        words.append(NO_WORD)
        ends.append(len(words))
        places.append(place)
        times.append(at)
        retweets.append(is_retweet)
        labels.append(label)
    corpus = Corpus(
        words=np.array(words, np.uint32),
        first=np.array(ends, np.int64),
        place=np.array(places, np.int64),
        at=np.array(times, np.float64),
        is_retweet=np.array(retweets, np.bool_),
        label=np.array(labels, np.int8),
    )
    _mask(corpus.words, names, codes)
    return corpus


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


def _mask(words: Codewords, names: Sequence[str], codes: Codes) -> None:
    """Write `NO_WORD` where a name stands, the longest names first."""
    for name in sorted(_spellings(names, codes), key=len, reverse=True):
        beginnings = len(words) - len(name) + 1
        if beginnings <= 0:
            continue
        found = np.ones(beginnings, np.bool_)
        for shift, word in enumerate(name):
            found &= words[shift : shift + beginnings] == word
        for shift in range(len(name)):
            words[shift : shift + beginnings][found] = NO_WORD


def _spellings(names: Sequence[str], codes: Codes) -> Iterator[tuple[int, ...]]:
    for name in names:
        yield from names_of(name, codes)
