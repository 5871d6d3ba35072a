"""Words and phrases that stand out."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from monitor.topics.standout import LEAST_SCORE, largest, log_odds, standing_out
from monitor.topics.words import spelt
from tests.factories import NOW
from tests.topics.invented import Said, corpora, leak, numbers_of, usual

_BEFORE = usual(200, since=NOW - 1e6, until=NOW - 1e5)


def _standing_out(window: list[Said], before: list[Said]) -> list[str | None]:
    here, there = corpora(window, before)
    found = largest(standing_out(here, there, frozenset()))
    return [spelt(window[int(here.place[one.example])].text or "", one.codes) for one in found]


def test_scores_are_those_of_the_paper() -> None:
    """Equations 16 and 22 of Monroe, Colaresi, Quinn 2008, worked out for one word."""
    (score,) = log_odds(np.array([30]), 1000, np.array([10]), 4000)
    prior = 1000 * 40 / 5000
    here = math.log((30 + prior) / (1000 + 1000 - 30 - prior))
    there = math.log((10 + prior) / (4000 + 1000 - 10 - prior))

    assert pytest.approx((here - there) / math.sqrt(1 / (30 + prior) + 1 / (10 + prior))) == score


def test_what_is_frequent_everywhere_has_no_score() -> None:
    """No list of function words is needed."""
    scores = log_odds(np.array([500, 50]), 10_000, np.array([1000, 0]), 20_000)

    assert pytest.approx(0, abs=1e-9) == scores[0]
    assert scores[1] > LEAST_SCORE


def test_the_leak_stands_out() -> None:
    """And no word as "the", "is" or "of"."""
    found = _standing_out(leak(), _BEFORE)

    assert {"data leak", "passwords"} <= {*found}
    assert not {"the", "of", "is", "and", "in", "a", "i", "my", "to", "data", "leak"} & {*found}
    assert "acme" not in " ".join(map(str, found))


def test_phrases_are_shown_once() -> None:
    """The longest, and not its parts; a part that comes often without it stays."""
    window = [Said(NOW, f"w{n} data leak x{n}") for n in range(20)]
    assert ["data leak"] == _standing_out(window, _BEFORE)

    window += [Said(NOW, f"y{n} leak z{n}") for n in range(30)]
    assert ["leak", "data leak"] == _standing_out(window, _BEFORE)


def test_of_a_long_phrase_one_part_is_shown() -> None:
    """Phrases have up to three words: of one of five there would be three parts."""
    window = [Said(NOW, f"w{n} worst parcel service ever seen x{n}") for n in range(20)]
    found = [text for text in _standing_out(window, _BEFORE) if text and "service" in text]

    assert found in (["worst parcel service"], ["parcel service ever"], ["service ever seen"])


@pytest.mark.parametrize("seed", range(5))
def test_usual_tweets_have_hardly_a_topic(seed: int) -> None:
    """Halves of the same tweets, parted at random: what differs is chance."""
    said = usual(500, seed=seed, since=NOW - 1e6, until=NOW)
    random.Random(seed).shuffle(said)

    assert len(_standing_out(said[:250], said[250:])) <= 1


def test_a_word_counts_once_a_tweet_and_not_in_retweets() -> None:
    """Who says it ten times is one who says it; who repeats another says nothing of his own."""
    window = [Said(NOW, "strike " * 10)] * 12 + [Said(NOW, "strike", is_retweet=True)] * 50
    window += usual(50, since=NOW - 10, until=NOW)
    here, there = corpora(window, _BEFORE)
    (word,) = numbers_of("strike")
    words = standing_out(here, there, frozenset())[0]

    assert [(12, 0)] == [(t.tweets, t.usually) for t in words if t.codes == (word,)]


def test_a_small_rise_does_not_stand_out() -> None:
    """However many tweets make it more than chance."""
    others = [Said(NOW, f"w{n % 50} x{n % 70} y{n % 90}") for n in range(10_000)]
    before = [*others, *[Said(NOW, "queue")] * 5000]

    assert [] == _standing_out([*others, *[Said(NOW, "queue")] * 7000], before)
    assert ["queue"] == _standing_out([*others, *[Said(NOW, "queue")] * 12_000], before)


def test_tweets_counted_twice_rank_alike() -> None:
    """What stands out most is the same, in the same order; more stands out, for more is known."""
    once, twice = (
        standing_out(*corpora(leak() * times, _BEFORE * times), frozenset())[0] for times in (1, 2)
    )

    assert [term.codes for term in once] == [term.codes for term in twice[: len(once)]]


def test_nothing_to_compare() -> None:
    """No words on a side: nothing stands out."""
    for window, before in (([], _BEFORE), (leak(), []), ([Said(NOW, "")], [Said(NOW, "@user")])):
        assert [] == _standing_out(window, before)
