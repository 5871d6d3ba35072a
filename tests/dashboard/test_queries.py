"""Each query of the dashboard answers, and what is behind a figure is what it counts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.dashboard.queries import METADATA
from monitor.periods import Window
from monitor.standings import standings
from monitor.store import Store, open_log
from monitor.verdict import POLARITIES, TASKS, Answer
from tests.benchmarks.history import ENTITIES, History, write
from tests.factories import DAY_S, NOW, batch_row, register, tweet_row

QUERIES = METADATA["queries"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of tweets."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    write(path, History(600, days=2.0, until=NOW))
    return path


def _ask(path: Path, name: str, **asked: str) -> list[dict[str, Any]]:
    parameters = {"entity": "", "since": "", "until": "9", "label": "", "alert": "1", "words": ""}
    parameters |= asked
    with closing(open_log(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(QUERIES[name]["sql"], parameters)]


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_each_answers(log: Path, name: str) -> None:
    """And says what it is."""
    _ask(log, name, entity=ENTITIES[0])

    assert QUERIES[name]["title"]
    assert QUERIES[name]["description"]


@pytest.mark.parametrize("entity", [*ENTITIES[:3], ""])
@pytest.mark.parametrize("window", ["hour", "day"])
def test_behind_a_figure_are_its_tweets(log: Path, window: Window, entity: str) -> None:
    """As many of each label as the rollups counted, retweets apart."""
    with closing(open_log(log)) as connection:
        found = standings(connection, NOW - 3 * DAY_S, NOW, window=window, entity=entity)
    assert found
    for standing in found[:6]:
        for polarity, count in zip(POLARITIES, standing.counts, strict=True):
            rows = _ask(
                log,
                "tweets-behind",
                entity=entity,
                since=standing.start,
                until=standing.end,
                label=polarity,
            )
            assert count == sum(not row["retweet"] for row in rows)
            assert {polarity} >= {row["label"] for row in rows}


def test_negative_tweets_are_the_latest(log: Path) -> None:
    """Negative, about the entity, the latest first, with their text."""
    rows = _ask(log, "negative-tweets", entity=ENTITIES[0])
    behind = _ask(log, "tweets-behind", entity=ENTITIES[0], label="negative")

    assert rows
    assert {row["id"] for row in behind} == {row["id"] for row in rows}
    assert all(row["text"] for row in rows)
    with closing(open_log(log)) as connection:
        of_batches = dict(connection.execute("SELECT id, batch_id FROM tweets").fetchall())
    numbers = [of_batches[row["id"]] for row in rows]
    assert sorted(numbers, reverse=True) == numbers


def test_unsure_labels_are_below_a_half(tmp_path: Path) -> None:
    """By the answer that was the label; the latest first."""
    answers = {
        f"{task} {sure}": {
            name: Answer("neutral", dict.fromkeys(POLARITIES, sure if name == task else 0.9))
            for name in TASKS
        }
        for task in TASKS
        for sure in (0.49, 0.5)
    }
    path = tmp_path / "log.db"
    with closing(Store(path)) as store:
        register(store)
        rows = [tweet_row(id_, "Acme", answer=answer) for id_, answer in answers.items()]
        store.write(batch_row(len(rows)), rows, [])

    assert ["reputation 0.49"] == [r["id"] for r in _ask(path, "unsure-labels", entity="Acme")]
    assert [] == _ask(path, "unsure-labels", entity="Lumen")


def test_the_latest_tweets_of_all(tmp_path: Path) -> None:
    """Whoever they are about, by when they were written; and as far as fields ask for less."""
    path = tmp_path / "log.db"
    with closing(Store(path)) as store:
        register(store)
        rows = [
            replace(tweet_row("1", "Acme"), text="a data leak"),
            replace(tweet_row("2", "Lumen"), tweeted_at="2025-01-01T00:00:00.000Z"),
            tweet_row("3"),
        ]
        store.write(batch_row(len(rows)), rows, [])

    found = _ask(path, "latest-tweets")
    assert {"1", "2", "3"} == {row["id"] for row in found}
    assert "2025-01-01T00:00:00.000Z" in {row["time"] for row in found}
    assert ["1"] == [row["id"] for row in _ask(path, "latest-tweets", words="DATA")]
    assert ["2"] == [row["id"] for row in _ask(path, "latest-tweets", entity="Lumen")]
    assert [] == _ask(path, "latest-tweets", label="negative")


def test_a_figure_counts_by_when_tweets_were_written(tmp_path: Path) -> None:
    """And so does the list behind it."""
    path = tmp_path / "log.db"
    with closing(Store(path)) as store:
        register(store)
        written = replace(tweet_row("1", "Acme"), tweeted_at="2025-01-01T10:00:00.000Z")
        rows = [written, tweet_row("2", "Acme")]
        store.write(batch_row(len(rows)), rows, [])

    then = {"since": "2025-01-01T00:00:00", "until": "2025-01-02T00:00:00"}
    assert ["1"] == [row["id"] for row in _ask(path, "tweets-behind", entity="Acme", **then)]
    now = {"since": "2025-06-01T00:00:00", "until": "2026"}
    assert ["2"] == [row["id"] for row in _ask(path, "tweets-behind", entity="Acme", **now)]


def test_an_alert_leads_to_what_drove_it(log: Path, tmp_path: Path) -> None:
    """From the list of alerts to its negative tweets, and to no other."""
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(log)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        first, last = copy.execute("SELECT min(id), max(id) FROM batches").fetchone()
        with copy:
            copy.executemany(
                "INSERT INTO alerts VALUES (?, ?, 1, '2025', '2025', NULL, NULL, 0.1, 0.3, 9, 3,"
                " ?, '', ?, '', NULL, NULL, 'share', NULL, NULL, NULL, NULL,"
                " NULL, NULL, NULL, NULL, NULL)",
                [(7, ENTITIES[0], first, last), (8, ENTITIES[1], first, last)],
            )
    (alert,) = _ask(path, "latest-alerts", entity=ENTITIES[0])
    behind = _ask(path, "alert-tweets", alert="7")
    negative = _ask(path, "tweets-behind", entity=ENTITIES[0], label="negative")

    assert "/alert?number=7" == alert["page"]
    assert [] == _ask(path, "latest-alerts", entity="Nobody")
    assert {row["id"] for row in behind} == {row["id"] for row in negative if not row["retweet"]}
