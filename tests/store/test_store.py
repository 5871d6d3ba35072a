"""``monitor.store`` and its schema: real files, asked from outside as people do."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.clock import utc
from monitor.store import MOST_MODELS, Store, StoreError
from monitor.store.rows import DeadLetter, Labelled, ModelRow, Stored, TweetRow
from monitor.store.schema import migrations
from monitor.verdict import POLARITIES, TASKS, Answer, Verdict
from tests.factories import (
    NOW,
    STUB_MODEL,
    batch_row,
    dead_letter,
    elsewhere,
    minute,
    query,
    register,
    tweet_row,
    verdict,
)

TABLES = ("tweets", "labels", "batches", "dead_letters", "throughput")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "log" / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A fresh log with a model in it."""
    with closing(Store(path)) as store:
        register(store)
        yield store


def _counts(path: Path) -> dict[str, int]:
    return {table: query(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def _refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        Store(path)
    return str(caught.value)


# Opening


def test_a_fresh_log_is_safe(store: Store) -> None:
    """WAL, synced at every commit, and able to give space back; marked as ours."""
    pragmas = ("journal_mode", "synchronous", "auto_vacuum", "application_id")
    values = [store._connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]

    assert ["wal", 2, 2, int.from_bytes(b"twrm")] == values


def test_opening_again_changes_nothing(path: Path) -> None:
    """A log that is closed and opened again is the same, and as safe as before."""
    with closing(Store(path)) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", "Acme")], [])
    schema = query(path, "SELECT * FROM sqlite_master ORDER BY name")
    with closing(Store(path)) as store:
        assert 1 == store.tweets()
        assert (2,) == store._connection.execute("PRAGMA synchronous").fetchone()

    assert schema == query(path, "SELECT * FROM sqlite_master ORDER BY name")
    assert [(2,)] == query(path, "PRAGMA auto_vacuum")


def test_closing_leaves_one_file(path: Path) -> None:
    """After closing, the file alone is the log: it can be copied away."""
    with closing(Store(path)) as store:
        register(store)

    assert [path.name] == [file.name for file in path.parent.iterdir()]


def test_a_foreign_database_is_refused(path: Path) -> None:
    """Somebody else's SQLite file is named and left exactly as it is."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
    content = path.read_bytes()
    message = _refusal(path)

    assert message.startswith(f"{path}: ")
    assert "not a log of this program" in message
    assert content == path.read_bytes()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A file that is not SQLite is named and left exactly as it is."""
    path.parent.mkdir()
    path.write_bytes(b"Dear diary, " * 1000)

    assert _refusal(path).startswith(f"{path}: file is not a database, so no log of this program")
    assert b"Dear diary, " * 1000 == path.read_bytes()


def test_a_path_that_cannot_be_opened_is_named(path: Path) -> None:
    """A folder in its place, or a file where its folder should be, is named."""
    path.mkdir(parents=True)
    below = path.parent / "file" / "monitor.db"
    below.parent.write_text("not a folder")

    assert _refusal(path).startswith(f"{path}: ")
    assert _refusal(below).startswith(f"{below}: ")


def test_an_empty_file_becomes_a_log(path: Path) -> None:
    """An empty file, as `touch` or a power cut leaves it, is as good as none."""
    path.parent.mkdir()
    path.touch()
    with closing(Store(path)) as store:
        assert 0 == store.tweets()

    assert [(2,)] == query(path, "PRAGMA auto_vacuum")


def test_a_newer_log_is_refused(path: Path) -> None:
    """A log that a newer version has migrated is not written to; the migration is named."""
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('monitor', 'm999_from_the_future', '2099-01-01')"
        )
    message = _refusal(path)

    assert message.startswith(f"{path}: ")
    assert "newer version" in message
    assert "m999_from_the_future" in message


@pytest.fixture
def first_version(path: Path) -> Path:
    """A log as the first migration alone lays it out, with a label in it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute(f"PRAGMA application_id = {int.from_bytes(b'twrm')}")
        migrations.apply(Database(old), stop_before="m002_abstained")
        for values in (
            "models VALUES (1, 'aa', 'stub', '1', 'litert', 'sentiment', '2025')",
            "tweets VALUES ('1', '2025-06-15T15:06:40Z', NULL, 'tweets', NULL, NULL, 0, '', 1)",
            "labels VALUES ('1', 'Acme', 'positive', 0.1, 0.2, 0.7, 'neutral', 0.3, 0.4, 0.3, 1)",
        ):
            old.execute(f"INSERT INTO {values}")
    return path


def test_a_log_from_before_abstaining_is_migrated(first_version: Path, tmp_path: Path) -> None:
    """A log of the first version keeps what it holds, unmarked, and is then as a new one is."""
    kept = ("models", "tweets", "labels", "labelled")
    before = {table: query(first_version, f"SELECT * FROM {table}") for table in kept}
    for path in (first_version, tmp_path / "new.db"):
        Store(path).close()
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    columns_added = {
        "models": (None,),
        "tweets": (None, None),
        "labels": (0, 0, 1, None, None),
        "labelled": (0, None, None, None, None),
    }

    assert {
        table: [row + columns_added.get(table, ()) for row in rows]
        for table, rows in before.items()
    } == {table: query(first_version, f"SELECT * FROM {table}") for table in kept}
    assert query(tmp_path / "new.db", schema) == query(first_version, schema)


def test_dead_letters_from_before_find_their_batch(path: Path) -> None:
    """Retention goes by batches: a dead letter of an older log is given the one of its time."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute(f"PRAGMA application_id = {int.from_bytes(b'twrm')}")
        migrations.apply(Database(old), stop_before="m003_order_of_arrival")
        for number in (1, 2, 3):
            old.execute(
                f"INSERT INTO batches VALUES ({number}, '2025-06-1{number}', 1, 0, 0, 0, 0, 0,"
                " 0, 0, 0)"
            )
        old.execute(
            "INSERT INTO dead_letters VALUES ('d', '2025-06-12T01', 't', 'empty', '', 0, NULL)"
        )
    Store(path).close()

    assert [(2,)] == query(path, "SELECT batch_id FROM dead_letters")


def test_topics_are_remembered(path: Path) -> None:
    """What our session at a broker has is known in the next life, for each broker and name."""
    with closing(Store(path)) as store:
        assert set() == store.remember_topics("a:1883", "me", ["x/#", "y"])
        assert set() == store.remember_topics("b:1883", "me", ["z"])
    with closing(Store(path)) as store:
        assert {"x/#", "y"} == store.remember_topics("a:1883", "me", ["y"])
        assert {"z"} == store.remember_topics("b:1883", "me", [])
        assert set() == store.remember_topics("a:1883", "you", [])


def test_what_the_broker_dropped_is_remembered(store: Store) -> None:
    """The last count that it told, also if it has not told any since."""
    assert store.broker_dropped() is None
    for dropped in (3, 7, None):
        store.write_minute(minute(utc(NOW), dropped))

    assert 7 == store.broker_dropped()


def test_a_migrated_log_goes_on(first_version: Path) -> None:
    """What is written after the migration is marked, beside what was there before."""
    with closing(Store(first_version)) as store:
        store.write(batch_row(1, abstain_below=0.9), [tweet_row("2", "Acme")], [])

    assert [("Acme", 2, 0, 0, 1, 1.0, 1, 0)] == query(
        first_version, "SELECT * FROM reputation_by_entity"
    )


def test_a_locked_log_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that another program keeps locked is told with its path."""
    monkeypatch.setattr("monitor.store.store.BUSY_TIMEOUT_S", 0.01)
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert f"{path}: database is locked" == _refusal(path)


# Writing


def test_a_batch_is_stored(path: Path, store: Store) -> None:
    """Everything about a batch ends up in its tables."""
    tweet = dataclasses.replace(
        tweet_row("7", "Acme", "Lumen"),
        created_at="yesterday",
        author="0f" * 16,
        lang="en",
        is_retweet=True,
    )
    letter = DeadLetter("d1", utc(NOW), "tweets/x", "not-utf8", "Not UTF-8.", 3, b"\xff\x00\n")

    assert Stored(tweets=1, labels=2, dead_letters=1) == store.write(
        batch_row(2), [tweet], [letter]
    )
    assert [
        ("7", utc(NOW), "yesterday", "tweets", "0f" * 16, "en", 1, "text of 7", 1, None, None),
    ] == query(path, "SELECT * FROM tweets")
    answer = ("positive", 0.1, 0.1, 0.8, "negative", 0.8, 0.1, 0.1, 1, 0, 0, 1, None, None)
    assert [("7", "Acme", *answer), ("7", "Lumen", *answer)] == query(path, "SELECT * FROM labels")
    assert [
        ("d1", utc(NOW), "tweets/x", "not-utf8", "Not UTF-8.", 3, b"\xff\x00\n", 1),
    ] == query(path, "SELECT * FROM dead_letters")
    assert [(1, 2, 1, 2, 0, 1, 1.0, 2.0)] == query(
        path,
        "SELECT model_id, received, tweets, labels, duplicates, rejected, collect_ms, classify_ms"
        " FROM batches",
    )
    assert [(1, 1)] == query(path, "SELECT store_ms >= 0, store_ms < 10000 FROM batches")


def test_labels_that_a_model_lacks_are_null(path: Path, store: Store) -> None:
    """A model that knows two labels leaves the third one's probability empty."""
    answers = {
        "reputation": Answer("positive", {"positive": 0.7, "negative": 0.3}),
        "sentiment": verdict()["sentiment"],
    }
    store.write(batch_row(1), [tweet_row("1", answer=answers)], [])

    assert [("positive", 0.3, None, 0.7)] == query(
        path,
        "SELECT reputation, reputation_negative, reputation_neutral, reputation_positive"
        " FROM labels",
    )


@pytest.mark.parametrize(
    ("expected", "abstain_below"),
    [
        ((0, 0), 0.0),
        ((0, 0), 0.6),
        ((1, 0), 0.60001),
        ((1, 0), 0.8),
        ((1, 1), 0.80001),
        ((1, 1), 1.0),
    ],
)
def test_labels_below_the_threshold_are_marked(
    path: Path, store: Store, expected: tuple[int, int], abstain_below: float
) -> None:
    """Each answer by the probability of its own label, strictly below; the label stays."""
    answers = {
        # A hair less than 0.6, as float32 may have it: kept as 0.6, it is not below 0.6.
        "reputation": Answer("positive", {"negative": 0.3, "neutral": 0.1, "positive": 0.5999999}),
        "sentiment": verdict()["sentiment"],
    }
    store.write(batch_row(1, abstain_below=abstain_below), [tweet_row("1", answer=answers)], [])

    assert [("positive", 0.6, "negative", 0.8, *expected)] == query(
        path,
        "SELECT reputation, reputation_positive, sentiment, sentiment_negative,"
        " reputation_abstained, sentiment_abstained FROM labels",
    )


def test_duplicates_are_no_news(path: Path, store: Store) -> None:
    """What is there already stays as it was first written, and is counted as a duplicate."""
    first = [tweet_row("1", "Acme"), tweet_row("2")]
    store.write(batch_row(3), first, [dead_letter("a")])
    before = [query(path, f"SELECT * FROM {t}") for t in ("tweets", "labels", "dead_letters")]
    again = [
        dataclasses.replace(tweet_row("1", "Acme", answer=verdict("neutral")), text="changed"),
        tweet_row("2"),
    ]

    assert Stored(0, 0, 0) == store.write(
        batch_row(3), again, [dead_letter("a", reason="too-deep")]
    )
    assert before == [
        query(path, f"SELECT * FROM {t}") for t in ("tweets", "labels", "dead_letters")
    ]
    assert [(3, 2, 0, 1), (3, 0, 2, 1)] == query(
        path, "SELECT received, tweets, duplicates, rejected FROM batches ORDER BY id"
    )


def test_duplicates_within_a_batch(path: Path, store: Store) -> None:
    """The same tweet twice in one batch is one tweet."""
    assert Stored(1, 1, 0) == store.write(batch_row(2), [tweet_row("1"), tweet_row("1")], [])
    assert [(1, 1)] == query(path, "SELECT tweets, duplicates FROM batches")


def test_a_known_tweet_gains_a_label(path: Path, store: Store) -> None:
    """Asked about a further entity, a known tweet gets that label and keeps the one it has."""
    store.write(batch_row(1), [tweet_row("1", "Acme")], [])
    more = tweet_row("1", "Acme", "Lumen", answer=verdict("neutral"))

    assert Stored(0, 1, 0) == store.write(batch_row(1), [more], [])
    assert [("Acme", "positive"), ("Lumen", "neutral")] == query(
        path, "SELECT entity, reputation FROM labels ORDER BY entity"
    )


class _Fresh:
    """A hook that notes what it is told."""

    def __init__(self) -> None:
        self.labels: list[Labelled] = []

    def write(self, _connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Take note."""
        self.labels += fresh

    def committed(self) -> None:
        """Nothing to do."""


def test_what_another_board_labelled_is_stored_as_it_was(path: Path, store: Store) -> None:
    """Under that board's model and marks, whatever our own are; in our batch, at our time."""
    fresh = _Fresh()
    store.set_hooks([fresh])
    early = "2025-06-15T09:00:00.000Z"
    theirs = elsewhere(tweet_row("1", "Acme", received_at=early, answer=verdict("neutral")))

    assert Stored(2, 2, 0) == store.write(
        batch_row(2, abstain_below=0.9), [theirs, tweet_row("2", "Acme")], []
    )
    assert [
        ("1", early, "neutral", 0, 1, "other", "2", "tflite-runtime", "reputation", 1),
        ("2", utc(NOW), "positive", 1, 1, "stub", "1", "litert", "reputation", 1),
    ] == query(
        path,
        "SELECT t.id, t.received_at, l.reputation, l.reputation_abstained, l.sentiment_abstained,"
        " m.name, m.version, m.runtime, m.task, l.batch_id FROM labels AS l"
        " JOIN tweets AS t ON t.id = l.tweet_id JOIN models AS m ON m.id = l.model_id ORDER BY 1",
    )
    assert [("1", "pi-2"), ("2", None)] == query(path, "SELECT id, board FROM labelled ORDER BY id")
    assert [(2, False, utc(NOW)), (1, True, utc(NOW))] == [
        (label.model_id, label.abstained["reputation"], label.at) for label in fresh.labels
    ]


def test_models_of_other_boards_are_bounded(path: Path, store: Store) -> None:
    """Whatever they name: what is known keeps its row, the rest shares one, ours has one anyway."""
    ours = register(store)
    models = [
        ModelRow(f"{n:064x}", f"model {n}", str(n), "litert", TASKS[n % 2])
        for n in range(1, 2 * MOST_MODELS)
    ]
    for n, model in enumerate([*models, models[0], models[-1]]):
        store.write(batch_row(1), [elsewhere(tweet_row(str(n)), model)], [])
    newer = dataclasses.replace(STUB_MODEL, sha256="f" * 64)

    ((known, last),) = query(path, "SELECT count(*), max(id) FROM models")
    assert MOST_MODELS + len(TASKS) == known
    assert last < store.register_model(newer, "litert", "reputation", NOW)
    assert ours == register(store)
    assert [("(others)", MOST_MODELS + 1), ("model 1", 2), ("model 2", 1)] == query(
        path,
        "SELECT name, count(*) FROM labels JOIN models ON models.id = model_id"
        " WHERE name IN ('(others)', 'model 1', 'model 2') GROUP BY name",
    )


def test_a_model_of_other_boards_is_registered_once(path: Path, store: Store) -> None:
    """For each runtime and task; what is known of the mistakes of the same model, it has, too."""
    known = dataclasses.replace(STUB_MODEL, calibration={"reputation": {}})
    store.register_model(known, "litert", "reputation", NOW)
    ours = ModelRow(known.sha256, "stub", "1", "litert", "reputation")
    runtime = dataclasses.replace(ours, runtime="tflite-runtime")
    stranger = dataclasses.replace(ours, sha256="e" * 64, name="stranger")
    for i, model in enumerate([ours, runtime, stranger, runtime, stranger]):
        store.write(batch_row(1), [elsewhere(tweet_row(str(i)), model)], [])

    assert [
        ("stub", "litert", utc(NOW), '{"reputation": {}}'),
        ("stub", "tflite-runtime", utc(NOW), '{"reputation": {}}'),
        ("stranger", "litert", utc(NOW), None),
    ] == query(path, "SELECT name, runtime, first_used_at, calibration FROM models ORDER BY id")
    assert [(1,), (2,), (3,), (2,), (3,)] == query(
        path, "SELECT model_id FROM labels ORDER BY tweet_id"
    )


def test_a_model_is_not_registered_by_a_batch_that_fails(path: Path, store: Store) -> None:
    """The row of another board's model is there with its label, or not at all."""
    with pytest.raises(sqlite3.IntegrityError):
        store.write(batch_row(2), [elsewhere(tweet_row("1"))], [_without_reason()])
    before = query(path, "SELECT name FROM models")
    store.write(batch_row(1), [elsewhere(tweet_row("1"))], [])

    assert [("stub",)] == before
    assert [("stub",), ("other",)] == query(path, "SELECT name FROM models ORDER BY id")


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_first_label_stays(path: Path, store: Store, ours_first: bool) -> None:
    """Whoever gave it: a tweet that we label and another board, too, keeps the label it has."""
    ours = tweet_row("1", "Acme", answer=verdict("positive"))
    theirs = elsewhere(tweet_row("1", "Acme", answer=verdict("negative")))
    for row in (ours, theirs) if ours_first else (theirs, ours):
        store.write(batch_row(1), [row], [])

    assert [("positive", "stub") if ours_first else ("negative", "other")] == query(
        path, "SELECT l.reputation, m.name FROM labels AS l JOIN models AS m ON m.id = l.model_id"
    )
    assert [(1, 0), (0, 1)] == query(path, "SELECT tweets, duplicates FROM batches ORDER BY id")


def _without_reason() -> DeadLetter:
    return dataclasses.replace(dead_letter("bad"), reason=None)  # type: ignore[arg-type]


def _without_sentiment() -> TweetRow:
    return tweet_row("bad", answer={"reputation": verdict()["reputation"]})


@pytest.mark.parametrize(
    ("error", "tweets", "dead_letters"),
    [
        (sqlite3.IntegrityError, [], [dead_letter("b"), _without_reason()]),
        (KeyError, [_without_sentiment()], []),
        (sqlite3.Error, [dataclasses.replace(tweet_row("bad"), text=object())], []),  # type: ignore[arg-type]
    ],
)
def test_all_or_nothing(
    path: Path,
    store: Store,
    error: type[Exception],
    tweets: list[TweetRow],
    dead_letters: list[DeadLetter],
) -> None:
    """A batch that fails half-way leaves nothing behind, and the next one is written."""
    with pytest.raises(error):
        store.write(batch_row(4), [tweet_row("1"), *tweets], [dead_letter("a"), *dead_letters])

    assert dict.fromkeys(TABLES, 0) == _counts(path)
    assert Stored(1, 1, 0) == store.write(batch_row(1), [tweet_row("1")], [])


def test_nothing_is_seen_before_commit(path: Path, store: Store) -> None:
    """Readers see a whole batch or none of it, and do not wait for the writer."""
    with store._transaction():
        store._connection.execute("UPDATE models SET name = 'changed'")
        during = query(path, "SELECT name FROM models")

    assert [("stub",)] == during
    assert [("changed",)] == query(path, "SELECT name FROM models")


def test_a_locked_log_can_be_written_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes, a batch fails as a whole, and may be tried again."""
    monkeypatch.setattr("monitor.store.store.BUSY_TIMEOUT_S", 0.01)
    with (
        closing(Store(path)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        register(store)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.write(batch_row(1), [tweet_row("1")], [])
        other.execute("ROLLBACK")

        assert Stored(1, 1, 0) == store.write(batch_row(1), [tweet_row("1")], [])


def test_models_are_registered_once(path: Path, store: Store) -> None:
    """A model has one row for each runtime and task it was run with."""
    other = dataclasses.replace(STUB_MODEL, sha256="1" * 64)
    ids = [
        store.register_model(STUB_MODEL, "litert", "reputation", NOW),
        store.register_model(STUB_MODEL, "litert", "reputation", NOW + 1),
        store.register_model(STUB_MODEL, "litert", "sentiment", NOW),
        store.register_model(STUB_MODEL, "tflite-runtime", "reputation", NOW),
        store.register_model(other, "litert", "reputation", NOW),
    ]

    assert [1, 1] == ids[:2]
    assert 4 == len(set(ids))
    assert [("0" * 64, "stub", "1", "litert", "reputation", utc(NOW))] == query(
        path,
        "SELECT sha256, name, version, runtime, task, first_used_at FROM models WHERE id = 1",
    )


def test_a_minute_is_stored(path: Path, store: Store) -> None:
    """A minute's reading is a row, with NULL for what this board cannot tell."""
    reading = dataclasses.replace(
        minute(utc(NOW)), received=10, labelled=8, duplicates=1, latency_p50_ms=20.0
    )
    store.write_minute(reading)

    columns = ", ".join(reading.row())
    assert [tuple(reading.row().values())] == query(path, f"SELECT {columns} FROM throughput")


# Views


def test_view_labelled(path: Path, store: Store) -> None:
    """One row a label: *the* label by the task the model was run for, no entity as NULL."""
    sentiment = register(store, task="sentiment")
    store.write(batch_row(1), [tweet_row("1", "Acme", answer=verdict("neutral"))], [])
    store.write(batch_row(1, sentiment), [tweet_row("2", answer=verdict("neutral"))], [])

    assert [
        ("1", "Acme", "neutral", "neutral", "negative", "text of 1"),
        ("2", None, "negative", "neutral", "negative", "text of 2"),
    ] == query(
        path, "SELECT id, entity, label, reputation, sentiment, text FROM labelled ORDER BY id"
    )


def _half_sure(reputation: str, sentiment: str) -> Verdict:
    """Make an answer that is less sure of the reputation than of the sentiment."""
    doubt = {p: 0.4 if p == reputation else 0.3 for p in POLARITIES}
    return {**verdict(reputation, sentiment), "reputation": Answer(reputation, doubt)}


def test_view_labelled_tells_who_abstained(path: Path, store: Store) -> None:
    """The mark is that of *the* label: the model's task decides."""
    sentiment = register(store, task="sentiment")
    answer = _half_sure("positive", "neutral")
    store.write(batch_row(1, abstain_below=0.5), [tweet_row("1", answer=answer)], [])
    store.write(batch_row(1, sentiment, 0.5), [tweet_row("2", answer=answer)], [])
    store.write(batch_row(1, sentiment, 0.9), [tweet_row("3", answer=answer)], [])
    store.write(batch_row(1), [tweet_row("4", answer=answer)], [])

    assert [
        ("1", "positive", 1),
        ("2", "neutral", 0),
        ("3", "neutral", 1),
        ("4", "positive", 0),
    ] == query(path, "SELECT id, label, abstained FROM labelled ORDER BY id")


def test_views_count_abstained_apart(path: Path, store: Store) -> None:
    """What is marked is neither good nor bad: net is that of the others, NULL if there are none."""
    rows = [
        tweet_row("1", "Acme", answer=verdict("negative")),
        tweet_row("2", "Acme", answer=verdict("positive")),
        tweet_row("3", "Acme", answer=verdict("negative")),
        *(
            tweet_row(f"doubt-{label}", "Acme", answer=_half_sure(label, "neutral"))
            for label in POLARITIES
        ),
        tweet_row("4", "Lumen", answer=_half_sure("negative", "negative")),
    ]
    store.write(batch_row(len(rows), abstain_below=0.5), rows, [])

    assert [
        ("Acme", 6, 2, 0, 1, -0.333, 3),
        ("Lumen", 1, 0, 0, 0, None, 1),
    ] == query(
        path,
        "SELECT entity, tweets, negative, neutral, positive, net, abstained"
        " FROM reputation_by_entity",
    )
    assert [("2025-06-15", "Acme", 6, 2, 0, 1, 3), ("2025-06-15", "Lumen", 1, 0, 0, 0, 1)] == query(
        path,
        "SELECT day, entity, tweets, negative, neutral, positive, abstained FROM reputation_by_day",
    )


@pytest.fixture
def week(store: Store) -> Store:
    """A log of a few days about two entities and none."""
    rows = [
        tweet_row(f"{day}-{entity}-{number}", entity, received_at=received_at, answer=answer)
        for day, received_at in (
            (1, "2025-06-14T23:59:59.999Z"),
            (2, "2025-06-15T00:00:00.000Z"),
        )
        for entity, answers in (
            ("Acme", ("negative", "negative", "positive", "negative")),
            ("Lumen", ("positive", "neutral", "positive")),
            ("", ("neutral",)),
        )
        for number, answer in enumerate(verdict(label) for label in answers)
    ]
    store.write(batch_row(len(rows)), rows, [])
    return store


@pytest.mark.usefixtures("week")
def test_view_reputation_by_entity(path: Path) -> None:
    """Entities with their counts and the net of good and bad, the most discussed first."""
    assert [
        ("Acme", 8, 6, 0, 2, -0.5),
        ("Lumen", 6, 0, 2, 4, 0.667),
        (None, 2, 0, 2, 0, 0.0),
    ] == query(
        path, "SELECT entity, tweets, negative, neutral, positive, net FROM reputation_by_entity"
    )


@pytest.mark.usefixtures("week")
def test_view_reputation_by_day(path: Path) -> None:
    """The same a day in UTC, the latest first."""
    a_day = [("Acme", 4, 3, 0, 1), ("Lumen", 3, 0, 1, 2), (None, 1, 0, 1, 0)]

    assert [("2025-06-15", *row) for row in a_day] + [
        ("2025-06-14", *row) for row in a_day
    ] == query(
        path, "SELECT day, entity, tweets, negative, neutral, positive FROM reputation_by_day"
    )


def test_view_throughput_by_hour(path: Path, store: Store) -> None:
    """Hours in UTC, the latest first: sums, the rate over the time measured, and the worst."""
    reading = minute("2025-06-15T13:58:00.000Z")
    for started_at, labelled, p99, depth, dropped in (
        ("2025-06-15T13:58:00.000Z", 60, 5.0, 7, 10),
        ("2025-06-15T13:59:00.000Z", 0, None, 0, 14),
        ("2025-06-15T14:00:00.000Z", 60, 9.0, 2, 3),  # the broker has restarted
        ("2025-06-15T14:01:00.000Z", 0, None, 1, 5),
    ):
        store.write_minute(
            dataclasses.replace(
                reading,
                started_at=started_at,
                received=labelled + 3,
                labelled=labelled,
                duplicates=2,
                rejected=1,
                latency_p99_ms=p99,
                queue_depth=depth,
                rss_mib=100.0 + depth,
                cpu_celsius=None,
                broker_dropped=dropped,
            )
        )

    assert [
        ("2025-06-15T14", 66, 60, 4, 2, 0.5, 9.0, 2, 102.0, None, 5, 0),
        ("2025-06-15T13", 66, 60, 4, 2, 0.5, 5.0, 7, 107.0, None, 4, 0),
    ] == query(path, "SELECT * FROM throughput_by_hour")


def test_view_dead_letters_by_reason(path: Path, store: Store) -> None:
    """Reasons, the most frequent first, each with when it was last seen."""
    letters = [
        dead_letter("a", "empty", utc(NOW)),
        dead_letter("b", "bad-json", utc(NOW + 5)),
        dead_letter("c", "bad-json", utc(NOW + 1)),
    ]
    store.write(batch_row(3), [], letters)

    assert [("bad-json", 2, utc(NOW + 5)), ("empty", 1, utc(NOW))] == query(
        path, "SELECT * FROM dead_letters_by_reason"
    )


def test_sqlite_understands_times(path: Path, store: Store) -> None:
    """SQLite's own date functions read them."""
    store.write(batch_row(1), [tweet_row("1", received_at=utc(NOW + 0.5))], [])

    assert [(int(NOW),)] == query(
        path, "SELECT CAST(strftime('%s', received_at) AS INTEGER) FROM tweets"
    )


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        (
            "labelled",
            (
                "id received_at entity label reputation sentiment text author lang topic"
                " is_retweet abstained clock_synchronised board adaptation tweeted_at"
            ),
        ),
        (
            "reputation_by_entity",
            "entity tweets negative neutral positive net abstained other_language",
        ),
        (
            "reputation_by_day",
            "day entity tweets negative neutral positive abstained other_language",
        ),
        (
            "throughput_by_hour",
            (
                "hour received labelled duplicates rejected tweets_per_s worst_p99_ms queue_depth"
                " rss_mib cpu_celsius broker_dropped other_language"
            ),
        ),
        ("dead_letters_by_reason", "reason messages latest"),
    ],
)
@pytest.mark.usefixtures("store")
def test_views_keep_their_columns(path: Path, view: str, columns: str) -> None:
    """People's queries and dashboards stand on these names; also an empty log answers."""
    with closing(sqlite3.connect(path)) as connection:
        cursor = connection.execute(f"SELECT * FROM {view}")

        assert columns.split() == [column[0] for column in cursor.description]
        assert [] == cursor.fetchall()


def test_store_moves_to_another_thread(store: Store) -> None:
    """Opened by one thread, written by another: as the daemon does."""
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(store.write, batch_row(1), [tweet_row("1")], [])

        assert Stored(1, 1, 0) == writing.result()
