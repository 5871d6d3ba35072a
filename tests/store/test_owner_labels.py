"""Labels of the owner: written beside a daemon, kept or pruned with their tweets."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import Moment
from monitor.store import Store, StoreError
from monitor.store.owner_labels import (
    ANSWERS,
    OwnerLabel,
    delete,
    opened_beside,
    put,
    read,
    transaction,
)
from tests.factories import NOW, batch_row, register, see_minutes, tweet_row

LABEL = OwnerLabel(
    tweet_id="1",
    entity="Acme",
    label="negative",
    drawn="found",
    labelled_at="2025-06-15T16:00:00.000Z",
    received_at="2025-06-15T15:06:40.000Z",
    probabilities=(0.1, 0.2, 0.7, 0.3, 0.3, 0.4),
    model_sha256="0" * 64,
    batch_id=1,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with a tweet in it."""
    with closing(Store(tmp_path / "monitor.db")) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", "Acme")], [])
    return tmp_path / "monitor.db"


def test_what_is_written_is_read(path: Path) -> None:
    """Every field, in the order in which the labels were given."""
    labels = [
        dataclasses.replace(LABEL, tweet_id=answer, label=answer, labelled_at=f"2025-06-1{i}")
        for i, answer in enumerate(ANSWERS)
    ]
    labels.append(dataclasses.replace(LABEL, entity="", labelled_at="2025-07", text="a text"))
    with opened_beside(path) as connection:
        put(connection, reversed(labels))

        assert labels == read(connection)
        assert labels[-1:] == read(connection, "")
        assert labels[:-1] == read(connection, "Acme")


def test_the_latest_answer_counts(path: Path) -> None:
    """One label a tweet and entity; what was drawn at random stays so when it is corrected."""
    with opened_beside(path) as connection:
        put(connection, [LABEL])
        put(connection, [dataclasses.replace(LABEL, drawn="random", label="neutral")])
        put(connection, [dataclasses.replace(LABEL, drawn="found", label="positive")])

        assert [("positive", "random")] == [
            (label.label, label.drawn) for label in read(connection)
        ]


def test_all_go_at_once(path: Path) -> None:
    """Those of one entity, or all; what is deleted is in the file no more."""
    told = dataclasses.replace(LABEL, text="unmistakable words")
    with opened_beside(path) as connection:
        put(connection, [told, dataclasses.replace(told, entity="Lumen")])

        assert 1 == delete(connection, "Lumen")
        assert [told] == read(connection)
        assert 1 == delete(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"unmistakable" not in path.read_bytes()


def test_all_or_nothing(path: Path) -> None:
    """What fails half-way leaves nothing."""
    with opened_beside(path) as connection:
        spoiled: Any = dataclasses.replace(LABEL, entity="Lumen")
        object.__setattr__(spoiled, "model_sha256", None)
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            put(connection, [LABEL, spoiled])
        assert [] == read(connection)


@pytest.mark.parametrize("kept", [False, True])
def test_they_go_with_their_tweets_unless_they_are_to_stay(path: Path, kept: bool) -> None:
    """By the order of arrival: the label's own date says nothing."""
    young = dataclasses.replace(LABEL, tweet_id="2", batch_id=2)
    with closing(Store(path)) as store:
        at = dataclasses.replace(batch_row(1), started_at="2025-07-20T15:06:40.000Z")
        store.write(at, [tweet_row("2", "Acme", received_at=at.started_at)], [])
        with opened_beside(path) as connection:
            put(connection, [LABEL, young])
        now = NOW + 40 * 86_400
        see_minutes(store, (now - 60 * minute for minute in reversed(range(1_440))))
        store.keep_owner_labels(kept)
        while store.prune(Moment(now, True), 30):
            pass
        with opened_beside(path) as connection:
            assert ([LABEL] if kept else []) + [young] == read(connection)
        assert 1 == store.tweets()


def test_a_daemon_and_two_labellers(path: Path) -> None:
    """All write at once, each in its own transaction; nothing of anybody's is lost."""
    with closing(Store(path)) as store, opened_beside(path) as one, opened_beside(path) as other:
        for number in range(20):
            store.write(batch_row(1), [tweet_row(f"new-{number}", "Acme")], [])
            for name, connection in (("one", one), ("other", other)):
                put(connection, [dataclasses.replace(LABEL, tweet_id=f"{name}-{number}")])

        assert 40 == len(read(one))
        assert 21 == store.tweets()


def test_a_log_that_is_held(path: Path) -> None:
    """One line that names the way out."""
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StoreError, match="another program holds it; run the command again"),
            opened_beside(path, 0.05) as connection,
        ):
            put(connection, [LABEL])


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    """No empty file is made in its place."""
    with pytest.raises(StoreError, match="no such log"), opened_beside(tmp_path / "none.db"):
        pass
    assert [] == list(tmp_path.iterdir())
