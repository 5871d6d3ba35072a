"""The SQLite log: one transaction a batch, and nothing acknowledged before its COMMIT."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from monitor import integrity
from monitor.attempts import Attempts
from monitor.clock import Moment, utc
from monitor.database import Database
from monitor.integrity import DamagedLogError, StoreError
from monitor.model import Model
from monitor.names import OTHERS
from monitor.place import MovedError, Place
from monitor.pruning import WAL_BYTES, Pruner
from monitor.rescue import rescue
from monitor.rollups import Rollups
from monitor.rows import BatchRow, DeadLetter, Labelled, ModelRow, Stored, TweetRow
from monitor.schema import is_joined, known_migrations, migrations
from monitor.throughput import Minute
from monitor.verdict import POLARITIES, TASKS, Verdict

_T = TypeVar("_T")

BUSY_TIMEOUT_S: Final = 2.0
"""How long a call waits for another program's lock; what is worth it is tried again."""
_PAGE_BYTES: Final = 2048
"""Half of SQLite's default: a commit writes some 25 pages, mostly for a few rows each."""
_PROGRESS_EVERY: Final = 1_000_000
"""Steps of SQLite's machine: some tens of milliseconds."""
_PROGRESS_EVERY_FEW: Final = 200
"""Steps, too: those of inserting a few tweets."""
_LOOK_SHARE: Final = 20
"""Looking through a file that somebody wrote into takes one part in so many of the time."""


def _insert(table: str, *columns: str) -> str:
    """Write an INSERT that leaves a row alone if its key is there already."""
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608  (our own names)
        f" VALUES ({', '.join('?' * len(columns))}) ON CONFLICT DO NOTHING"
    )


_INSERT_TWEET: Final = _insert(
    "tweets",
    *("id", "received_at", "created_at", "topic", "author", "lang", "is_retweet", "text"),
    *("board", "batch_id"),
)
_INSERT_LABEL: Final = _insert(
    "labels",
    *("tweet_id", "entity"),
    *(
        column
        for task in TASKS
        for column in (task, *(f"{task}_{p}" for p in POLARITIES), f"{task}_abstained")
    ),
    *("model_id", "batch_id"),
)
_INSERT_DEAD_LETTER: Final = _insert(
    "dead_letters",
    *("digest", "received_at", "topic", "reason", "detail", "size", "payload"),
    "batch_id",
)
_FIND_MODEL: Final = "SELECT id FROM models WHERE sha256 = ? AND runtime = ? AND task = ?"
_INSERT_MODEL: Final = (  # what is known of a model's mistakes holds wherever it is run
    "INSERT INTO models (sha256, name, version, runtime, task, first_used_at, calibration)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT max(calibration) FROM models WHERE sha256 = ?1))"
)

MOST_MODELS: Final = 100
"""How many models a log knows before those that other boards name for the first time share a row:
whatever counts labels looks at all of them."""


class Companion(Protocol):
    """What is written with every batch, in its transaction: counts, alerts, messages to send."""

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Write what follows from labels that have just been inserted, in order of arrival.

        Those of other boards come after our own of the same batch.

        There may be none: it is asked once a minute and at the end, too.

        The transaction may fail and be tried again with the same labels: what is kept in memory
        must not change before `committed`.
        """

    def committed(self) -> None:
        """Take what was written last for granted."""


class Store:
    """The log, open for writing. Used by one thread at a time."""

    def __init__(
        self,
        path: Path | str,
        companions: Sequence[Companion] = (),
        on_migrating: Callable[[Sequence[str]], object] = lambda _pending: None,
    ) -> None:
        """Open a log, creating or migrating it as needed.

        After a crash its structure is looked through first (`integrity.look_over`).

        Args:
            path: the file.
            companions: what is written with every batch, beside its rollups, in this order.
            on_migrating: told which migrations a log needs, before they begin and again and again
                as they get on.

        Raises:
            DamagedLogError: if it is damaged.
            StoreError: if it cannot be opened, is not a log of this program, or a newer version
                of the program wrote it.
        """
        self.path = Path(path)
        self._steady: Sequence[Companion] = (Rollups(), *companions)
        self._companions = self._steady
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            integrity.look_over(self.path)
            # For its owner alone, and SQLite gives what it puts beside it the same mode.
            with suppress(FileExistsError):
                self.path.touch(0o600, exist_ok=False)
            self._connection = sqlite3.connect(
                self.path,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,  # opened by the main thread, handed to the writer
            )
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be opened: {error}") from error
        except sqlite3.Error as error:
            raise integrity.unusable(self.path, error) from error
        try:
            self._database = Database(self._connection)
            self._prepare(on_migrating)
            self._place = Place(self.path)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise integrity.unusable(self.path, error) from error
            if isinstance(error, OSError | MovedError):
                raise StoreError(f"{self.path}: was moved away while it was opened") from error
            raise
        self._tell: Callable[[], object] = lambda: None
        self._version = self._data_version()
        self._doubted, self._look_again_at = False, 0.0
        self._pruner = Pruner(self._connection, self._transaction, self._script)
        self.attempts = Attempts(self._connection, self._transaction)

    def _prepare(self, on_migrating: Callable[[Sequence[str]], object]) -> None:
        execute = self._connection.execute
        (application,) = execute("PRAGMA application_id").fetchone()
        tables = set(self._database.table_names())
        if tables and application != integrity.APPLICATION_ID:
            raise StoreError(
                f"{self.path}: a SQLite file, but not a log of this program; set [store] path to"
                " another file"
            )
        applied = {m.name for m in migrations.applied(self._database)}
        if newer := sorted(applied - known_migrations()):
            raise StoreError(
                f"{self.path}: written by a newer version of this program (it has {newer[-1]});"
                " upgrade the program, or set [store] path to another file"
            )
        if not tables:  # these must come before the first table
            execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            execute("PRAGMA auto_vacuum = INCREMENTAL")
            execute(f"PRAGMA application_id = {integrity.APPLICATION_ID}")
        execute("PRAGMA journal_mode = WAL")
        # In WAL, NORMAL lets a power cut take back a commit that was acknowledged.
        execute("PRAGMA synchronous = FULL")
        execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        execute("PRAGMA secure_delete = ON")  # what is pruned is gone
        if pending := [m.name for m in migrations.pending(self._database)] if tables else []:

            def tell() -> None:
                on_migrating(pending)

            tell()
            self._connection.set_progress_handler(tell, _PROGRESS_EVERY)
        migrations.apply(self._database)
        self._connection.set_progress_handler(None, 0)
        if is_joined(self._connection):
            raise StoreError(
                f"{self.path}: joins the logs of others (`monitor merge`); a daemon writes one of"
                " its own: set [store] path to another file"
            )

    def accompany(self, companions: Sequence[Companion]) -> None:
        """Write these with every batch from now on, after those given at the opening."""
        self._companions = (*self._steady, *companions)

    def prepare(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something in a transaction, before the first batch.

        Raises:
            StoreError: if the log cannot be written.
        """
        with self._preparing(), self._transaction():
            return action(self._connection)

    def register_model(self, model: Model, runtime: str, task: str, now: float) -> int:
        """Find or add the row of a model, as it is run here, and return its id.

        Raises:
            StoreError: if the log cannot be written.
        """
        with self._preparing(), self._transaction():
            model_id = self._model_id(
                ModelRow(model.sha256, model.name, model.version, runtime, task), utc(now)
            )
            self._connection.execute(
                "UPDATE models SET calibration = ? WHERE sha256 = ?",
                (json.dumps(model.calibration) if model.calibration else None, model.sha256),
            )
        return model_id

    def _model_id_elsewhere(self, model: ModelRow, now: str) -> int:
        """Find or add the row of a model that another board names, or that of those too many."""
        execute = self._connection.execute
        known = execute(_FIND_MODEL, (model.sha256, model.runtime, model.task)).fetchone()
        if not known and execute("SELECT count(*) FROM models").fetchone()[0] >= MOST_MODELS:
            model = ModelRow("0" * 64, OTHERS, "-", "-", model.task)
        return int(known[0]) if known else self._model_id(model, now)

    def _model_id(self, model: ModelRow, now: str) -> int:
        execute = self._connection.execute
        key = (model.sha256, model.runtime, model.task)
        if row := execute(_FIND_MODEL, key).fetchone():
            return int(row[0])
        columns = (model.sha256, model.name, model.version, model.runtime, model.task, now)
        added = execute(_INSERT_MODEL, columns).lastrowid
        assert added is not None
        return added

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
            StoreError: if the file is damaged, or is no longer at its place.
        """
        connection = self._connection
        started = time.monotonic()
        with self._transaction():
            batch_id = connection.execute(
                "INSERT INTO batches (started_at, clock_synchronised, model_id, received, tweets,"
                " labels, duplicates, rejected, collect_ms, classify_ms, store_ms)"
                " VALUES (?, ?, ?, ?, 0, 0, 0, 0, ?, ?, 0)",
                (
                    batch.started_at,
                    batch.clock_synchronised,
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
                        t.origin and t.origin.board,
                        batch_id,
                    )
                    for t in tweets
                ],
            ).rowcount
            fresh = list(self._label(tweets, batch, batch_id))
            dead = connection.executemany(
                _INSERT_DEAD_LETTER,
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
                    for d in dead_letters
                ],
            ).rowcount
            for companion in self._companions:
                companion.write(connection, fresh)
            if batch.noted:
                self.attempts.take_back(batch.noted)
            stored = Stored(max(added, 0), len(fresh), max(dead, 0))
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
        for companion in self._companions:
            companion.committed()
        return stored

    def _label(
        self, tweets: Sequence[TweetRow], batch: BatchRow, batch_id: int
    ) -> Iterator[Labelled]:
        """Insert the labels of a batch, and yield those that were not there."""
        execute = self._connection.execute
        for tweet in tweets:
            model_id, at, marks = batch.model_id, tweet.received_at, None
            if origin := tweet.origin:
                model_id = self._model_id_elsewhere(origin.model, batch.started_at)
                at, marks = batch.started_at, origin.abstained
            for entity, verdict in tweet.verdicts:
                columns, abstained = _columns(verdict, batch.abstain_below, marks)
                row = (tweet.id, entity, *columns, model_id, batch_id)
                if execute(_INSERT_LABEL, row).rowcount > 0:
                    yield Labelled(tweet, entity, verdict, abstained, model_id, batch_id, at)

    def write_minute(self, minute: Minute) -> None:
        """Commit a minute of throughput, and what companions have left for a quiet moment."""
        row = minute.row()
        with self._alone():
            self._connection.execute(
                f"INSERT INTO throughput ({', '.join(row)})"  # noqa: S608  (our own names)
                f" VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )

    def tidy(self) -> None:
        """Commit what companions have left to write."""
        with self._alone():
            pass

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write without a batch; the companions are asked, too."""
        with self._transaction():
            yield
            for companion in self._companions:
                companion.write(self._connection, ())
        for companion in self._companions:
            companion.committed()

    def broker_dropped(self) -> int | None:
        """Return what the broker last said it had dropped, if it ever said."""
        row = self._connection.execute(
            "SELECT broker_dropped FROM throughput WHERE broker_dropped IS NOT NULL"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
        return row and int(row[0])

    def remember_topics(self, broker: str, client_id: str, topics: Sequence[str]) -> set[str]:
        """Add topic filters to those that our session at a broker has, and return those it had.

        Raises:
            StoreError: if the log cannot be written.
        """
        with self._preparing(), self._transaction():
            known = self._connection.execute(
                "SELECT topic FROM subscriptions WHERE broker = ? AND client_id = ?",
                (broker, client_id),
            ).fetchall()
            self._connection.executemany(
                "INSERT INTO subscriptions VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(broker, client_id, topic) for topic in topics],
            )
        return {topic for (topic,) in known}

    def forget_topics(self, broker: str, client_id: str) -> None:
        """Forget the topic filters of a session that the broker has ended.

        Raises:
            StoreError: if the log cannot be written.
        """
        with self._preparing(), self._transaction():
            self._connection.execute(
                "DELETE FROM subscriptions WHERE broker = ? AND client_id = ?", (broker, client_id)
            )

    def tweets(self) -> int:
        """Count the tweets in the log."""
        return int(self._connection.execute("SELECT count(*) FROM tweets").fetchone()[0])

    def prune(self, now: Moment, keep_days: int, keep_history_days: int = 0) -> int:
        """Delete some of what is older than ``keep_days``; see `retention.Pruner.step`.

        Returns:
            How many rows and pages went; 0 when there is nothing left to do.
        """
        with self._telling_damage():
            return self._pruner.step(now, keep_days, keep_history_days)

    def on_progress(self, tell: Callable[[], None]) -> None:
        """Have it told, again and again, that SQLite gets on, and that a deleted log is saved."""
        self._tell = tell
        self._connection.set_progress_handler(tell, _PROGRESS_EVERY_FEW)

    def bound(self, max_bytes: int) -> int:
        """Delete some of the oldest if the log takes too much room; see `pruning.Pruner.bound`.

        Returns:
            How many rows and pages went; 0 when there is nothing left to do.
        """
        with self._telling_damage():
            return self._pruner.bound(max_bytes)

    def close(self, *, well: bool = True, fold_back: bool = True) -> None:
        """Close the file.

        Args:
            well: whether the run that used it has ended well, with nothing left in hand.
            fold_back: fold the WAL back into it; not from beside a daemon, whose file it is.
        """
        if well:
            with suppress(sqlite3.Error, StoreError):
                self.attempts.end()
        if fold_back:
            self._fold_back()
        self._connection.close()

    def _fold_back(self) -> bool:
        """Fold the WAL back, which SQLite would not do on closing a file that was moved.

        Returns:
            Whether the file has all now: a reader may be in the way, or the disk be full.
        """
        with suppress(sqlite3.Error):
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        return False

    @contextmanager
    def _preparing(self) -> Iterator[None]:
        """Before there is anything to lose, an error is no reason to try again."""
        try:
            yield
        except sqlite3.Error as error:
            raise integrity.unusable(self.path, error) from error

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        """Tell errors that trying again may mend from a damaged file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if integrity.is_damage(error):
                raise integrity.unusable(self.path, error) from error
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Begin and commit; when it ends, what was committed is where people will look for it.

        Raises:
            StoreError: if the files are no longer at their place, or damaged.
        """
        with self._telling_damage():
            self._see_untouched()
            # IMMEDIATE: a deferred transaction that turns to writing ignores the busy timeout.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._see_in_place()

    def _script(self, statements: str) -> None:
        """Run statements that are transactions of their own, with the same care."""
        self._see_untouched()
        self._connection.executescript(statements)
        self._see_in_place()

    def _data_version(self) -> int:
        """Return a number that changes when another connection commits, and then only."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _see_untouched(self) -> None:
        """See that nothing but SQLite has written into the files since our last transaction.

        Another program's transaction is fine, and a checkpoint of its own as well. A copy over the
        file is not, which nothing but a look through it tells from that.
        """
        if not self._place.is_untouched():
            self._see_in_place()
            before, self._version = self._version, self._data_version()
            self._doubted |= self._version == before
        started = time.monotonic()
        if not self._doubted or started < self._look_again_at:
            return
        if damage := self._damage():
            raise DamagedLogError(self.path, f"something else wrote into it: {damage}")
        # Of the write-ahead log SQLite has looked at what it needed: after a crash it reads the
        # rest, too, and may find the log's beginning gone. Folded back, the log begins anew.
        self._doubted = not self._fold_back()
        self._see_in_place()
        took = time.monotonic() - started
        self._look_again_at = time.monotonic() + _LOOK_SHARE * took

    def _damage(self) -> str | None:
        if not self.path.stat().st_size:
            return "it is empty"  # not opened: SQLite would delete its write-ahead log
        try:
            return integrity.find_damage(self.path)
        except sqlite3.DatabaseError as error:
            if integrity.is_damage(error):
                return str(error)
            raise

    def _see_in_place(self) -> None:
        """See that what was committed is where people will look for it."""
        try:
            self._place.look()
        except MovedError as error:
            raise StoreError(self._saved(error.path)) from error

    def _saved(self, gone: Path) -> str:
        """Save what only our open files have; say what has happened, and where it is now."""
        what = f"{gone}: was moved away or deleted while in use"
        if gone != self.path:
            if self._fold_back():
                return f"{what}; all that it held is in {self.path} now, so start again"
        elif where := self._place.found_again():
            self._fold_back()
            return f"{what}; what was stored is in {where}"
        try:
            saved = rescue(self._connection, self.path, self._tell)
        except (OSError, sqlite3.Error) as error:
            return f"{what}; what was stored could not be saved: {error}"
        return f"{what}; what was stored has been saved as {saved} (docs/operations.md)"


def _columns(
    verdict: Verdict, abstain_below: float, marks: Mapping[str, bool] | None
) -> tuple[list[Any], dict[str, bool]]:
    """Lay a verdict out in the order of the label's columns; a label the model lacks is NULL.

    Args:
        verdict: what is to be stored.
        abstain_below: a label whose probability is below is marked as unsure,
        marks: unless these say for each task whether it is.

    Returns:
        The columns, and for each task whether its label is marked as unsure.
    """
    columns: list[Any] = []
    abstained = {}
    for task in TASKS:
        answer = verdict[task]
        kept = {label: round(p, 5) for label, p in answer.probabilities.items()}
        # By what is kept: who compares mark and probability in the log finds them to agree.
        abstained[task] = marks[task] if marks else kept[answer.label] < abstain_below
        columns += [answer.label, *(kept.get(polarity) for polarity in POLARITIES), abstained[task]]
    return columns, abstained
