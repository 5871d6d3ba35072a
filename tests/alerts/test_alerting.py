"""Alerts beside the labels, in a real log: rows, words, messages, and what a failure leaves."""

from __future__ import annotations

import dataclasses
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts.alerting import Alerting
from monitor.alerts.tuning import Tuning
from monitor.clock import utc
from monitor.publishing import Outbox
from monitor.store import Store
from monitor.store.adapting import QUIET_S
from monitor.store.owner_labels import OwnerLabel, opened_beside, put, transaction
from monitor.store.rows import Labelled, TweetRow
from monitor.verdict import POLARITIES
from tests.factories import (
    NOW,
    STUB_MODEL,
    batch_row,
    elsewhere,
    query,
    register,
    tweet_row,
    verdict,
)

TUNING = Tuning(rise=2.0, false_alarm_days=30.0, quiet_s=86_400.0, learn_tweets=50)
STATES = "SELECT * FROM alert_states"
ALERTS = "SELECT * FROM alerts"

calm = [number % 5 == 4 for number in range(200)]
storm = [number % 2 == 1 for number in range(60)]


class Log:
    """A log with alerts, and what becomes of them."""

    def __init__(self, path: Path, outbox: Outbox | None = None, tuning: Tuning = TUNING) -> None:
        self.path = path
        self.store = Store(path)
        self._outbox, self._tuning = outbox, tuning
        self.alerting = Alerting(tuning, "reputation", outbox, self.store.adapting)
        self.store.set_hooks([self.alerting, *([outbox] if outbox else [])])
        self.model_id = register(self.store)
        self._numbers = itertools.count(self.store.tweets())

    def tweet(self, negative: bool, *entities: str, **changes: Any) -> TweetRow:  # noqa: ANN401
        """Make the next one, an hour after the last."""
        number = next(self._numbers)
        row = tweet_row(
            f"t{number:05}",
            *(entities or ("Acme",)),
            received_at=utc(NOW + 3600 * number),
            answer=verdict("negative" if negative else "positive", "neutral"),
        )
        return dataclasses.replace(row, **changes)

    def write(self, rows: Sequence[TweetRow], size: int = 1000) -> None:
        """Write tweets, so many at a time."""
        for first in range(0, len(rows), size):
            batch = rows[first : first + size]
            self.store.write(batch_row(len(batch), self.model_id), batch, [])

    def said(self, stream: Iterable[bool], *entities: str, size: int = 1000) -> list[TweetRow]:
        """Write a stream of labels."""
        rows = [self.tweet(negative, *entities) for negative in stream]
        self.write(rows, size)
        return rows

    def reopened(self) -> Log:
        """The same file after a restart."""
        self.store.close()
        return Log(self.path, self._outbox, self._tuning)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """An empty log that is watched."""
    made = Log(tmp_path / "monitor.db", Outbox("home"))
    with closing(made.store):
        yield made


def one(path: Path, sql: str = ALERTS) -> dict[str, Any]:
    """Return the only row there is."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute(sql).fetchall()
        return dict(row)


def messages(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """What waits to be sent."""
    return [
        (topic, json.loads(payload))
        for topic, payload in query(path, "SELECT topic, payload FROM outgoing ORDER BY id")
    ]


def test_an_alert_from_first_to_last(log: Log) -> None:
    """A row that is ended, a word for each after the COMMIT, and the state for who subscribes."""
    log.said(calm)
    assert [] == query(log.path, ALERTS)
    with structlog.testing.capture_logs() as words:
        rose = log.said(storm)
        row = one(log.path)
        assert row["ended_at"] is None
        assert abs(int(row["first_tweet_id"][1:]) - int(rose[0].id[1:])) <= 4
        assert pytest.approx(0.2, abs=0.02) == row["usual_share"]
        assert row["negatives"] / row["tweets"] == row["share"] > 0.4
        log.said(calm)
    row = one(log.path)

    assert "recovered" == row["outcome"]
    assert row["since"] < row["raised_at"] < row["ended_at"]
    assert ["alert", "alert-ended"] == [word["event"] for word in words]
    assert {
        "log_level": "warning",
        "event": "alert",
        "entity": "Acme",
        "alert_id": 1,
        "since": row["since"],
        "kind": row["kind"],
        "usual_share": round(row["usual_share"], 4),
        "share": round(row["share"], 4),
        "usual_per_day": round(row["usual_per_day"], 2),
        "per_day": round(row["per_day"], 2),
        "tweets": row["tweets"],
    } == words[0]
    (_, learnt), (topic, raised), (_, ended) = messages(log.path)
    assert ("ok", TUNING.learn_tweets) == (learnt["state"], learnt["learnt"])
    assert "home/alerts/acme" == topic
    assert ("Acme", "alert", row["since"], 1) == tuple(
        raised[key] for key in ("entity", "state", "since", "alert_id")
    )
    assert (raised["share"], raised["tweets"]) == (words[0]["share"], row["tweets"])
    assert ("ok", row["ended_at"], None) == (ended["state"], ended["since"], ended["share"])
    assert raised.keys() == ended.keys()
    assert [(1,)] * 3 == query(log.path, "SELECT retain FROM outgoing")
    assert ("watching", None) == tuple(one(log.path, STATES)[k] for k in ("phase", "alert_id"))


@pytest.mark.parametrize("size", [1, 7, 64])
def test_what_drove_it(log: Log, size: int) -> None:
    """The negative tweets from the change point to the one that raised it, with their texts."""
    rows = log.said(calm, size=size)
    for negative in storm:  # and who only repeats it, which drives nothing
        repeated = log.tweet(negative=True, is_retweet=True)
        rows.append(log.tweet(negative))
        log.write([repeated, rows[-1]], size)
    alert = one(log.path)
    between = [r for r in rows if alert["first_tweet_id"] <= r.id <= alert["tweet_id"]]
    expected = [
        (r.id, r.text) for r in between if "negative" == r.verdicts[0][1]["reputation"].label
    ]

    assert alert["tweets"] == len(between)
    assert alert["negatives"] == len(expected)
    assert expected == query(log.path, "SELECT tweet_id, text FROM alert_tweets")


def test_without_texts_and_tweets(log: Log) -> None:
    """Where no text is kept there is none, and pruned tweets are no error."""
    log.write([log.tweet(negative, text=None) for negative in [*calm, *storm]])
    drove = query(log.path, "SELECT text FROM alert_tweets")
    assert [(None,)] * one(log.path)["negatives"] == drove
    with closing(sqlite3.connect(log.path)) as connection:
        first = one(log.path)["first_tweet_id"]
        connection.execute("DELETE FROM tweets WHERE id <= ?", (first,))
        connection.commit()
    assert len(drove) - 1 == len(query(log.path, "SELECT text FROM alert_tweets"))


def test_who_is_watched(log: Log) -> None:
    """Each entity by itself; not the tweets about nobody, and not those that only repeat."""
    log.said(calm, "Acme", "Lumen", "")
    log.write([log.tweet(negative, "Acme", is_retweet=True) for negative in storm])
    log.said(storm, "")
    assert [] == query(log.path, ALERTS)
    log.said(storm, "Lumen")

    assert [("Lumen",)] == query(log.path, "SELECT entity FROM alerts")
    assert [("Acme",), ("Lumen",)] == query(log.path, "SELECT entity FROM alert_states ORDER BY 1")


@given(st.lists(st.integers(1, 90), min_size=1, max_size=8), st.booleans())
@settings(max_examples=3)
def test_batches_and_restarts_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], restart: bool
) -> None:
    """However a stream is cut into batches, and whether the daemon begins anew at each."""
    folder = tmp_path_factory.mktemp("log")
    stream = [*calm[:120], *storm, *calm]
    whole, cut = Log(folder / "whole.db"), Log(folder / "cut.db")
    whole.said(stream)
    whole.store.close()
    rows, begin = [cut.tweet(negative) for negative in stream], 0
    for size in itertools.cycle(sizes):
        cut.write(rows[begin : begin + size])
        begin += size
        if begin >= len(rows):
            break
        cut = cut.reopened() if restart else cut
    cut.store.close()
    columns = "kind, since, raised_at, ended_at, outcome, usual_share, share, tweets, tweet_id"
    for sql in (f"SELECT {columns} FROM alerts", STATES, "SELECT * FROM alert_rhythm"):
        assert query(whole.path, sql) == query(cut.path, sql)


def test_history_is_no_news(log: Log) -> None:
    """What was written more than a day before it came teaches nothing, and is part of no alert."""
    log.said(calm)
    before = one(log.path, STATES)
    last_year = {"tweeted_at": utc(NOW - 400 * 86_400)}
    log.write([log.tweet(True, **last_year) for _ in range(200)])
    assert before == one(log.path, STATES)
    log.said(storm)

    # The last calm tweets may have been negative, too.
    assert one(log.path)["tweets"] <= len(storm) + 4


def test_a_batch_that_fails_is_as_if_it_had_not_been(log: Log) -> None:
    """Tried again, it raises what it would have raised, once; nothing is said before."""

    class Failing:
        """A hook on a full disk."""

        def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:  # noqa: ARG002
            """Fail after the alert is written."""
            raise sqlite3.OperationalError("database or disk is full")

        def committed(self) -> None:
            """Never."""

    log.said(calm)
    before = query(log.path, STATES)
    rows = [log.tweet(negative) for negative in storm]
    with structlog.testing.capture_logs() as words:
        log.store.set_hooks([log.alerting, Failing()])
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError):
                log.write(rows)
        assert (before, [], []) == (query(log.path, STATES), query(log.path, ALERTS), words)
        log.store.set_hooks([log.alerting])
        log.write(rows)
        log.write(rows)  # and a redelivery
        log.store.tidy()

    assert ["alert"] == [word["event"] for word in words]
    assert 1 == one(log.path)["id"]


def test_another_model_learns_anew(log: Log) -> None:
    """What is usual is what the model says of it: an alert of another's labels is over."""
    log.said([*calm, *storm])
    log.model_id = register(log.store, "sentiment")
    with structlog.testing.capture_logs() as words:
        log.said(calm[:10])

    assert "new-model" == one(log.path)["outcome"]
    assert ["alert-ended"] == [word["event"] for word in words]
    state = one(log.path, STATES)
    assert (10, None) == (state["learnt"], state["alert_id"])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_models_of_several_boards_take_turns(log: Log, size: int) -> None:
    """Each label of another model begins anew, also within a batch: nothing else breaks."""
    log.said([*calm, *storm])
    rows = [log.tweet(negative) for negative in calm[:20]]
    log.write([elsewhere(row) if 5 <= i < 12 else row for i, row in enumerate(rows)], size)
    state = one(log.path, STATES)

    assert "new-model" == one(log.path)["outcome"]
    assert (log.model_id, 8) == (state["model_id"], state["learnt"])


def test_an_alert_of_results(log: Log) -> None:
    """What other boards labelled is watched by when it came here; their clocks may differ."""
    arrived = NOW
    for number, negative in enumerate([*calm, *storm]):
        arrived += 60
        behind_h = 9 if number % 2 else 2  # one board more than the other
        row = log.tweet(negative, received_at=utc(arrived - 3600 * behind_h))
        batch = dataclasses.replace(batch_row(1, log.model_id), started_at=utc(arrived))
        log.store.write(batch, [elsewhere(row)], [])
    alert, state = one(log.path), one(log.path, STATES)

    assert utc(NOW) < alert["since"] < alert["raised_at"] <= utc(arrived)
    assert 60 == state["seconds"] / state["pauses"]
    assert alert["negatives"] == len(query(log.path, "SELECT * FROM alert_tweets"))


def test_other_settings_take_over(log: Log) -> None:
    """After a reload what is usual is the same, and an alert goes on."""
    log.said(calm)
    before = one(log.path, STATES)
    rare = dataclasses.replace(TUNING, false_alarm_days=36_500.0)
    log.store.set_hooks([Alerting(rare, "reputation")])
    log.said(calm[:1])
    assert before["learnt"] + 1 == one(log.path, STATES)["learnt"]
    log.said([*storm, *storm])
    learnt = one(log.path, STATES)["tweets"]
    log.store.set_hooks([Alerting(TUNING, "reputation")])
    log.said(calm[:1])
    state = one(log.path, STATES)
    assert ("alert", 1, learnt) == (state["phase"], state["alert_id"], state["tweets"])
    log.said(calm)
    assert "recovered" == one(log.path)["outcome"]


def _teach(log: Log, told: dict[str, str]) -> None:
    """Say of all tweets what they are, whatever the model says, and have it learnt."""
    probabilities = {p: tuple(0.8 if p == q else 0.1 for q in POLARITIES) for p in POLARITIES}
    owns = query(log.path, "SELECT tweet_id, reputation FROM labels ORDER BY 1")
    with opened_beside(log.path) as connection, transaction(connection):
        put(
            connection,
            [
                OwnerLabel(
                    *(id_, "Acme", told[own], "random", utc(NOW), utc(NOW)),
                    probabilities=(*probabilities[own], *probabilities["neutral"]),
                    model_sha256=STUB_MODEL.sha256,
                )
                for id_, own in owns
            ],
        )
    log.store.learn(1.0)
    log.store.learn(3 + QUIET_S)
    assert log.store.adapting.current.changes_labels


def test_a_new_adaptation_raises_nothing_by_itself(tmp_path: Path) -> None:
    """The owner takes praise for mockery: labels turn over, and the chart goes on from there."""
    log = Log(tmp_path / "monitor.db")
    log.said(calm)
    ((tweets,),) = query(log.path, "SELECT learnt FROM alert_states")
    _teach(log, {"negative": "positive", "positive": "negative"})
    log.said(calm, size=1)

    assert [] == query(log.path, ALERTS)
    ((share, id_, more),) = query(
        log.path, "SELECT negatives / tweets, adaptation_id, learnt FROM alert_states"
    )
    assert pytest.approx(0.8, abs=0.03) == share
    assert (1, True) == (id_, more >= tweets)  # it did not begin anew


def test_alerts_watch_labels_as_adapted(tmp_path: Path) -> None:
    """A rise of what the owner calls negative is one, whatever the model says of it."""
    log = Log(tmp_path / "monitor.db")
    log.said([not negative for negative in calm])
    _teach(log, {"negative": "positive", "positive": "negative"})
    log.said([not negative for negative in calm], size=10)
    assert [] == query(log.path, ALERTS)
    log.said([not negative for negative in storm])
    ((usual, share),) = query(log.path, "SELECT usual_share, share FROM alerts")

    assert usual < 0.25
    assert share > 0.4
    drove = query(
        log.path,
        "SELECT DISTINCT reputation, label FROM alert_tweets JOIN labelled ON id = tweet_id",
    )
    assert [("positive", "negative")] == drove


def test_an_alert_that_becomes_worse_gives_way_to_another(log: Log) -> None:
    """It has ended then, and the next one says what has risen above its level, and since when."""
    mild = log.said([*calm, *storm])
    first = one(log.path)
    worse = log.said([True] * 30, size=1)
    rows = query(
        log.path,
        "SELECT id, since, raised_at, ended_at, outcome, usual_share, share, tweets FROM alerts",
    )
    (_, _, _, ended_at, outcome, *_), (second, since, raised_at, *rest) = rows

    assert (first["id"], "worsened", raised_at) == (rows[0][0], outcome, ended_at)
    assert mild[-1].received_at <= since <= raised_at  # it is negative, too
    assert since <= worse[6].received_at
    still, none, usual, share, tweets = rest
    assert still is none is None
    assert first["usual_share"] + 0.15 < usual < 0.75 < share
    assert tweets <= 30
    assert [(second,)] == query(log.path, "SELECT alert_id FROM alert_states")
    states = [said["state"] for _, said in messages(log.path)]
    assert "ok" not in states[states.index("alert") :]
    log.said(calm[:100])
    assert ["worsened", "recovered"] == [
        outcome for (outcome,) in query(log.path, "SELECT outcome FROM alerts ORDER BY id")
    ]
