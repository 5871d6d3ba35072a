"""What the owner says of tweets: labels beside the model's, with what the model had said.

They are written beside a running daemon, each call in a short transaction of its own, for which the
daemon's next batch waits no longer than for its own housekeeping.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import quote

from monitor.store import integrity
from monitor.store.integrity import StoreError
from monitor.store.reader import open_log
from monitor.verdict import POLARITIES, TASKS

CANNOT_TELL: Final = "cannot-tell"
NOT_ABOUT_IT: Final = "not-about-it"
ANSWERS: Final = (*POLARITIES, CANNOT_TELL, NOT_ABOUT_IT)
"""What an owner may say of a tweet and an entity."""

Drawn: TypeAlias = Literal["random", "teaching", "found"]
DRAWN: Final[tuple[Drawn, ...]] = ("random", "teaching", "found")
"""How a tweet came before its owner: drawn at random, chosen for what it teaches, or met by chance.

From the first alone shares may be estimated; all are learnt from."""

PROBABILITIES: Final = tuple(f"{task}_{polarity}" for task in TASKS for polarity in POLARITIES)
"""Columns with what the model gave, here and in `labels`."""

_BUSY_TIMEOUT_S: Final = 10.0
"""How long a label waits for another program's lock: the daemon may be cutting its log back."""
_COLUMNS: Final = (
    *("tweet_id", "entity", "label", "drawn", "labelled_at", "received_at"),
    *PROBABILITIES,
    *("model_sha256", "text", "batch_id"),
)
_PUT: Final = (
    f"INSERT INTO owner_labels ({', '.join(_COLUMNS)})"  # noqa: S608  (our own names)
    f" VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT DO UPDATE SET "
    # Who corrects an answer to a tweet that was drawn at random did not choose the tweet.
    "drawn = iif(drawn = 'random', drawn, excluded.drawn), "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in _COLUMNS
        if name not in {"tweet_id", "entity", "drawn"}
    )
)


class LogBusyError(StoreError):
    """Another program holds the log; nothing was written, and another attempt may succeed."""


@dataclass(frozen=True, slots=True)
class OwnerLabel:
    """What the owner says of a tweet and an entity."""

    tweet_id: str
    """'sha256:' and the digest of a text that is not from this log."""
    entity: str
    """'' for the tweet as a whole."""
    label: str
    """One of `ANSWERS`."""
    drawn: Drawn
    labelled_at: str
    received_at: str
    """When the tweet arrived; of a text from elsewhere, when it was labelled."""
    probabilities: tuple[float, ...]
    """As in `PROBABILITIES` [6], given by the model when the label was."""
    model_sha256: str
    text: str | None = None
    """Of a text from elsewhere, as far as it may be kept."""
    batch_id: int | None = None
    """With which it is pruned; None for never."""


def put(connection: sqlite3.Connection, labels: Iterable[OwnerLabel]) -> None:
    """Write labels, in the place of those that the same tweets had for the same entities.

    What was drawn at random once stays so.
    """
    connection.executemany(
        _PUT,
        [
            (
                *(label.tweet_id, label.entity, label.label, label.drawn),
                *(label.labelled_at, label.received_at),
                *label.probabilities,
                *(label.model_sha256, label.text, label.batch_id),
            )
            for label in labels
        ],
    )


def read(connection: sqlite3.Connection, entity: str | None = None) -> list[OwnerLabel]:
    """Read the labels of an entity ('' for tweets as a whole), or of all, as they were given."""
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM owner_labels WHERE ?1 IS NULL OR entity = ?1"  # noqa: S608
        " ORDER BY labelled_at, entity, tweet_id",
        (entity,),
    )
    return [
        OwnerLabel(
            *(tweet_id, name, label, cast("Drawn", drawn), labelled_at, received_at),
            probabilities=tuple(rest[: len(PROBABILITIES)]),
            model_sha256=rest[-3],
            text=rest[-2],
            batch_id=rest[-1],
        )
        for tweet_id, name, label, drawn, labelled_at, received_at, *rest in rows
    ]


def count_as_random(connection: sqlite3.Connection, entity: str, ids: Iterable[str]) -> None:
    """Note of tweets that are labelled that chance drew them, too; their labels stay."""
    connection.executemany(
        "UPDATE owner_labels SET drawn = 'random' WHERE entity = ? AND tweet_id = ?",
        [(entity, id_) for id_ in ids],
    )


def delete(connection: sqlite3.Connection, entity: str | None = None) -> int:
    """Delete the labels of an entity, or all, and return how many there were."""
    return connection.execute(
        "DELETE FROM owner_labels WHERE ?1 IS NULL OR entity = ?1", (entity,)
    ).rowcount


@contextmanager
def opened_beside(
    path: Path | str, busy_timeout_s: float = _BUSY_TIMEOUT_S
) -> Iterator[sqlite3.Connection]:
    """Open a log to write labels into, beside its daemon; it is closed at the end.

    Args:
        path: the log.
        busy_timeout_s: how long each statement waits for another program's lock, seconds.

    Raises:
        LogBusyError: if another program holds it for longer.
        StoreError: as `reader.open_log`, or if it cannot be written.
    """
    open_log(path).close()  # which says what is wrong with it
    uri = f"file:{quote(str(Path(path).absolute()))}?mode=rw"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)
        with closing(connection):
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            yield connection
    except sqlite3.Error as error:
        raise _told(Path(path), error) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing."""
    # IMMEDIATE: a deferred transaction that turns to writing ignores the busy timeout.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _told(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LogBusyError(f"{path}: another program holds it; run the command again to go on")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(
            f"{path}: may not be written by this user; run the command as the daemon's"
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; make room, then run the command again")
    return integrity.unusable(path, error)
