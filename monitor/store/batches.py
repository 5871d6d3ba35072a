"""A batch's rows, inserted: its own record, tweets, labels, dead letters."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.store import registry
from monitor.store.adapting import Adapting
from monitor.store.rows import Batch, Labelled, Stored
from monitor.store.statements import (
    INSERT_BATCH,
    INSERT_DEAD_LETTER,
    INSERT_LABEL,
    INSERT_TWEET,
    label_columns,
    probabilities,
)


@dataclass(frozen=True, slots=True)
class Inserted:
    """What a batch has added, in a transaction that is not over."""

    id: int
    """Of its record."""
    batch: Batch
    tweets: int
    """That were not there."""
    labels: Sequence[Labelled]
    """That were not there, in order."""
    dead_letters: int
    """That were not there."""

    @property
    def stored(self) -> Stored:
        """The same in numbers."""
        read = sum(label.is_read for label in self.labels)
        unread = {label.tweet.id for label in self.labels if not label.is_read}
        return Stored(self.tweets, read, self.dead_letters, len(unread))


class Batches:
    """Inserts batches, inside transactions that others begin and commit."""

    def __init__(self, connection: sqlite3.Connection, adapting: Adapting) -> None:
        """Take an open log, and what the owner's answers make of labels there."""
        self._connection = connection
        self._adapting = adapting

    def insert(self, batch: Batch) -> Inserted:
        """Insert a batch; rows that are there already are left as they are."""
        record = batch.record
        batch_id = self._connection.execute(
            INSERT_BATCH,
            (
                record.started_at,
                record.clock_synchronised,
                record.model_id,
                record.received,
                round(record.collect_ms, 3),
                round(record.classify_ms, 3),
            ),
        ).lastrowid
        assert batch_id is not None
        return Inserted(
            id=batch_id,
            batch=batch,
            tweets=self._insert(
                INSERT_TWEET,
                [
                    (
                        t.id,
                        t.received_at,
                        t.created_at,
                        t.topic,
                        t.author,
                        t.lang,
                        t.is_retweet,
                        t.text,
                        t.origin and t.origin.board,
                        batch_id,
                        t.tweeted_at,
                    )
                    for t in batch.tweets
                ],
            ),
            labels=self._label(batch, batch_id),
            dead_letters=self._insert(
                INSERT_DEAD_LETTER,
                [
                    (
                        d.digest,
                        d.received_at,
                        d.topic,
                        d.reason,
                        d.detail,
                        d.size,
                        d.payload,
                        batch_id,
                    )
                    for d in batch.dead_letters
                ],
            ),
        )

    def finish(self, inserted: Inserted, began: float) -> None:
        """Write into a batch's record what has become of it, as its transaction ends.

        Args:
            inserted: what it has added.
            began: when the transaction did, in monotonic seconds.
        """
        stored, batch = inserted.stored, inserted.batch
        rejected = len(batch.dead_letters)
        self._connection.execute(
            "UPDATE batches SET tweets = ?, labels = ?, duplicates = ?, rejected = ?,"
            " store_ms = ? WHERE id = ?",
            (
                stored.tweets,
                stored.labels,
                batch.record.received - stored.tweets - rejected,
                rejected,
                round(1000 * (time.monotonic() - began), 3),
                inserted.id,
            ),
        )

    def _insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert rows, and count those that were not there."""
        return max(self._connection.executemany(statement, rows).rowcount, 0)

    def _label(self, batch: Batch, batch_id: int) -> list[Labelled]:
        """Insert the labels of a batch, and return those that were not there, each once."""
        rows, labels = [], []
        for label, row in self._laid_out(batch, batch_id):
            labels.append(label)
            rows.append(row)
        if self._insert(INSERT_LABEL, rows) == len(rows):  # as of nearly all batches
            return labels
        new = set(
            self._connection.execute(
                "SELECT tweet_id, entity FROM labels INDEXED BY labels_batch WHERE batch_id = ?",
                (batch_id,),
            )
        )
        # Of a tweet that comes twice in a batch the first one's labels are stored.
        first = {(label.tweet.id, label.entity): label for label in reversed(labels)}
        return [
            label
            for label in labels
            if (key := (label.tweet.id, label.entity)) in new and first[key] is label
        ]

    def _laid_out(self, batch: Batch, batch_id: int) -> Iterator[tuple[Labelled, tuple[Any, ...]]]:
        """Yield each label of a batch, and its row."""
        record, adapting = batch.record, self._adapting
        for tweet in batch.tweets:
            model_id, at, marks = record.model_id, tweet.received_at, None
            if origin := tweet.origin:
                model_id = registry.of_another_board(
                    self._connection, origin.model, record.started_at
                )
                at, marks = record.started_at, origin.abstained
            for entity, verdict in tweet.verdicts:
                columns, abstained = label_columns(verdict, record.abstain_below, marks)
                own = verdict["reputation"].label
                adapted = adapting.label(model_id, entity, own, probabilities(columns))
                by = adapting.current.id if adapted else None
                label = Labelled(tweet, entity, verdict, abstained, model_id, batch_id, at, adapted)
                yield label, (tweet.id, entity, *columns, model_id, batch_id, adapted, by)
