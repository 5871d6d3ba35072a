"""An invented log is one that the daemon could have written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.standings import standings
from monitor.store import Store, open_log
from monitor.store.rows import BatchRow, DeadLetter, TweetRow
from monitor.verdict import POLARITIES, TASKS, Answer, Verdict
from tests.benchmarks.history import CRISIS, History, write
from tests.factories import DAY_S, NOW, query

SMALL = History(400, days=2.0, until=NOW)
TABLES = ("models", "batches", "tweets", "labels", "dead_letters", "rollups")


def _verdict(row: Mapping[str, Any]) -> Verdict:
    return {task: Answer(row[task], {p: row[f"{task}_{p}"] for p in POLARITIES}) for task in TASKS}


def _replayed(source: Path, target: Path) -> None:
    """Write what is in a log into another one, batch by batch, as the daemon does."""
    with closing(open_log(source)) as log, closing(Store(target)) as store:
        log.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        store.register_model(Model.load(DEFAULT_MODEL), "litert", "reputation", NOW - 2 * DAY_S)
        for batch in log.execute("SELECT * FROM batches ORDER BY id"):
            of = (batch["id"],)
            tweets = [
                TweetRow(
                    **{k: v for k, v in tweet.items() if k not in ("batch_id", "board")},
                    verdicts=[
                        (label["entity"], _verdict(label))
                        for label in log.execute(
                            "SELECT * FROM labels WHERE tweet_id = ?", (tweet["id"],)
                        )
                    ],
                )
                for tweet in log.execute("SELECT * FROM tweets WHERE batch_id = ?", of)
            ]
            dead = [
                DeadLetter(**{k: v for k, v in letter.items() if k != "batch_id"})
                for letter in log.execute("SELECT * FROM dead_letters WHERE batch_id = ?", of)
            ]
            row = {key: batch[key] for key in BatchRow.__dataclass_fields__ if key in batch}
            store.write(BatchRow(**row, abstain_below=0.0), tweets, dead)


def test_the_store_would_write_the_same(tmp_path: Path) -> None:
    """Put through the store, an invented log comes out as it was, its rollups included."""
    write(tmp_path / "invented.db", SMALL)
    _replayed(tmp_path / "invented.db", tmp_path / "written.db")

    for table in TABLES:
        columns = [r[1] for r in query(tmp_path / "invented.db", f"PRAGMA table_info({table})")]
        kept = ", ".join(c for c in columns if c != "store_ms")
        ask = f"SELECT {kept} FROM {table} ORDER BY 1, 2"
        assert query(tmp_path / "written.db", ask) == query(tmp_path / "invented.db", ask), table
    assert [(400,)] == query(tmp_path / "invented.db", "SELECT count(*) FROM tweets")
    assert [("ok",)] == query(tmp_path / "invented.db", "PRAGMA integrity_check")
    assert [] == query(tmp_path / "invented.db", "PRAGMA foreign_key_check")


def test_the_same_seed_gives_the_same_log(tmp_path: Path) -> None:
    """What was measured on one machine can be measured on another."""
    for name in ("one.db", "two.db"):
        write(tmp_path / name, SMALL)

    for table in (*TABLES, "throughput"):
        ask = f"SELECT * FROM {table}"
        assert query(tmp_path / "one.db", ask) == query(tmp_path / "two.db", ask)


@pytest.mark.parametrize("tweets", [0, 1])
def test_hardly_anything(tmp_path: Path, tweets: int) -> None:
    """A log may be empty, or hold one tweet."""
    write(tmp_path / "invented.db", History(tweets, days=0.1, until=NOW))

    assert [(tweets, tweets)] == query(
        tmp_path / "invented.db",
        "SELECT (SELECT count(*) FROM tweets), (SELECT count(*) FROM labelled)",
    )


def test_the_crisis_shows(tmp_path: Path) -> None:
    """For two days an entity is spoken of more, and worse, and nobody else is."""
    history = History(5_000, days=20.0, until=NOW)
    write(tmp_path / "invented.db", history)
    with closing(open_log(tmp_path / "invented.db")) as log:
        begin = NOW - 2 * DAY_S
        crisis = {s.entity: s for s in standings(log, begin, NOW)}
        usual = {s.entity: s for s in standings(log, begin - 14 * DAY_S, begin)}
    worse = {
        entity: standing.negative.value - usual[entity].negative.value
        for entity, standing in crisis.items()
        if standing.tweets > 50
    }

    assert CRISIS == max(worse, key=worse.__getitem__)
    assert worse.pop(CRISIS) > 0.2 > max(worse.values())
    assert crisis[CRISIS].tweets > 2 * usual[CRISIS].tweets / 7
    assert {*history.names, None} == set(usual)
