"""Copies of tweets, and what is nearly one."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.topics.copies import ALIKE, NO_WORDS, copies
from tests.factories import NOW
from tests.topics.invented import Said, corpora, usual

_WORDS = [f"word{number}" for number in range(60)]


def _groups(texts: list[str], *, names: tuple[str, ...] = ("Acme",)) -> list[int]:
    said = [Said(NOW + number, text) for number, text in enumerate(texts)]
    found: list[int] = copies(corpora(said, names=names)[0]).tolist()
    return found


def test_copies_go_together() -> None:
    """A retweet, one that is cut off, one with another link, and one with other signs."""
    text = "Acme lost the luggage of my whole family for the third time this year and says nothing"
    texts = [
        text,
        f"RT @user: {text}",
        f"RT @user: {text[:70]}…",
        f"{text} https://example.org/9",
        f"{text.upper()}!!!",
        "Acme opens at nine on Saturdays, and the coffee there is good",
    ]

    assert [0, 0, 0, 0, 0, 5] == _groups(texts)


def test_tweets_without_words_are_apart() -> None:
    """Links, mentions and the name alone are no text that could be copied."""
    assert [NO_WORDS] * 4 == _groups(["@user <link>", "Acme", "#acme", ""])
    assert [] == _groups([])


def test_usual_tweets_are_no_copies() -> None:
    """Of several hundred that have many words in common only few are taken for copies."""
    texts = [one.text or "" for one in usual(300, since=NOW, until=NOW + 1)]
    other = [f"{random.Random(n).sample(_WORDS, 12)}" for n in range(300)]

    assert 300 == len(set(_groups(other)))
    assert len(set(_groups(texts))) > 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(_WORDS), min_size=4, max_size=25, unique=True), max_size=20),
    st.data(),
)
def test_copies_by_law(texts: list[list[str]], data: st.DataObject) -> None:
    """Whatever is said: a copy joins its original, and so it does in any order."""
    if not texts:
        return
    original = data.draw(st.integers(0, len(texts) - 1))
    said = [Said(NOW + n, " ".join(words)) for n, words in enumerate(texts)]
    said.append(Said(NOW + 100, f"RT @user: {said[original].text}", is_retweet=True))
    groups = copies(corpora(said)[0])
    order = data.draw(st.permutations(range(len(said))))
    shuffled = copies(corpora([said[place] for place in order])[0])

    assert groups[original] == groups[-1]
    assert groups.tolist() == shuffled.tolist()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(_WORDS), min_size=20, max_size=20), st.integers(0, 20))
def test_alike_is_the_share_of_common_words(words: set[str], changed: int) -> None:
    """Nine words of ten the same are a copy, one of ten is none; between there is some chance."""
    one = sorted(words)
    other = [f"{word}x" if place < changed else word for place, word in enumerate(one)]
    share = (20 - changed) / (20 + changed)
    same = len(set(_groups([" ".join(one), " ".join(other)]))) == 1

    if share > ALIKE + 0.3:
        assert same
    if share < ALIKE - 0.4:
        assert not same
