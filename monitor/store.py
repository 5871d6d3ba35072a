"""The SQLite log: one transaction a batch, and nothing acknowledged before its COMMIT."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from monitor.classifier import Verdict
from monitor.model import POLARITIES, TASKS, Model
from monitor.schema import migrations
from monitor.throughput import Minute

_APPLICATION_ID: Final = 0x7477726D  # "twrm": tells our files from other SQLite files
_BUSY_TIMEOUT_S: Final = 5.0


def _insert(table: str, *columns: str) -> str:
    """Write an INSERT that leaves a row alone if its key is there already."""
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608  (our own names)
        f" VALUES ({', '.join('?' * len(columns))}) ON CONFLICT DO NOTHING"
    )


_INSERT_TWEET: Final = _insert(
    "tweets",
    *("id", "received_at", "created_at", "topic", "author", "lang", "is_retweet", "text"),
    "batch_id",
)
_INSERT_LABEL: Final = _insert(
    "labels",
    *("tweet_id", "entity"),
    *(
        column
        for task in TASKS
        for column in (task, *(f"{task}_{p}" for p in POLARITIES), f"{task}_abstained")
    ),
    "model_id",
)
_INSERT_DEAD_LETTER: Final = _insert(
    "dead_letters", "digest", "received_at", "topic", "reason", "detail", "size", "payload"
)
_INSERT_MODEL: Final = _insert(
    "models", "sha256", "name", "version", "runtime", "task", "first_used_at"
)


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TweetRow:
    """A tweet as it is kept, with its verdict for each entity ('' for the tweet as a whole)."""

    id: str
    received_at: str
    created_at: str | None
    topic: str
    author: str | None
    lang: str | None
    is_retweet: bool
    text: str | None
    verdicts: Sequence[tuple[str, Verdict]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be labelled, and why."""

    digest: str
    received_at: str
    topic: str
    reason: str
    detail: str
    size: int
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch's own record: its size and where its time went, in milliseconds.

    Its labels are of the model ``model_id``, and marked as abstained where their probability is
    below ``abstain_below``.
    """

    started_at: str
    model_id: int
    abstain_below: float
    received: int
    collect_ms: float
    classify_ms: float


@dataclass(frozen=True, slots=True)
class Stored:
    """What a batch added to the log."""

    tweets: int
    labels: int
    dead_letters: int


def utc(epoch_s: float) -> str:
    """Write a time, in seconds since the epoch, as the log does: ISO 8601, UTC, milliseconds."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """The log, open for writing. Used by one thread at a time."""

    def __init__(self, path: Path | str) -> None:
        """Open a log, creating or migrating it as needed.

        Raises:
            StoreError: if it cannot be opened, is not a log of this program, or a newer version
                of the program wrote it.
        """
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,  # opened by the main thread, handed to the writer
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: cannot be opened: {error}") from error
        try:
            self._database = Database(self._connection)
            self._prepare()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"{self.path}: {error}") from error
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        (application,) = execute("PRAGMA application_id").fetchone()
        tables = set(self._database.table_names())
        if tables and application != _APPLICATION_ID:
            raise StoreError(
                f"{self.path}: a SQLite file, but not a log of this program; set [store] path to"
                " another file"
            )
        applied = {m.name for m in migrations.applied(self._database)}
        if newer := sorted(applied - _known_migrations()):
            raise StoreError(
                f"{self.path}: written by a newer version of this program (it has {newer[-1]});"
                " upgrade the program, or set [store] path to another file"
            )
        if not tables:  # both must come before the first table
            execute("PRAGMA auto_vacuum = INCREMENTAL")
            execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        execute("PRAGMA journal_mode = WAL")
        # In WAL, NORMAL lets a power cut take back a commit that was acknowledged.
        execute("PRAGMA synchronous = FULL")
        migrations.apply(self._database)

    def register_model(self, model: Model, runtime: str, task: str, now: float) -> int:
        """Find or add the row of a model, as it is run here, and return its id."""
        with self._transaction():
            self._connection.execute(
                _INSERT_MODEL,
                (model.sha256, model.name, model.version, runtime, task, utc(now)),
            )
        row = self._connection.execute(
            "SELECT id FROM models WHERE sha256 = ? AND runtime = ? AND task = ?",
            (model.sha256, runtime, task),
        ).fetchone()
        return int(row[0])

    def write(
        self,
        batch: BatchRow,
        tweets: Sequence[TweetRow],
        dead_letters: Sequence[DeadLetter],
    ) -> Stored:
        """Commit a batch: all of it or, on an exception, nothing.

        Rows that are there already are left as they are. A known tweet asked about a further
        entity gains that label.

        Args:
            batch: its record.
            tweets: with their verdicts.
            dead_letters: messages that could not be labelled.

        Raises:
            sqlite3.OperationalError: if the disk is full or the file is locked; try again.
        """
        connection = self._connection
        started = time.monotonic()
        with self._transaction():
            batch_id = connection.execute(
                "INSERT INTO batches (started_at, model_id, received, tweets, labels, duplicates,"
                " rejected, collect_ms, classify_ms, store_ms)"
                " VALUES (?, ?, ?, 0, 0, 0, 0, ?, ?, 0)",
                (
                    batch.started_at,
                    batch.model_id,
                    batch.received,
                    round(batch.collect_ms, 3),
                    round(batch.classify_ms, 3),
                ),
            ).lastrowid
            assert batch_id is not None
            added = connection.executemany(
                _INSERT_TWEET,
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
                        batch_id,
                    )
                    for t in tweets
                ],
            ).rowcount
            labels = connection.executemany(
                _INSERT_LABEL,
                [
                    (t.id, entity, *_columns(verdict, batch.abstain_below), batch.model_id)
                    for t in tweets
                    for entity, verdict in t.verdicts
                ],
            ).rowcount
            dead = connection.executemany(
                _INSERT_DEAD_LETTER,
                [
                    (d.digest, d.received_at, d.topic, d.reason, d.detail, d.size, d.payload)
                    for d in dead_letters
                ],
            ).rowcount
            stored = Stored(max(added, 0), max(labels, 0), max(dead, 0))
            connection.execute(
                "UPDATE batches SET tweets = ?, labels = ?, duplicates = ?, rejected = ?,"
                " store_ms = ? WHERE id = ?",
                (
                    stored.tweets,
                    stored.labels,
                    batch.received - stored.tweets - len(dead_letters),
                    len(dead_letters),
                    round(1000 * (time.monotonic() - started), 3),
                    batch_id,
                ),
            )
        return stored

    def write_minute(self, minute: Minute) -> None:
        """Commit a minute of throughput."""
        row = minute.row()
        with self._transaction():
            self._connection.execute(
                f"INSERT INTO throughput ({', '.join(row)})"  # noqa: S608  (our own names)
                f" VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )

    def tweets(self) -> int:
        """Count the tweets in the log."""
        return int(self._connection.execute("SELECT count(*) FROM tweets").fetchone()[0])

    def prune(self, now: float, keep_days: int, step: int = 500) -> int:
        """Delete at most ``step`` tweets, and as many other rows, older than ``keep_days``.

        Small steps, so that the next batch waits milliseconds, not minutes.

        Returns:
            How many rows went; 0 when there is nothing left to prune.
        """
        before = utc(now - keep_days * 86_400)
        execute = self._connection.execute
        with self._transaction():
            old = [
                (row[0],)
                for row in execute(
                    "SELECT id FROM tweets WHERE received_at < ? ORDER BY received_at LIMIT ?",
                    (before, step),
                )
            ]
            self._connection.executemany("DELETE FROM labels WHERE tweet_id = ?", old)
            self._connection.executemany("DELETE FROM tweets WHERE id = ?", old)
            gone = len(old)
            for table, column in (
                ("batches", "started_at"),
                ("dead_letters", "received_at"),
                ("throughput", "started_at"),
            ):
                gone += execute(
                    f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table}"  # noqa: S608
                    f" WHERE {column} < ? ORDER BY {column} LIMIT ?)",
                    (before, step),
                ).rowcount
        if gone:
            # As a script: `execute` steps it once, which frees a single page.
            self._connection.executescript("PRAGMA incremental_vacuum(200)")
        return gone

    def close(self) -> None:
        """Close the file; the WAL is folded back into it."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE: a deferred transaction that turns to writing ignores the busy timeout.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _known_migrations() -> set[str]:
    """Name every migration this version has (an empty database has all of them pending)."""
    return {m.name for m in migrations.pending(Database(memory=True))}


def _columns(verdict: Verdict, abstain_below: float) -> list[Any]:
    """Lay a verdict out in the order of the label's columns; a label the model lacks is NULL."""
    columns: list[Any] = []
    for task in TASKS:
        answer = verdict[task]
        kept = {label: round(p, 5) for label, p in answer.probabilities.items()}
        columns += [answer.label, *(kept.get(polarity) for polarity in POLARITIES)]
        # By what is kept: who compares mark and probability in the log finds them to agree.
        columns.append(kept[answer.label] < abstain_below)
    return columns
