"""What tweets are about: a crisis that was invented to be found, and laws."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.topics.topics import EXAMPLES, MOST_TERMS, Stored, Topics, find
from monitor.verdict import OTHER_LANGUAGE
from tests.factories import NOW
from tests.topics.invented import LEAK_BEGAN, WINDOW, Said, corpora, leak, usual

_BEFORE = usual(200, since=NOW - 1e6, until=WINDOW[0])


def _find(said: Sequence[Said], before: Sequence[Said] = _BEFORE, most: int = 200) -> Topics:
    window, usually = corpora(said, before)

    def stored(place: int) -> Stored:
        one = said[place]
        return Stored(str(place), utc(one.at), one.label == "negative", one.text or "")

    return find(window, usually if before else None, names=["Acme"], stored=stored, most=most)


@pytest.mark.parametrize("seed", range(5))
def test_the_crisis_is_told(seed: int) -> None:
    """The first story is the leak: its size, share, beginning, words and tweets."""
    said = leak() + usual(30, seed=seed, since=WINDOW[0], until=WINDOW[1])
    found = _find(said)
    story = found.stories[0]

    assert 57 <= story.count.tweets <= 62
    assert pytest.approx(0.9, abs=0.02) == story.count.negative_share
    assert utc(LEAK_BEGAN) == story.first_seen
    assert "data leak" in story.topics
    assert {"data leak", "passwords"} <= {topic.text for topic in found.topics[:8]}
    assert EXAMPLES == len(story.examples)
    assert all(said[int(tweet.id)] in leak() for tweet in story.examples)


def test_retweets_are_counted_apart() -> None:
    """They join their original's story, and change neither its share nor the words."""
    said = leak() + usual(30, since=WINDOW[0], until=WINDOW[1])
    retweets = [
        Said(NOW, f"RT @user: {said[0].text}", "positive", is_retweet=True) for _ in range(500)
    ]
    without, found = _find(said), _find(said + retweets)

    assert (without.stories[0].count.tweets, 500) == (
        found.stories[0].count.tweets,
        found.stories[0].count.retweets,
    )
    assert without.stories[0].count.negative_share == found.stories[0].count.negative_share
    assert without.topics == found.topics


def test_a_retweet_whose_original_is_not_here() -> None:
    """A story of retweets alone has their share."""
    said = [
        Said(NOW + n, "RT @user: the bridge at Mill Lane is closed", "negative", is_retweet=True)
        for n in range(5)
    ]
    (story,) = _find(said).stories

    assert (0, 5, 5, 5) == (
        *(story.count.tweets, story.count.retweets),
        *(story.count.labelled, story.count.negative),
    )


def test_tweets_of_other_languages_have_no_share() -> None:
    """They are in the story, and not among its labels."""
    said = [Said(NOW + n, "der Zug ist schon wieder weg", OTHER_LANGUAGE) for n in range(4)]
    (story,) = _find([*said, Said(NOW, "der Zug ist schon wieder weg", "negative")]).stories
    (other,) = _find(said).stories

    assert (5, 1, 1.0) == (story.count.tweets, story.count.labelled, story.count.negative_share)
    assert (4, 0, None) == (other.count.tweets, other.count.labelled, other.count.negative_share)


def test_every_tweet_is_accounted_for() -> None:
    """In a story that is told, in one that is not, or in none; and no more is told than asked."""
    said = leak() + usual(100, since=WINDOW[0], until=WINDOW[1]) + [Said(NOW, "@user")] * 7
    said += [Said(NOW, f"word{n // 3}a word{n // 3}b word{n // 3}c") for n in range(900)]
    for most in (1, 10, 200):
        found = _find(said, most=most)
        told = sum(story.count.every for story in found.stories)

        assert len(said) == found.count.every
        assert len(said) == told + found.in_other_stories + found.in_no_story
        assert most == len(found.stories)
        assert found.other_stories >= 300 - most
        assert len(found.topics) <= MOST_TERMS


def test_nothing_to_compare_with() -> None:
    """No words, and copies still are stories."""
    found = _find([Said(NOW, "the same again and again")] * 3, before=[])

    assert ((), 1) == (found.topics, len(found.stories))


def test_nothing_at_all() -> None:
    """No tweets."""
    found = _find([])

    assert (0, (), (), 0) == (found.count.every, found.topics, found.stories, found.in_no_story)


def test_tweets_counted_twice() -> None:
    """What stands out, and the first story, stay; it has twice as many tweets."""
    said = leak() + usual(30, since=WINDOW[0], until=WINDOW[1])
    once, twice = _find(said), _find(said * 2, _BEFORE * 2)

    assert 2 * once.stories[0].count.tweets == pytest.approx(twice.stories[0].count.tweets, abs=4)
    assert once.topics[0].text == twice.topics[0].text


_TEXTS = st.lists(
    st.sampled_from([one.text or "" for one in (*leak(), *_BEFORE[:30])]), min_size=1, max_size=60
)


@settings(max_examples=25, deadline=None)
@given(_TEXTS, st.randoms(use_true_random=False))
def test_order_does_not_matter(texts: list[str], chance: object) -> None:
    """The same tweets in any order are about the same."""
    said = [Said(NOW + n // 3, text) for n, text in enumerate(texts)]
    shuffled = [*said]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random, which hypothesis does not type
    one, other = _find(said), _find(shuffled)

    assert one.topics == other.topics
    assert one.count == other.count
    assert [
        (s.count, s.first_seen, s.topics, [e.text for e in s.examples]) for s in one.stories
    ] == [(s.count, s.first_seen, s.topics, [e.text for e in s.examples]) for s in other.stories]
