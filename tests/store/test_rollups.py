"""Counts by hour: always what counting the labels themselves gives."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from monitor.clock import utc
from monitor.store import Store
from monitor.store.rollups import COUNTS
from monitor.store.rows import Labelled, TweetRow
from monitor.store.schema import migrations
from monitor.verdict import OTHER_LANGUAGE, POLARITIES, UNREAD
from tests.factories import NOW, batch_row, elsewhere, query, register, tweet_row, verdict

_HOUR_S = 3600


def _counted(path: Path) -> list[tuple[object, ...]]:
    """Count the labels of a log, without its rollups."""
    sums = ", ".join(
        f"sum(l.{task} = '{polarity}' AND l.{task}_abstained = {unsure})"
        for task in ("reputation", "sentiment")
        for unsure in (0, 1)
        for polarity in POLARITIES
    )
    sums += f", sum(l.reputation = '{OTHER_LANGUAGE}')"
    return query(
        path,
        f"SELECT substr(t.received_at, 1, 13), l.entity, l.model_id, t.is_retweet, {sums}"
        " FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id GROUP BY 1, 2, 3, 4"
        " ORDER BY 1, 2, 3, 4",
    )


def _rollups(path: Path) -> list[tuple[object, ...]]:
    return query(
        path,
        f"SELECT hour, entity, model_id, is_retweet, {', '.join(COUNTS)} FROM rollups"
        " ORDER BY 1, 2, 3, 4",
    )


_tweets = st.builds(
    lambda number, by_others, entities, reputation, sentiment: replace(
        (elsewhere if by_others else lambda row: row)(
            tweet_row(
                str(number),
                *entities,
                answer=verdict(reputation, sentiment) if reputation in POLARITIES else UNREAD,
            )
        ),
        received_at=utc(NOW + number % 3 * _HOUR_S),
        is_retweet=number % 2 == 1,
    ),
    st.integers(0, 8),  # few: ids come again, with other entities too
    st.booleans(),
    st.lists(st.sampled_from(["", "Acme", "Lumen"]), min_size=1, max_size=3, unique=True),
    st.sampled_from([*POLARITIES, OTHER_LANGUAGE]),
    st.sampled_from(POLARITIES),
)


@given(st.lists(st.tuples(st.lists(_tweets, max_size=6), st.sampled_from([0.0, 0.9])), max_size=5))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rollups_are_what_counting_gives(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[list[TweetRow], float]]
) -> None:
    """Whatever comes, and comes again, every label is counted once, in its board's hour."""
    path = tmp_path_factory.mktemp("rollups") / "monitor.db"
    with closing(Store(path)) as store:
        model_id = register(store)
        for tweets, abstain_below in batches:
            store.write(batch_row(len(tweets), model_id, abstain_below), tweets, [])

    assert _counted(path) == _rollups(path)


def test_a_batch_that_fails_is_not_counted(tmp_path: Path) -> None:
    """Labels and their counts are one transaction: neither is there without the other."""

    class Fails:
        fresh: Sequence[Labelled] = ()

        def write(self, _connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
            self.fresh = fresh
            raise sqlite3.OperationalError("disk full")

        def committed(self) -> None:
            raise AssertionError

    path, hook = tmp_path / "monitor.db", Fails()
    with (
        closing(Store(path, [hook])) as store,
        pytest.raises(sqlite3.OperationalError, match="disk full"),
    ):
        store.write(batch_row(1, register(store)), [tweet_row("1", "Acme")], [])

    assert ["Acme"] == [label.entity for label in hook.fresh]
    assert [] == _rollups(path) == _counted(path)


def test_companions_are_told_of_what_is_new(tmp_path: Path) -> None:
    """A redelivered label is no news, a further entity of a known tweet is; once committed."""

    class Notes:
        def __init__(self) -> None:
            self.told: list[list[tuple[str, str]]] = []
            self.commits = 0

        def write(self, _connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
            self.told.append([(label.tweet.id, label.entity) for label in fresh])

        def committed(self) -> None:
            self.commits += 1

    hook = Notes()
    with closing(Store(tmp_path / "monitor.db", [hook])) as store:
        model_id = register(store)
        for tweets in ([tweet_row("1", "Acme")], [tweet_row("1", "Acme", "Lumen")]):
            store.write(batch_row(1, model_id), tweets, [])

    assert [[("1", "Acme")], [("1", "Lumen")]] == hook.told
    assert 2 == hook.commits


def test_labels_from_before_are_counted(tmp_path: Path) -> None:
    """The migration counts what an older log holds, and gives its labels their batch."""
    path = tmp_path / "monitor.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute(f"PRAGMA application_id = {int.from_bytes(b'twrm')}")
        migrations.apply(Database(old), stop_before="m005_rollups")
        old.execute("INSERT INTO models VALUES (1, 'aa', 'stub', '1', 'litert', 'reputation', '')")
        for number in range(1, 7):
            hour = utc(NOW + number % 2 * _HOUR_S)
            old.execute(
                "INSERT INTO tweets VALUES (?, ?, NULL, 't', NULL, NULL, ?, '', ?)",
                (str(number), hour, number % 3 == 0, number),
            )
            old.execute(
                "INSERT INTO labels VALUES (?, 'Acme', ?, 0, 0, 1, 'neutral', 0, 1, 0, 1, ?, 0)",
                (str(number), POLARITIES[number % 3], number % 2),
            )
    Store(path).close()

    assert _counted(path) == _rollups(path)
    assert 6 == len(query(path, "SELECT 1 FROM labels WHERE batch_id = CAST(tweet_id AS INTEGER)"))
