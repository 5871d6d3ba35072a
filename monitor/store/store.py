"""The SQLite log: whole batches in a transaction, and nothing acknowledged before its COMMIT."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from monitor.clock import Moment, utc
from monitor.inference import Model
from monitor.settings import WAL_BYTES
from monitor.store import integrity, registry, subscriptions
from monitor.store.adapting import Adapting
from monitor.store.attempts import Attempts
from monitor.store.batches import Batches
from monitor.store.database import Database
from monitor.store.guard import Guard
from monitor.store.hook import TransactionHook
from monitor.store.integrity import StoreError
from monitor.store.place import MovedError
from monitor.store.pruning import Pruner
from monitor.store.rollups import Rollups
from monitor.store.rows import Batch, BatchRow, DeadLetter, Stored, TweetRow
from monitor.store.schema import is_joined, known_migrations, migrations
from monitor.store.throughput import Minute

_T = TypeVar("_T")

BUSY_TIMEOUT_S: Final = 2.0
"""How long a call waits for another program's lock; what is worth it is tried again."""
_PAGE_BYTES: Final = 2048
"""Half of SQLite's default: a commit writes some 25 pages, mostly for a few rows each."""
_PROGRESS_EVERY: Final = 1_000_000
"""Steps of SQLite's machine: some tens of milliseconds."""
_PROGRESS_EVERY_FEW: Final = 200
"""Steps, too: those of inserting a few tweets."""


class Store:
    """The log, open for writing. Used by one thread at a time."""

    def __init__(
        self,
        path: Path | str,
        hooks: Sequence[TransactionHook] = (),
        on_migrating: Callable[[Sequence[str]], object] = lambda _pending: None,
    ) -> None:
        """Open a log, creating or migrating it as needed.

        After a crash its structure is looked through first (`integrity.look_over`).

        Args:
            path: the file.
            hooks: what is written with every batch, beside its rollups, in this order.
            on_migrating: told which migrations a log needs, before they begin and again and again
                as they get on.

        Raises:
            DamagedLogError: if it is damaged.
            StoreError: if it cannot be opened, is not a log of this program, or a newer version
                of the program wrote it.
        """
        self.path = Path(path)
        self.due = threading.Event()
        """Set, by any thread, when a hook has something to write though there is no batch."""
        self._steady: Sequence[TransactionHook] = (Rollups(), *hooks)
        self._hooks = self._steady
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            integrity.see_that_file(self.path)
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
            self._guard = Guard(self._connection, self.path)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise integrity.unusable(self.path, error) from error
            if isinstance(error, OSError | MovedError):
                raise StoreError(f"{self.path}: was moved away while it was opened") from error
            raise
        self._pruner = Pruner(self._connection, self._transaction, self._script)
        self.attempts = Attempts(self._connection, self._transaction)
        self.adapting = Adapting(self._connection, self._transaction)
        self._batches = Batches(self._connection, self.adapting)

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

    def set_hooks(self, hooks: Sequence[TransactionHook]) -> None:
        """Write these with every batch from now on, after those given at the opening."""
        self._hooks = (*self._steady, *hooks)

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
            return registry.register(self._connection, model, runtime, task, utc(now))

    def write(
        self,
        batch: BatchRow,
        tweets: Sequence[TweetRow],
        dead_letters: Sequence[DeadLetter],
    ) -> Stored:
        """Commit one batch; see `write_all`."""
        (stored,) = self.write_all([Batch(batch, tweets, dead_letters)])
        return stored

    def write_all(self, batches: Sequence[Batch]) -> list[Stored]:
        """Commit batches in one transaction: all of them or, on an exception, nothing.

        Rows that are there already are left as they are. A known tweet asked about a further
        entity gains that label.

        Returns:
            What each has added.

        Raises:
            sqlite3.OperationalError: if the disk is full or the file is locked; try again.
            StoreError: if the file is damaged, or is no longer at its place.
        """
        began = time.monotonic()
        with self._transaction():
            self.adapting.refresh()
            inserted = [self._batches.insert(batch) for batch in batches]
            fresh = [label for each in inserted for label in each.labels]
            for hook in self._hooks:
                hook.write(self._connection, fresh)
            self.attempts.take_back([digest for batch in batches for digest in batch.record.noted])
            for each in inserted:
                self._batches.finish(each, began)
        for hook in self._hooks:
            hook.committed()
        return [each.stored for each in inserted]

    def write_minute(self, minute: Minute) -> None:
        """Commit a minute of throughput, and what hooks have left for a quiet moment."""
        row = minute.row()
        with self._alone():
            self._connection.execute(
                f"INSERT INTO throughput ({', '.join(row)})"  # noqa: S608  (our own names)
                f" VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )

    def tidy(self) -> None:
        """Commit what hooks have left to write."""
        with self._alone():
            pass

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write without a batch; the hooks are asked, too."""
        self.due.clear()
        with self._transaction():
            yield
            for hook in self._hooks:
                hook.write(self._connection, ())
        for hook in self._hooks:
            hook.committed()

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
            return subscriptions.remember(self._connection, broker, client_id, topics)

    def forget_topics(self, broker: str, client_id: str) -> None:
        """Forget the topic filters of a session that the broker has ended.

        Raises:
            StoreError: if the log cannot be written.
        """
        with self._preparing(), self._transaction():
            subscriptions.forget(self._connection, broker, client_id)

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

    def learn(self, now: float) -> None:
        """Fit the owner's answers anew if they have changed; see `adapting.Adapting.learn`."""
        with self._telling_damage():
            self.adapting.learn(now)

    def relabel(self, seconds: float) -> int:
        """Have stored labels follow the answers, for about so long; see `Adapting.relabel`."""
        with self._telling_damage():
            return self.adapting.relabel(seconds)

    def keep_owner_labels(self, keep: bool) -> None:
        """Have labels of the owner outlive their tweets, or go with them, from now on."""
        self._pruner.keep_owner_labels = keep

    def on_progress(self, tell: Callable[[], None]) -> None:
        """Have it told, again and again, that SQLite gets on, and that a deleted log is saved."""
        self._guard.tell = tell
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
            self._guard.fold_back()
        self._connection.close()

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
            self._guard.see_untouched()
            # IMMEDIATE: a deferred transaction that turns to writing ignores the busy timeout.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._guard.see_in_place()

    def _script(self, statements: str) -> None:
        """Run statements that are transactions of their own, with the same care."""
        self._guard.see_untouched()
        self._connection.executescript(statements)
        self._guard.see_in_place()
