"""Which stories tweets tell: those that share the words which stand out, and copies of each other.

People tell the same in their own words, so copies are not all of a story. Words that stand out and
mostly come together make a subject, and a tweet with enough of these words is about it. Copies go
together, to the subject of most of them; where they have none, they are a story by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.topics.copies import NO_WORDS
from monitor.topics.corpus import Corpus, Ints, among
from monitor.topics.standout import Term

MOST_STORIES: Final = 200
MOST_WORDS: Final = 64
"""Words that subjects are made of, those that stand out most."""

_TOGETHER: Final = 0.5
"""A word belongs to the subject of another that comes with it in so many of its tweets."""
_ENOUGH: Final = 0.6
"""Of the weight of a subject's weightiest word, for a tweet to be about it."""
_LEAST: Final = 2
_AT_ONCE: Final = 8192
_NO_STORY: Final = -1
_LOOKED_AT: Final = 500
"""Tweets of a story among which typical ones are sought, evenly in time."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story, by the positions of tweets in their corpus."""

    tweets: Ints
    """All of them, by time [tweets of the story]."""
    words: frozenset[int]
    """The words of its subject, by number; none of copies without one."""


def stories(corpus: Corpus, groups: Ints, words: Sequence[Term]) -> list[Told]:
    """Return the stories of two tweets and more, the largest first.

    Args:
        corpus: the tweets.
        groups: which are copies, as `copies.copies` says [tweets].
        words: that stand out, the first ones most.
    """
    if not len(corpus):
        return []
    words = words[:MOST_WORDS]
    subjects = _subjects(corpus, words)
    voted = _voted(groups, _about(corpus, words, subjects), len(subjects))
    codes = [
        frozenset(word.codes[0] for word, its in zip(words, subjects, strict=True) if its == one)
        for one in range(len(words))
    ]
    order = np.argsort(voted, kind="stable")
    order = order[np.searchsorted(voted[order], _NO_STORY, side="right") :]
    numbers, begins = np.unique(voted[order], return_index=True)
    bounds = [*begins.tolist(), len(order)]
    told = [
        Told(order[begin:end], codes[number] if number < len(codes) else frozenset())
        for number, begin, end in zip(numbers.tolist(), bounds, bounds[1:], strict=False)
        if end - begin >= _LEAST
    ]
    return sorted(told, key=lambda story: (-len(story.tweets), int(story.tweets[0])))


def typical(corpus: Corpus, groups: Ints, story: Told, most: int) -> list[int]:
    """Choose tweets of a story that have most of what its tweets have in common.

    They are no copies of each other, so of a story that is copies of one tweet it is one; and no
    retweets, if there is anything else.

    Args:
        corpus: the tweets.
        groups: as of `stories`.
        story: which one.
        most: how many, at most.
    """
    count = len(story.tweets)
    some = story.tweets[np.linspace(0, count - 1, min(count, _LOOKED_AT)).astype(np.int64)]
    words = [np.unique(corpus.words_of(int(tweet))) for tweet in some]
    owner = np.repeat(np.arange(len(some)), [len(each) for each in words])
    _, word, tweets = np.unique(np.concatenate(words), return_inverse=True, return_counts=True)
    common = np.bincount(owner, tweets[word.reshape(-1)], minlength=len(some))
    score = common / np.sqrt(np.bincount(owner, minlength=len(some)))
    chosen: dict[int, int] = {}
    for place in np.lexsort((np.arange(len(some)), -score.round(6), corpus.is_retweet[some])):
        tweet = int(some[place])
        chosen.setdefault(int(groups[tweet]), tweet)
        if len(chosen) == most:
            break
    return [*chosen.values()]


def _subjects(corpus: Corpus, words: Sequence[Term]) -> Ints:
    """Say to which subject each word belongs, numbered from 0, that of the first word [words]."""
    together = np.zeros((len(words), len(words)), np.float32)
    counted = ~corpus.is_retweet | corpus.is_retweet.all()
    for tweets, has in _having(corpus, words):
        has = has[counted[tweets]]
        together += has.T @ has
    subject = np.zeros(len(words), np.int64)
    count = 0
    for word in range(len(words)):
        shares = together[:word, word] / max(together[word, word], 1.0)
        nearest = int(np.argmax(shares)) if word else 0
        if word and shares[nearest] >= _TOGETHER:
            subject[word] = subject[nearest]
        else:
            subject[word] = count
            count += 1
    return subject


def _about(corpus: Corpus, words: Sequence[Term], subjects: Ints) -> Ints:
    """Say which subject each tweet is about, or `_NO_STORY` [tweets]."""
    about = np.full(len(corpus), _NO_STORY)
    if not words:
        return about
    scores = np.array([word.weight for word in words], np.float32)
    weights = np.zeros((len(words), int(subjects.max()) + 1), np.float32)
    weights[np.arange(len(words)), subjects] = scores
    enough = _ENOUGH * weights.max(axis=0)
    for tweets, has in _having(corpus, words):
        weight = has @ weights
        best = np.where(weight >= enough, weight, 0).argmax(axis=1)
        is_about = weight[np.arange(len(best)), best] >= enough[best]
        about[tweets] = np.where(is_about, best, _NO_STORY)
    return about


def _having(corpus: Corpus, words: Sequence[Term]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield some tweets at a time, and which words each has, as 0 and 1 [tweets, words]."""
    numbers = np.array([word.codes[0] for word in words], np.uint32)
    order = np.argsort(numbers)
    for start in range(0, len(corpus) if words else 0, _AT_ONCE):
        stop = min(start + _AT_ONCE, len(corpus))
        part = corpus.words[corpus.first[start] : corpus.first[stop]]
        owner = np.repeat(np.arange(stop - start), np.diff(corpus.first[start : stop + 1]))
        found = among(part, numbers[order])
        has = np.zeros((stop - start, len(words)), np.float32)
        has[owner[found], order[np.searchsorted(numbers[order], part[found])]] = 1
        yield slice(start, stop), has


def _voted(groups: Ints, about: Ints, subjects: int) -> Ints:
    """Give all copies one story: the subject of most of them, or else one of their own [tweets]."""
    ballots, count = np.unique(groups * (subjects + 2) + about + 1, return_counts=True)
    group, choice = np.divmod(ballots, subjects + 2)
    # Of as many votes each, a subject before none, and the more striking one.
    preferred = np.lexsort((np.where(choice == 0, subjects + 1, choice), -count, group))
    names, first = np.unique(group[preferred], return_index=True)
    sizes = np.add.reduceat(count[preferred], first)
    choice = choice[preferred][first] - 1
    own = (choice == _NO_STORY) & (names != NO_WORDS) & (sizes >= _LEAST)
    choice = np.where(own, subjects + names, choice)
    return choice[np.searchsorted(names, groups)]
