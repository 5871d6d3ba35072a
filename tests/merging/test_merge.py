"""What two boards know, in one log: nothing twice, nothing forgotten."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.merging.merge import Merge
from monitor.store import Store, StoreError
from tests.factories import query
from tests.merging.worlds import BEGIN, Batch, Said, contents, copied, joined, write
from tests.spoiled import change

HOUR_S = 3600.0
_ALERT = (
    "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share, tweets,"
    " negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
    " VALUES ('Acme', 1, '2025', '2025-06-15T16:00:00.000Z', 0.1, 0.5, 4, 3, ?, ?, ?, ?)"
)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where logs are to be joined."""
    return tmp_path / "all.db"


def _batches(*ids: str, at: float = 0.0) -> list[Batch]:
    """A batch for each tweet, a second apart."""
    return [Batch((Said(id_),), at=at + number) for number, id_ in enumerate(ids)]


def _ids(path: Path) -> list[str]:
    return [row[0] for row in query(path, "SELECT id FROM tweets ORDER BY rowid")]


def test_two_boards_that_share_nothing(tmp_path: Path, output: Path) -> None:
    """Each row is there as it was, in the order in which all arrived."""
    one = write(tmp_path / "1.db", _batches("a", "c", at=0), model="small")
    two = write(tmp_path / "2.db", _batches("b", "d", at=0.5), model="large")
    first, second = joined(output, one, two)

    assert ["a", "b", "c", "d"] == _ids(output)
    assert (2, 2, 0, 2, 2) == (
        *(first.tweets, first.labels, first.copies),
        *(first.batches, first.minutes),
    )
    assert (2, 2, 0) == (second.tweets, second.labels, second.copies)
    of_model = " JOIN models ON models.id = model_id"
    for sql in (
        "SELECT id, received_at, text, is_retweet FROM tweets",
        "SELECT tweet_id, entity, reputation, sentiment_positive, name FROM labels" + of_model,
        "SELECT started_at, received, tweets, classify_ms FROM batches",
        "SELECT hour, entity, name, reputation_negative FROM rollups" + of_model,
    ):
        assert sorted(query(one, sql) + query(two, sql)) == sorted(query(output, sql))


def test_a_tweet_that_came_to_two_boards(tmp_path: Path, output: Path) -> None:
    """It is kept from the one that had it first, and counted once."""
    late = write(tmp_path / "1.db", [Batch((Said("a", "positive"),), at=3)])
    early = write(tmp_path / "2.db", [Batch((Said("a", "negative"), Said("b")), at=1)])
    _, second = joined(output, late, early)

    assert (1, 1, 1) == (second.tweets, second.labels, second.copies)
    assert [("a", "negative"), ("b", "negative")] == query(
        output, "SELECT tweet_id, reputation FROM labels"
    )
    assert [(utc(BEGIN + 1),)] == query(output, "SELECT received_at FROM tweets WHERE id = 'a'")
    assert [(2, 0)] == query(
        output, "SELECT sum(reputation_negative), sum(reputation_positive) FROM rollups"
    )
    assert [("Acme", 2, 2)] == query(
        output, "SELECT entity, tweets, negative FROM reputation_by_entity"
    )


def test_boards_that_ask_about_other_entities(tmp_path: Path, output: Path) -> None:
    """A tweet that came to both has the labels of both; neither is a copy of the other."""
    one = write(tmp_path / "1.db", [Batch((Said("a", entities=("Acme",)),), at=0)])
    two = write(tmp_path / "2.db", [Batch((Said("a", entities=("Lumen",)),), at=1)])
    _, second = joined(output, one, two)

    assert (0, 1, 0) == (second.tweets, second.labels, second.copies)
    assert [("Acme", 1), ("Lumen", 1)] == query(
        output, "SELECT entity, reputation_negative FROM rollups ORDER BY 1"
    )


def test_counts_outlive_what_they_count(tmp_path: Path, output: Path) -> None:
    """Hours of which the board has nothing left but its counts are joined, too, and only once."""
    one = write(tmp_path / "1.db", _batches("a", "b"))
    before = copied(one, "before.db")
    with closing(Store(one)) as store:
        store._pruner._delete(last_batch=1000, last_minute=0)
    two = write(tmp_path / "2.db", _batches("c"))
    joined(output, one, two)
    counted = query(output, "SELECT sum(reputation_negative) FROM rollups")
    joined(output, before)

    assert [(3,)] == counted
    assert counted == query(output, "SELECT sum(reputation_negative) FROM rollups")
    assert ["a", "b", "c"] == sorted(_ids(output))


def test_a_later_copy_brings_what_is_new(tmp_path: Path, output: Path) -> None:
    """What is there stays as it is; an alert that held has ended; nothing comes twice."""
    log = write(tmp_path / "1.db", _batches("a", "b"))
    change(log, _ALERT, 1, "a", 2, "b")
    joined(output, log)
    change(log, "UPDATE alerts SET ended_at = '2025-06-16', outcome = 'recovered'")
    write(log, _batches("c", at=9))
    (later,) = joined(output, log)
    held = contents(output)
    (again,) = joined(output, log)

    assert (1, 1, 1, 0) == (later.tweets, later.batches, later.minutes, later.alerts)
    assert [("2025-06-16", "recovered")] == query(output, "SELECT ended_at, outcome FROM alerts")
    assert (0, 0, 0, 0, 0) == (
        *(again.tweets, again.labels, again.copies),
        *(again.batches, again.minutes),
    )
    assert held == contents(output)


def test_what_drove_an_alert_is_what_drove_it_there(tmp_path: Path, output: Path) -> None:
    """Tweets of other boards do not come in between, and those that others had first belong."""
    mine = write(tmp_path / "1.db", _batches("a", "b", "c", "d", "e"))
    change(mine, _ALERT, 2, "b", 4, "d")
    other = write(tmp_path / "2.db", [Batch((Said("c"),), at=0.5), *_batches("x", "y", at=1.5)])
    sql = "SELECT entity, tweet_id, text FROM alert_tweets"
    expected = query(mine, sql)
    joined(output, other, mine)

    assert ["b", "c", "d"] == [row[1] for row in expected]
    assert sorted(expected) == sorted(query(output, sql))


def test_a_dead_letter_of_two_boards(tmp_path: Path, output: Path) -> None:
    """Boards that share a key have the same digest of the same message: it is one dead letter."""
    one = write(tmp_path / "1.db", [Batch(dead=("d",), at=2)])
    two = write(tmp_path / "2.db", [Batch(dead=("d", "e"), at=1)])
    first, second = joined(output, one, two)

    assert (1, 1) == (first.dead_letters, second.dead_letters)
    assert [("d", utc(BEGIN + 1)), ("e", utc(BEGIN + 1))] == query(
        output, "SELECT digest, received_at FROM dead_letters ORDER BY rowid"
    )


@pytest.mark.parametrize("older_first", [True, False])
@pytest.mark.parametrize("clock", [(0, 5, 2, 1, 9), (0, 1e9, 1, 2, 3), (-1.6e9, 1, 2, 3, 4)])
def test_a_boards_own_order_stays(
    tmp_path: Path, output: Path, clock: tuple[float, ...], older_first: bool
) -> None:
    """Whatever its clock did: went back, was in the future for once, or booted in the past."""
    ids = ["a", "b", "c", "d", "e"]
    log = tmp_path / "1.db"
    batches = [Batch((Said(i),), at=at) for i, at in zip(ids, clock, strict=True)]
    write(log, batches[:3])
    before = copied(log, "before.db")
    with closing(Store(log)) as store:
        store._pruner.rows = 2
        store._pruner._delete(last_batch=1000, last_minute=0)
    write(log, batches[3:])
    other = write(tmp_path / "2.db", _batches("x", "y", at=100))
    joined(output, other, *((before, log) if older_first else (log, before)))

    assert ids == [i for i in _ids(output) if i in ids]
    assert [(1,), (2,), (3,), (4,), (5,)] == query(
        output,
        "SELECT own_id FROM batches JOIN tweets ON batch_id = batches.id"
        " WHERE tweets.id < 'x' ORDER BY batches.id",
    )
    assert ["x", "y"] == _ids(output)[-2:]  # a future that nobody has seen is no reason to be last


def test_the_order_within_a_batch_stays(tmp_path: Path, output: Path) -> None:
    """Also if the first of it were pruned when it was joined, and an older copy brings them."""
    log = write(
        tmp_path / "1.db", [Batch((Said("c"), Said("b"), Said("d"), Said("a")), ("y", "x"))]
    )
    before = copied(log, "before.db")
    with closing(Store(log)) as store:
        store._pruner.rows = 1
        store._pruner._delete(last_batch=1000, last_minute=0)
        store._pruner._delete(last_batch=1000, last_minute=0)
    joined(output, log)
    left = _ids(output)
    joined(tmp_path / "part.db", before)
    joined(output, tmp_path / "part.db")

    assert ["d", "a"] == left
    assert ["c", "b", "d", "a"] == _ids(output)
    assert [("y",), ("x",)] == query(output, "SELECT digest FROM dead_letters ORDER BY rowid")


def test_rows_that_were_numbered_anew(tmp_path: Path, output: Path) -> None:
    """Rowids are SQLite's own to change: then order may be lost, but no row."""
    part = tmp_path / "part.db"
    log = write(tmp_path / "1.db", [Batch((Said("a"), Said("b")), ("x", "y"))])
    joined(part, log)
    for table, key, gone in (("tweets", "id", "b"), ("dead_letters", "digest", "y")):
        ((place,),) = query(part, f"SELECT rowid FROM {table} WHERE {key} = '{gone}'")
        change(part, f"DELETE FROM {table} WHERE {key} = ?", gone)
        change(part, f"UPDATE {table} SET rowid = ?", place)
    change(part, "DELETE FROM labels WHERE tweet_id = 'b'")
    joined(output, part, log)

    assert ["a", "b"] == sorted(_ids(output))
    assert [("x",), ("y",)] == query(output, "SELECT digest FROM dead_letters ORDER BY 1")


def test_rows_of_two_logs_that_were_numbered_anew(tmp_path: Path, output: Path) -> None:
    """Each by itself would have a place, but both the same."""
    part = tmp_path / "part.db"
    one = write(tmp_path / "1.db", [Batch((Said("a"),))])
    two = write(tmp_path / "2.db", [])
    joined(output, two)  # the other way round than in the other log
    write(two, [Batch((Said("b"),))])
    joined(part, one, two)
    for rowid, tweet in ((1, "a"), (3, "b")):
        change(part, "UPDATE tweets SET rowid = ? WHERE id = ?", rowid, tweet)
    joined(output, part)

    assert ["a", "b"] == sorted(_ids(output))


def test_a_board_is_known_by_the_name_it_has_for_its_broker(tmp_path: Path, output: Path) -> None:
    """The log's identity is a number; the client id says more, also by way of a joined log."""
    log = write(tmp_path / "1.db", _batches("a"))
    with closing(Store(log)) as store:
        store.remember_topics("localhost:1883", "attic", ["tweets/#"])
    joined(tmp_path / "part.db", log)
    joined(output, tmp_path / "part.db")

    assert [("attic", 0)] == query(output, "SELECT name, own FROM logs")
    assert query(log, "SELECT uuid FROM logs") == query(output, "SELECT uuid FROM logs")


@pytest.mark.parametrize("tweets", [True, False])
def test_a_cloned_card_is_not_taken_for_one_board(
    tmp_path: Path, output: Path, tweets: bool
) -> None:
    """Two logs that were one are refused, nothing of the second goes in, and it has a way out."""
    log = write(tmp_path / "1.db", _batches("a", "b"))
    clone = copied(log, "clone.db")
    write(log, _batches("c", at=10))
    write(clone, _batches("d", at=11))
    joined(output, log)
    if not tweets:  # a clone may have heard nothing yet, but the minutes pass
        for path in (clone, output):
            change(path, "DELETE FROM tweets")
            change(path, "DELETE FROM batches")
    held = contents(output) if tweets else None
    unit = "batch" if tweets else "minute"
    with pytest.raises(StoreError, match=f"clone.db: was the same log .* from {unit} 3 on"):
        joined(output, clone)

    if tweets:
        assert held == contents(output)
        change(clone, "UPDATE logs SET uuid = lower(hex(randomblob(16)))")
        joined(output, clone)
        assert ["a", "b", "c", "d"] == sorted(_ids(output))
        assert [(4,)] == query(output, "SELECT sum(reputation_negative) FROM rollups")


def test_models_are_told_apart_by_what_they_are(tmp_path: Path, output: Path) -> None:
    """The same model of two boards is one; what is known of its mistakes is kept if one knows."""
    logs = [write(tmp_path / f"{i}.db", _batches(f"{i}")) for i in range(2)]
    write(logs[1], _batches("x"), model="other")
    change(logs[0], "UPDATE models SET calibration = '{}' WHERE name = 'stub'")
    change(logs[1], "UPDATE models SET first_used_at = '2020' WHERE name = 'stub'")
    joined(output, *logs)

    assert [("other", None), ("stub", "{}")] == query(
        output, "SELECT name, calibration FROM models ORDER BY name"
    )
    assert [("2020",)] == query(output, "SELECT min(first_used_at) FROM models")
    assert [("other", 1), ("stub", 2)] == query(
        output, "SELECT name, count(*) FROM labels JOIN models ON models.id = model_id GROUP BY 1"
    )


def test_boards_side_by_side_are_as_fast_as_all_of_them(tmp_path: Path, output: Path) -> None:
    """Rates add up, and each board counts by itself what its broker dropped."""
    logs = []
    for number, (rate, dropped) in enumerate([(2, (100, 103)), (5, (0, 1))]):
        logs.append(write(tmp_path / f"{number}.db", _batches(f"{number}a", f"{number}b")))
        change(logs[-1], "UPDATE throughput SET labelled = ? * seconds", rate)
        for minute, total in enumerate(dropped, 1):
            change(logs[-1], "UPDATE throughput SET broker_dropped = ? WHERE id = ?", total, minute)
    joined(output, *reversed(logs))

    assert [(7.0, 3 + 1)] == query(
        output, "SELECT tweets_per_s, broker_dropped FROM throughput_by_hour"
    )
    assert [(2.0, 3)] == query(
        logs[0], "SELECT tweets_per_s, broker_dropped FROM throughput_by_hour"
    )


def test_one_log_too_many(tmp_path: Path, output: Path) -> None:
    """There is room for 4,095 in the numbers."""
    joined(output, write(tmp_path / "1.db", _batches("a")))
    change(output, "INSERT INTO logs (id, uuid, own) VALUES (4095, 'last', 0)")
    with pytest.raises(StoreError, match=r"2.db: is one log too many; 4,095 can be joined"):
        joined(output, write(tmp_path / "2.db", _batches("b")))

    assert ["a"] == _ids(output)


def test_columns_of_later_versions_are_joined(tmp_path: Path, output: Path) -> None:
    """Whoever adds a column to a table does not have to think of this."""
    log = write(tmp_path / "1.db", _batches("a"))
    joined(output, log)
    for path in (log, output):
        change(path, "ALTER TABLE tweets ADD COLUMN mood TEXT DEFAULT 'none'")
    write(log, _batches("b", at=5))
    change(log, "UPDATE tweets SET mood = 'good'")
    joined(output, log)

    assert [("a", "none"), ("b", "good")] == query(output, "SELECT id, mood FROM tweets")


def test_a_row_whose_batch_is_missing(tmp_path: Path, output: Path) -> None:
    """It is not left out in silence: such a log is damaged, and stays outside."""
    log = write(tmp_path / "1.db", [dataclasses.replace(b, dead=()) for b in _batches("a", "b")])
    change(log, "DELETE FROM batches WHERE id = 1")
    with pytest.raises(StoreError, match="damaged: its rows contradict each other"):
        joined(output, log)

    assert not output.exists()


@pytest.mark.parametrize("part", ["", "-wal", "-shm"])
def test_a_file_that_is_deleted_meanwhile_is_missed(
    tmp_path: Path, output: Path, part: str
) -> None:
    """What would go into a file without a name is said not to be joined, and can be again."""
    logs = [write(tmp_path / f"{number}.db", _batches(f"{number}")) for number in range(2)]
    with closing(Merge(output, logs)) as merge:
        merge.take(logs[0])
        Path(f"{output}{part}").unlink()
        with pytest.raises(StoreError, match="moved away or deleted meanwhile; run the same"):
            merge.take(logs[1])
    joined(output, *logs)

    assert {"0", "1"} == set(_ids(output))
