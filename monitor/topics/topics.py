"""What tweets are about: their numbers, the terms that stand out, and the stories they tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.topics.copies import copies
from monitor.topics.corpus import NEGATIVE, UNREAD, Corpus, Ints
from monitor.topics.standout import Term, largest, standing_out
from monitor.topics.stories import MOST_STORIES, Told, stories, typical
from monitor.topics.words import names_of, spelt

MOST_TERMS: Final = 20
EXAMPLES: Final = 3
_OF_A_STORY: Final = 5
"""Terms by which it is named."""
_LEAST_CHARS: Final = 2
"""A single letter or digit says nothing."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A tweet as it is stored."""

    id: str
    at: str
    """When it was written, where that is known and counts; else when it arrived."""
    is_negative: bool | None
    """None: it is in a language that the model does not read."""
    text: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many tweets, and what their labels say."""

    tweets: int
    """Retweets left out: they repeat what others wrote, and are counted apart."""
    retweets: int
    labelled: int
    """Of the tweets, or of the retweets if there is nothing else, those that have a label."""
    negative: int
    """Of these."""

    @classmethod
    def of(cls, corpus: Corpus, tweets: Ints) -> Count:
        """Count some tweets."""
        is_retweet = corpus.is_retweet[tweets]
        labels = corpus.label[tweets]
        if not is_retweet.all():
            labels = labels[~is_retweet]
        retweets = int(is_retweet.sum())
        return cls(
            len(tweets) - retweets,
            retweets,
            int((labels != UNREAD).sum()),
            int((labels == NEGATIVE).sum()),
        )

    @property
    def every(self) -> int:
        """Tweets and retweets."""
        return self.tweets + self.retweets

    @property
    def negative_share(self) -> float | None:
        """Of those with a label; None if there are none."""
        return self.negative / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class Topic:
    """A word, a hashtag or a phrase that stands out."""

    text: str
    """In small letters, without accents."""
    tweets: int
    """That have it, retweets left out."""
    usually: float
    """So many of as many usual tweets have it."""
    score: float
    """Standard errors of the log-odds ratio."""


@dataclass(frozen=True, slots=True)
class Story:
    """Tweets that tell the same."""

    topics: tuple[str, ...]
    """What stands out in it, if anything does: without, it is copies of one text."""
    count: Count
    first_seen: str
    """When its first tweet in this time was, UTC."""
    examples: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Topics:
    """The answer."""

    count: Count
    topics: tuple[Topic, ...]
    stories: tuple[Story, ...]
    """The largest first."""
    other_stories: int
    """How many more stories there are, which are not told."""
    in_other_stories: int
    """Tweets of these."""
    in_no_story: int
    """Tweets that are like no other."""


def find(
    window: Corpus,
    usual: Corpus | None,
    *,
    names: Sequence[str],
    stored: Callable[[int], Stored],
    most: int = MOST_STORIES,
) -> Topics:
    """Say what tweets are about.

    Args:
        window: the tweets.
        usual: those they are compared with; None if there are too few.
        names: of the entity; its words are no topics.
        stored: gives a tweet of the window by its ``place``.
        most: stories to tell, the largest; at most `MOST_STORIES`.
    """
    besides = frozenset(word for name in names for each in names_of(name) for word in each)
    found = standing_out(window, usual, besides) if usual else [[]]
    named = [
        (term, text)
        for term in largest(found)
        if (text := _text(window, term, stored)) and len(text) >= _LEAST_CHARS
    ]
    groups = copies(window)
    told = stories(window, groups, found[0])
    shown, rest = told[: min(most, MOST_STORIES)], told[min(most, MOST_STORIES) :]
    in_rest = sum(len(story.tweets) for story in rest)
    return Topics(
        count=Count.of(window, np.arange(len(window))),
        topics=tuple(
            Topic(text, term.tweets, term.usually, term.score) for term, text in named[:MOST_TERMS]
        ),
        stories=tuple(
            Story(
                topics=_named(story, named),
                count=Count.of(window, story.tweets),
                first_seen=stored(int(window.place[story.tweets[0]])).at,
                examples=tuple(
                    stored(int(window.place[tweet]))
                    for tweet in typical(window, groups, story, EXAMPLES)
                ),
            )
            for story in shown
        ),
        other_stories=len(rest),
        in_other_stories=in_rest,
        in_no_story=len(window) - in_rest - sum(len(story.tweets) for story in shown),
    )


def _text(window: Corpus, term: Term, stored: Callable[[int], Stored]) -> str | None:
    return spelt(stored(int(window.place[term.example])).text, term.codes)


def _named(story: Told, named: Sequence[tuple[Term, str]]) -> tuple[str, ...]:
    its = [(term, text) for term, text in named if story.words.intersection(term.codes)]
    its.sort(key=lambda one: -one[0].weight)
    return tuple(text for _, text in its[:_OF_A_STORY])
