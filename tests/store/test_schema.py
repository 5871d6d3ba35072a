"""The log's views and indexes: what is asked often is found without reading everything."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.store import Store, StoreError
from monitor.store.integrity import APPLICATION_ID
from monitor.store.schema import is_joined, migrations
from tests.factories import query
from tests.logs import Said, write_log

COLUMNS = {
    "labelled": "id received_at entity label reputation sentiment text author lang topic is_retweet"
    " abstained clock_synchronised board adaptation tweeted_at",
    "throughput_by_hour": "hour received labelled duplicates rejected tweets_per_s worst_p99_ms"
    " queue_depth rss_mib cpu_celsius broker_dropped other_language",
}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where an empty log lies."""
    with closing(Store(tmp_path / "monitor.db")):
        yield tmp_path / "monitor.db"


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT * FROM labelled ORDER BY received_at DESC LIMIT 50", "tweets_received_at"),
        (
            "SELECT text FROM labelled WHERE entity = 'Acme' AND received_at > '2025-06-15'",
            "tweets_received_at",
        ),
        ("SELECT * FROM throughput_by_hour LIMIT 24", "throughput_hour"),
        (
            "SELECT tweet_id FROM labels WHERE entity = 'Acme' ORDER BY batch_id DESC LIMIT 50",
            "labels_batch",
        ),
    ],
)
def test_nothing_is_sorted_to_find_the_latest(path: Path, sql: str, index: str) -> None:
    """SQLite begins with an index that has the rows in order, and stops when it has enough."""
    plan: list[str] = []
    joined: set[int] = set()  # steps that only the boards of a joined log need
    for number, parent, _, step in query(path, f"EXPLAIN QUERY PLAN {sql}"):
        if parent in joined or step.startswith("CORRELATED"):
            joined.add(number)
        else:
            plan.append(step)
    scans = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]

    assert any(index in step for step in scans[:2]), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("view", COLUMNS)
def test_views_keep_their_columns(path: Path, view: str) -> None:
    """People's scripts go by names and places: a migration that makes a view anew keeps both."""
    assert COLUMNS[view].split() == [
        name for _, name, *_ in query(path, f"PRAGMA table_info({view})")
    ]


def test_views_are_plain_sql(path: Path) -> None:
    """No join has an ON that has none in standard SQL: DuckDB would not even attach the log."""
    views = dict(query(path, "SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
    odd = re.compile(r"CROSS JOIN\s+\w+(\s+AS\s+\w+)?\s+ON\b")

    assert {*COLUMNS, "alert_tweets", "reputation_by_entity"} <= views.keys()
    assert [] == [name for name, sql in views.items() if odd.search(sql)]
    # What is made of an hour's rows stands beside nothing that is made of one of them.
    assert "GROUP BY 1" not in views["throughput_by_hour"]


@pytest.mark.parametrize("boards", [(None,), (1, 2)], ids=["own", "joined"])
def test_plain_views_say_what_the_others_said(
    tmp_path: Path, boards: tuple[int | None, ...]
) -> None:
    """Row by row and in their order, of a daemon's own log and of a joined one."""
    path = write_log(tmp_path / "monitor.db", [Said("Acme", count=3), Said("Norwick"), Said()])
    with closing(Database(tmp_path / "before.db").conn) as before:
        migrations.apply(Database(before), stop_before="m011_plain_views")
        views = dict(before.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
    with closing(sqlite3.connect(path)) as log:
        log.executemany("INSERT INTO logs (id, uuid, own) VALUES (?, ?, 0)", [(2, "b")])
        for number, dropped in enumerate([None, 5, 7, 7, 2, 4]):
            for board in boards:
                log.execute(
                    "INSERT INTO throughput (started_at, seconds, received, labelled, duplicates,"
                    " rejected, tweets_per_s, queue_depth, broker_dropped, log_id, own_id)"
                    " VALUES (?, 60, 9, ?, 0, 0, 0.1, 3, ?, ?, ?)",
                    (
                        f"2025-06-15T{10 + number // 3}:{number:02}:00.000Z",
                        number + (board or 0),
                        dropped,
                        board,
                        board and number,
                    ),
                )
        log.execute("UPDATE batches SET log_id = ?, own_id = id", (boards[0],))
        log.execute(
            "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share, tweets,"
            " negatives, first_batch_id, first_tweet_id, batch_id, tweet_id, log_id)"
            " VALUES ('Acme', 1, '', '', 0.2, 0.4, 10, 4, 1, '1', 3, '4', ?)",
            (boards[0],),
        )
        for name in ("labelled", "alert_tweets", "throughput_by_hour"):
            found = log.execute(f"SELECT * FROM {name}").fetchall()
            log.execute(f"DROP VIEW {name}")
            log.execute(views[name])

            known = log.execute(f"SELECT * FROM {name}").fetchall()
            assert found
            # Columns that came since are the last.
            assert known == [row[: len(old)] for row, old in zip(found, known, strict=True)]


def test_who_waits_for_a_migration_may_break_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any moment of it: the log is whole, and the next opening goes on."""
    monkeypatch.setattr("monitor.store.store._PROGRESS_EVERY", 50)
    path = tmp_path / "monitor.db"
    with closing(Database(path).conn) as old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(old), stop_before="m005_rollups")
    broken_off = 0
    for patience in range(1, 1000, 7):
        calls = itertools.count(1)

        def stop(_pending: object, last: int = patience, calls: Iterator[int] = calls) -> None:
            if next(calls) == last:
                raise InterruptedError

        try:
            Store(path, on_migrating=stop).close()
        except (StoreError, InterruptedError):
            broken_off += 1
            continue
        break

    assert broken_off > 3
    assert [("ok",)] == query(path, "PRAGMA integrity_check")
    Store(path, on_migrating=lambda _pending: pytest.fail("there is nothing left")).close()


def test_who_waits_for_a_migration_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it begins and as it gets on; a log that needs none is opened without a word."""
    monkeypatch.setattr("monitor.store.store._PROGRESS_EVERY", 10)
    heard: list[list[str]] = []
    path = tmp_path / "monitor.db"
    with closing(Database(path).conn) as old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(old), stop_before="m005_rollups")
        pending = [migration.name for migration in migrations.pending(Database(old))]
    with closing(Store(path, on_migrating=lambda names: heard.append(list(names)))) as store:
        when_open = len(heard)
        store._connection.execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)"
            " SELECT sum(n) FROM n"
        ).fetchall()
    again: list[object] = []
    Store(path, on_migrating=again.append).close()
    Store(tmp_path / "new.db", on_migrating=again.append).close()

    assert "m005_rollups" == pending[0]
    assert [pending] * len(heard) == heard
    assert when_open == len(heard) > 2
    assert [] == again


def test_each_log_has_an_identity(tmp_path: Path) -> None:
    """Given once, and taken along by its copies; nothing in it is another log's."""
    for name in ("1.db", "2.db", "1.db"):
        Store(tmp_path / name).close()
    first, second = (
        query(tmp_path / name, "SELECT uuid, own FROM logs") for name in ("1.db", "2.db")
    )

    assert 1 == len(first)
    assert 32 == len(first[0][0])
    assert first != second
    with closing(sqlite3.connect(tmp_path / "1.db")) as connection:
        assert not is_joined(connection)
