"""Which tweets an owner is asked about: at random, or those that teach."""

from __future__ import annotations

import dataclasses
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.labelling.sample import Mode, SampledTweet, draw, nothing_to_draw, tweets_of
from monitor.labelling.session import LabellingSession
from monitor.store import Store
from monitor.store.owner_labels import opened_beside, put, read
from monitor.verdict import TASKS, Answer, Verdict
from tests.factories import NOW, batch_row, register, tweet_row

AT = "2025-06-15T16:00:00.000Z"


def _sure(of: float) -> Verdict:
    answer = Answer("negative", {"negative": of, "neutral": 1 - of, "positive": 0.0})
    return dict.fromkeys(TASKS, answer)


def _log(path: Path, first: int, count: int) -> Path:
    """Write tweets of Acme, the later the surer; every third is a retweet, every seventh silent."""
    with closing(Store(path)) as store:
        register(store)
        rows = [
            dataclasses.replace(
                tweet_row(f"{i}", "Acme", answer=_sure(0.5 + i / 1000)),
                is_retweet=i % 3 == 0,
                text=None if i % 7 == 0 else f"first{i} second{i} third{i}",
            )
            for i in range(first, first + count)
        ]
        store.write(batch_row(count), rows, [])
    return path


def _ids(path: Path, count: int) -> list[str]:
    with opened_beside(path) as connection:
        return [tweet.id for tweet in draw(connection, "Acme", count, "random").tweets]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of 200 tweets."""
    return _log(tmp_path / "monitor.db", 1, 200)


def test_only_what_came_lately(path: Path) -> None:
    """Where answers have become old; and it is said if there is nothing."""
    late = utc(NOW + 3600)
    with closing(Store(path)) as store:
        rows = [
            dataclasses.replace(tweet_row(f"late {i}", "Acme"), received_at=late) for i in range(3)
        ]
        store.write(batch_row(3), rows, [])
    modes: tuple[Mode, ...] = ("random", "teaching")
    with opened_beside(path) as connection:
        for mode in modes:
            drawing = draw(connection, "Acme", 10, mode, late)
            assert 3 == drawing.of
            assert {tweet.id for tweet in drawing.tweets} <= {row.id for row in rows}
        assert not draw(connection, "Acme", 10, "random", utc(NOW + 7200)).tweets
        said = nothing_to_draw(connection, "Acme", utc(NOW + 7200))
    assert f"since {utc(NOW + 7200)}" in said


def test_what_can_be_drawn(path: Path) -> None:
    """No retweets, none without a text, each once; and it is said how many there are."""
    with opened_beside(path) as connection:
        drawing = draw(connection, "Acme", 1000, "random")
    expected = {f"{i}" for i in range(1, 201) if i % 3 and i % 7}

    assert expected == {tweet.id for tweet in drawing.tweets}
    assert len(expected) == len(drawing.tweets) == drawing.of


def test_fewer_are_the_first_of_more(path: Path) -> None:
    """So who stops goes on; the order is not that of arrival."""
    assert _ids(path, 50)[:20] == _ids(path, 20)
    assert sorted(_ids(path, 20), key=int) != _ids(path, 20)


def test_nobody_is_preferred(tmp_path: Path) -> None:
    """Over many logs each tweet is drawn about as often as another."""
    drawn = Counter[str]()
    for number in range(60):
        drawn.update(_ids(_log(tmp_path / f"{number}.db", 1, 20), 3))
    candidates = [i for i in range(1, 21) if i % 3 and i % 7]

    assert {f"{i}" for i in candidates} == set(drawn)
    assert max(drawn.values()) < 4 * 60 * 3 / len(candidates)


def test_who_goes_on_samples_what_has_come_meanwhile_too(path: Path) -> None:
    """After as many tweets again, the labelled ones are of both halves alike, none asked twice."""
    asked = _answer(path, 40)
    _log(path, 201, 200)
    asked += _answer(path, 40)
    new = sum(int(id_) > 200 for id_ in asked)

    assert 80 == len({*asked})
    assert 25 <= new <= 55


def _answer(path: Path, count: int) -> list[str]:
    with opened_beside(path) as connection:
        drawing = draw(connection, "Acme", count, "random")
        put(connection, [tweet.labelled("neutral", "random", AT) for tweet in drawing.tweets])
    return [tweet.id for tweet in drawing.tweets]


def test_what_was_found_before_is_drawn_in_its_turn(path: Path) -> None:
    """It is not asked again, and counts as random once those after it have been asked."""
    order = _ids(path, 10)
    with opened_beside(path) as connection:
        (found,) = tweets_of(connection, "Acme", [order[3]])
        put(connection, [found.labelled("positive", "found", AT)])
        session = LabellingSession(
            connection, draw(connection, "Acme", 5, "random"), "random", lambda: NOW
        )
        drawn = []
        for _ in range(5):
            tweet = session.tweet
            assert tweet is not None
            session.answer("negative")
            drawn.append({label.tweet_id for label in read(connection) if label.drawn == "random"})

        assert [set(order[:1]), set(order[:2]), set(order[:3])] == drawn[:3]
        assert [set(order[:5]), set(order[:6])] == drawn[3:]
        assert "positive" == {label.tweet_id: label.label for label in read(connection)}[order[3]]


def test_what_teaches(path: Path) -> None:
    """The least sure first; what says the same as one of them is left out."""
    with closing(Store(path)) as store:
        same = [
            dataclasses.replace(tweet_row(f"same-{i}", "Acme", answer=_sure(0.5)), text="all alike")
            for i in range(5)
        ]
        store.write(batch_row(5), same, [])
    with opened_beside(path) as connection:
        tweets = draw(connection, "Acme", 4, "teaching").tweets
        put(connection, [tweet.labelled("neutral", "teaching", AT) for tweet in tweets])
        again = draw(connection, "Acme", 4, "teaching").tweets

    assert "same" == tweets[0].id.partition("-")[0]
    assert ["1", "2", "4"] == [tweet.id for tweet in tweets[1:]]
    assert set() == {t.id for t in tweets} & {t.id for t in again}


def test_a_tweet_knows_what_the_model_said(path: Path) -> None:
    """Probabilities of both tasks, model and batch: what an answer is kept with."""
    with opened_beside(path) as connection:
        (tweet,) = tweets_of(connection, "Acme", ["10", "none"])

    assert SampledTweet(
        id="10",
        entity="Acme",
        text="first10 second10 third10",
        received_at="2025-06-15T15:06:40.000Z",
        probabilities=(0.51, 0.49, 0.0) * 2,
        model_sha256="0" * 64,
        batch_id=1,
    ) == dataclasses.replace(tweet, probabilities=tuple(round(p, 5) for p in tweet.probabilities))
