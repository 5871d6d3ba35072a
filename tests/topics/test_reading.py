"""Tweets of an entity and a time, from real logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.store import open_log
from monitor.topics import reading
from monitor.topics.reading import Answer, Bounds, Question, UnknownAlertError, answer, of_alert
from monitor.verdict import OTHER_LANGUAGE
from tests.factories import NOW
from tests.topics.invented import LEAK_BEGAN, WINDOW, Said, leak, usual, write

_BEFORE = usual(200, since=NOW - 1e6, until=WINDOW[0])
_CRISIS = [
    *_BEFORE,
    *sorted(leak() + usual(30, seed=1, since=WINDOW[0], until=WINDOW[1]), key=lambda one: one.at),
]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(open_log(path)) as connection:
        yield connection


def _ask(
    path: Path,
    entity: str | None = "Acme",
    span: tuple[float, float] = WINDOW,
    bounds: Bounds | None = None,
    alert: int | None = None,
) -> Answer:
    question = Question(entity, *span, alert=alert, bounds=bounds or Bounds())
    with _opened(path) as connection:
        return answer(connection, question)


def _change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql, values)


def test_the_crisis_in_a_log(tmp_path: Path) -> None:
    """As of arrays, but read from a store."""
    found = _ask(write(tmp_path / "monitor.db", _CRISIS))
    story = found.topics.stories[0]

    assert ("entity", 200, 90) == (found.usual, found.usual_tweets, found.of_tweets)
    assert 57 <= story.count.tweets <= 62
    assert pytest.approx(0.9, abs=0.02) == story.count.negative_share
    assert utc(LEAK_BEGAN) == story.first_seen
    assert "data leak" in story.topics


def test_only_the_entity_and_the_time(tmp_path: Path) -> None:
    """Others' tweets are no part of it, nor what came before or after."""
    others = usual(90, name="Lumen", since=WINDOW[0], until=WINDOW[1])
    after = [Said(WINDOW[1] + 1, "Acme tomorrow")]
    log = write(tmp_path / "monitor.db", [*_CRISIS, *others, *after])

    assert 90 == _ask(log).topics.count.every
    assert 180 == _ask(log, None).topics.count.every
    assert 200 == _ask(log, span=(0.0, WINDOW[0])).topics.count.every


def test_labels_are_those_that_people_see(tmp_path: Path) -> None:
    """As the owner's answers make them; of another task, that task's."""
    log = write(tmp_path / "monitor.db", _CRISIS)
    _change(log, "UPDATE labels SET adapted = 'positive' WHERE reputation = 'negative'")
    adapted = _ask(log)

    assert (90, 0) == (adapted.topics.count.labelled, adapted.topics.count.negative)
    assert not any(tweet.is_negative for tweet in adapted.topics.stories[0].examples)


def test_languages_without_a_label(tmp_path: Path) -> None:
    """They are told of, and have no share."""
    said = [Said(NOW - 60, "der Zug ist schon wieder weg", OTHER_LANGUAGE)] * 3
    (story,) = _ask(write(tmp_path / "monitor.db", said)).topics.stories

    assert (3, None) == (story.count.tweets, story.count.negative_share)
    assert [None] == [tweet.is_negative for tweet in story.examples]


def test_a_tweet_about_two(tmp_path: Path) -> None:
    """Is one tweet among all; negative if it is for one of them."""
    said = [Said(NOW - 60, "Acme sold it to Lumen", "negative", entities=("Acme", "Lumen"))]
    log = write(tmp_path / "monitor.db", said)
    _change(log, "UPDATE labels SET reputation = 'positive' WHERE entity = 'Lumen'")
    counts = [_ask(log, entity).topics.count for entity in (None, "Acme", "Lumen")]

    assert [(1, 1), (1, 1), (1, 0)] == [(count.tweets, count.negative) for count in counts]


def test_no_texts(tmp_path: Path) -> None:
    """[privacy] store_text = "none": nothing is said, and how many there are."""
    said = [Said(NOW - 60, None)] * 3
    none = _ask(write(tmp_path / "none.db", said))
    some = _ask(write(tmp_path / "some.db", [*said, Said(NOW - 60, "a text")]))

    assert (0, 3) == (none.topics.count.every, none.without_text)
    assert (1, 3) == (some.topics.count.every, some.without_text)


def test_compared_with_others_where_there_is_too_little(tmp_path: Path) -> None:
    """A brand that is new: the usual is what others are told; if that is little, nothing."""
    others = usual(200, name="Lumen", since=NOW - 1e6, until=NOW)
    new = write(tmp_path / "new.db", [*_BEFORE[:5], *others, *leak()])
    alone = write(tmp_path / "alone.db", leak())
    found, nothing = _ask(new), _ask(alone)

    assert ("all", 200) == (found.usual, found.usual_tweets)
    assert "data leak" in found.topics.stories[0].topics
    assert "acme" not in " ".join(topic.text for topic in found.topics.topics)
    assert ("too-few", 0, ()) == (nothing.usual, nothing.usual_tweets, nothing.topics.topics)


def test_aliases_are_no_topics(tmp_path: Path) -> None:
    """Nor is the name, where what it is compared with does not have it."""
    said = [
        Said(one.at, (one.text or "").replace("Acme", "Acme, my Acmeo"), one.label)
        for one in leak()
    ]
    others = usual(200, name="Lumen", since=NOW - 1e6, until=NOW)
    with _opened(write(tmp_path / "monitor.db", [*others, *said])) as connection:
        without, with_ = (
            {t.text for t in answer(connection, Question("Acme", *WINDOW, names)).topics.topics}
            for names in ((), ("Acmeo",))
        )

    assert any("acmeo" in text for text in without)
    assert not any("acmeo" in text for text in with_)
    assert "data leak" in with_


def test_more_than_is_read_is_a_sample(tmp_path: Path) -> None:
    """The same one each time, of the right size, in which the leak still is the first story."""
    bounds = Bounds(1000, 500)
    many = usual(3000, since=WINDOW[0], until=WINDOW[1])
    log = write(
        tmp_path / "monitor.db",
        [*usual(2000, since=NOW - 1e6, until=WINDOW[0]), *leak() * 30, *many],
    )
    first, again = _ask(log, bounds=bounds), _ask(log, bounds=bounds)

    assert first == again
    assert 4800 == first.of_tweets
    assert 900 <= first.topics.count.every <= 1100
    assert 420 <= first.usual_tweets <= 580
    assert "data leak" in first.topics.stories[0].topics


def test_long_tweets_are_fewer(tmp_path: Path) -> None:
    """So that whoever fills tweets with words does not fill the memory."""
    long = [Said(NOW - 60, "\N{FIRE} word " * 100)] * 2000
    found = _ask(write(tmp_path / "monitor.db", long), bounds=Bounds(2000))

    assert 2000 == found.of_tweets
    assert 960 <= found.topics.count.every <= 1170


def test_so_many_tweets_are_looked_through(tmp_path: Path) -> None:
    """Of all entities, the latest of the time and of before; and it says from when on."""
    log = write(tmp_path / "monitor.db", _CRISIS)
    found = _ask(log, bounds=Bounds(looked_through=60))

    assert found.since > found.question.since
    assert 60 <= found.topics.count.every <= 61
    assert ("entity", 61) == (found.usual, found.usual_tweets)


def test_an_alert_has_its_time(tmp_path: Path) -> None:
    """From its change point to its end, or to now."""
    log = write(tmp_path / "monitor.db", _CRISIS)
    for id_, ended_at in ((7, None), (8, utc(NOW - 3600))):
        _change(
            log,
            "INSERT INTO alerts (id, entity, model_id, since, raised_at, ended_at, usual_share,"
            " share, tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES (?, 'Acme', 1, ?, ?, ?, 0.2, 0.9, 9, 8, 1, '', 1, '')",
            *(id_, utc(LEAK_BEGAN), utc(LEAK_BEGAN + 3600), ended_at),
        )
    with _opened(log) as connection:
        asked = [of_alert(connection, number, NOW) for number in (7, 8)]
        with pytest.raises(UnknownAlertError, match="no alert 9; the latest is 8"):
            of_alert(connection, 9, NOW)

    assert [("Acme", LEAK_BEGAN, NOW), ("Acme", LEAK_BEGAN, NOW - 3600)] == asked


def test_the_log_is_seen_as_it_was(tmp_path: Path) -> None:
    """What is deleted while it is read is read still."""
    log = write(tmp_path / "monitor.db", _CRISIS)
    with _opened(log) as connection:
        asked: reading.Asked = {"entity": None, "arrival": False, "since": "0", "until": "9"}
        read = reading._Tweets(connection, reading._EVERY, "", asked, 1000)
        with reading._snapshot(connection):
            rows = iter(read)
            places = [next(rows).place]
            _change(log, "DELETE FROM tweets")
            places += [tweet.place for tweet in rows]
            stored = reading._Stored(connection, Question("Acme", 0, 9)).tweet(places[-1])

    assert len(_CRISIS) == len(places)
    assert stored.text == _CRISIS[-1].text


def test_tweets_count_when_they_were_written(tmp_path: Path) -> None:
    """As in every report; an alert goes by when they arrived."""
    log = write(tmp_path / "monitor.db", _CRISIS)
    written = utc(NOW - 9e5)
    _change(log, "UPDATE tweets SET tweeted_at = ? WHERE id = '229'", written)
    then = (NOW - 9.1e5, NOW - 8.9e5)
    there, here, alert = _ask(log, span=then), _ask(log), _ask(log, alert=7)

    assert there.of_tweets == _ask(log, span=then, alert=7).of_tweets + 1
    assert here.of_tweets + 1 == alert.of_tweets == 90
    shown = {tweet.id: tweet.at for story in there.topics.stories for tweet in story.examples}
    assert shown.get("229", written) == written
