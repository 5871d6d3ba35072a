"""Stories: what people tell in their own words, and what they repeat."""

from __future__ import annotations

from dataclasses import replace

from monitor.topics.copies import copies
from monitor.topics.standout import standing_out
from monitor.topics.stories import MOST_WORDS, Told, stories, typical
from tests.factories import NOW
from tests.topics.invented import Said, corpora, leak, usual

_BEFORE = usual(200, since=NOW - 1e6, until=NOW - 1e5)
_STRIKE = [
    Said(NOW + number, f"the drivers of Acme are on strike {where} over their wages {why}")
    for number, (where, why) in enumerate(
        (where, why)
        for where in ("today", "in the north", "since Monday")
        for why in ("again", "and I understand them", "says the union", "so no parcels", "at last")
    )
]


def _told(said: list[Said]) -> list[Told]:
    """Return the stories; their tweets by position in what was said."""
    window, before = corpora(said, _BEFORE)
    words = standing_out(window, before, frozenset())[0]
    told = stories(window, copies(window), words)
    return [replace(story, tweets=window.place[story.tweets]) for story in told]


def test_one_story_in_many_words() -> None:
    """The leak is one, the usual tweets beside it are not of it."""
    told = _told(leak() + usual(40, seed=1, since=NOW - 1e4, until=NOW))
    of_leak = set(range(60))

    assert len(of_leak & {*told[0].tweets.tolist()}) >= 57
    assert len({*told[0].tweets.tolist()} - of_leak) <= 2


def test_two_stories_at_once() -> None:
    """Who tells one does not tell the other."""
    first, second, *_ = _told(leak() + _STRIKE)

    assert {*range(60)} >= {*first.tweets.tolist()}
    assert {*range(60, 75)} == {*second.tweets.tolist()}
    assert not first.words & second.words


def test_copies_are_a_story_without_words_that_stand_out() -> None:
    """Retweets of one usual tweet; told nothing to compare with, too."""
    text = _BEFORE[7].text
    said = [Said(NOW, text), *(Said(NOW + n, f"RT @user: {text}", is_retweet=True) for n in (1, 2))]
    window, _ = corpora([*said, Said(NOW + 3, "something else is said here")])
    (told,) = stories(window, copies(window), [])

    assert ([0, 1, 2], frozenset()) == (told.tweets.tolist(), told.words)


def test_tweets_are_by_time() -> None:
    """Whatever order they were read in."""
    told = _told(leak()[::-1])[0]

    assert told.tweets.tolist() == sorted(told.tweets.tolist(), reverse=True)


def test_typical_tweets_are_no_copies() -> None:
    """Three of the leak, and of a tweet that is repeated itself, not a retweet of it."""
    said = leak()
    said += [Said(NOW + n, f"RT @user: {said[0].text}", is_retweet=True) for n in range(100)]
    window, before = corpora(said, _BEFORE)
    groups = copies(window)
    told = stories(window, groups, standing_out(window, before, frozenset())[0])
    examples = typical(window, groups, told[0], 3)

    assert 3 == len({int(groups[tweet]) for tweet in examples})
    assert not any(window.is_retweet[tweet] for tweet in examples)


def test_so_many_words_make_subjects() -> None:
    """More that stand out are not looked at."""
    window, before = corpora(
        [Said(NOW + n, f"word{n % 90} word{n % 90}b") for n in range(1800)], _BEFORE
    )
    words = standing_out(window, before, frozenset())[0]
    told = stories(window, copies(window), words)

    assert len(words) > MOST_WORDS
    assert len(set().union(*(story.words for story in told))) <= MOST_WORDS
    assert 90 == len(told)
