"""Messages to be sent, kept in the log until the broker has them (a transactional outbox).

A message is written in the transaction of what it tells, so it is sent if and only if that was
committed. Whoever forwards it (`announcer.Announcer`) says how far the broker has acknowledged; the
writer deletes up to there with its next transaction, for it alone writes. A crash in between sends
some messages again: at least once, in order.

`MOST` of them may wait: then the writer waits too, as long as the broker acknowledges anything, or
is away and will be back (`announcer.Announcer.wait_for_room`). Only if it is there and does not is
there no use in that, and the oldest go.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from monitor.mqtt import Message
from monitor.publishing import results
from monitor.settings.topics import RESULTS
from monitor.store.rows import Labelled

MOST: Final = 100_000
"""Messages that wait at most, some 100 MB."""

_PUT: Final = "INSERT INTO outgoing (topic, payload, retain) VALUES (?, ?, ?)"
_FORGET: Final = "DELETE FROM outgoing WHERE id <= ?"
_FIRST: Final = "SELECT coalesce(min(id), 1) FROM outgoing"
_LAST: Final = "SELECT coalesce(max(id), 0) FROM outgoing"
_RETAIN: Final = (
    "INSERT INTO retained (topic, payload) VALUES (?, ?)"
    " ON CONFLICT DO UPDATE SET payload = excluded.payload"
)


class Outbox:
    """Puts messages into the log and takes out those forwarded; the store's last hook."""

    def __init__(self, prefix: str) -> None:
        """Begin to write.

        Args:
            prefix: the topic below which everything is published.
        """
        self._prefix = prefix
        self._put = False
        self._deleting = self._deleted = self._overflowed = 0
        self._first, self._last = 1, 0
        self.dropping = False
        """Whether the oldest go when there are too many; set by who forwards."""
        self.forwarded = 0
        """Up to which message the broker has acknowledged; set by who forwards."""
        self.filled = threading.Event()
        """Set when there are new messages."""

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return self._last - max(self.forwarded, self._first - 1) >= MOST

    def put(
        self, connection: sqlite3.Connection, suffix: str, payload: str, *, retain: bool
    ) -> None:
        """Write a message, inside the caller's transaction.

        What is retained is remembered, too: it is published again on every new connection.

        Args:
            connection: the store's, as hooks get it.
            suffix: the topic below the prefix.
            payload: JSON.
            retain: whether the broker keeps it for those who subscribe later.
        """
        topic = f"{self._prefix}/{suffix}"
        connection.execute(_PUT, (topic, payload, retain))
        if retain:
            connection.execute(_RETAIN, (topic, payload))
        self._put = True

    def write(self, connection: sqlite3.Connection, _fresh: Sequence[Labelled]) -> None:
        """Delete what has been forwarded; a hook of the store."""
        self._deleting = self.forwarded  # it may go on meanwhile
        if self._deleting > self._deleted:
            connection.execute(_FORGET, (self._deleting,))
        self._overflowed = 0
        if self._put:
            # By themselves these are looked up; in one query the table would be read.
            (self._last,) = connection.execute(_LAST).fetchone()
            if self.dropping:
                self._overflowed = connection.execute(_FORGET, (self._last - MOST,)).rowcount
            (self._first,) = connection.execute(_FIRST).fetchone()

    def committed(self) -> None:
        """Wake who forwards."""
        self._deleted = self._deleting
        if self._overflowed:
            structlog.get_logger().warning(
                "outbox-overflowed",
                messages=self._overflowed,
                note="the broker does not acknowledge; the oldest were dropped",
            )
        if self._put:
            self._put = False
            self.filled.set()


class ResultsHook:
    """Puts every new label into the outbox, as it stands in the log; a hook of the store.

    But for labels that other boards gave: whoever wants those has them from there, and two boards
    that take in each other's would pass them to and fro.
    """

    def __init__(self, outbox: Outbox, board: str) -> None:
        """Begin to tell.

        Args:
            outbox: where to put them.
            board: who tells, our ``client_id``.
        """
        self._outbox = outbox
        self._board = board

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Read labels that have just been inserted, and put them into the outbox."""
        for label in fresh:
            if label.tweet.origin is None and label.is_read:
                payload = results.write(connection, label.tweet.id, label.entity, self._board)
                self._outbox.put(connection, RESULTS, payload, retain=False)

    def committed(self) -> None:
        """Nothing is kept outside the log."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits to be forwarded."""

    id: int
    message: Message


def waiting(connection: sqlite3.Connection, after: int, limit: int) -> list[Waiting]:
    """Read the first messages after one, in order."""
    return [
        Waiting(id_, Message(topic, payload, bool(retain)))
        for id_, topic, payload, retain in connection.execute(
            "SELECT id, topic, payload, retain FROM outgoing WHERE id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
    ]


def retained(connection: sqlite3.Connection) -> list[Message]:
    """Read what the broker should retain of us, as it was last put."""
    return [
        Message(topic, payload, retain=True)
        for topic, payload in connection.execute(
            "SELECT topic, payload FROM retained WHERE payload IS NOT NULL ORDER BY topic"
        )
    ]


def remembered(connection: sqlite3.Connection) -> dict[str, str | None]:
    """Read what the broker may retain of us: topic to payload, None where it changes by itself."""
    return dict(connection.execute("SELECT topic, payload FROM retained").fetchall())


def settle(connection: sqlite3.Connection, wanted: Mapping[str, str | None]) -> None:
    """Remember what we retain from now on, and have the broker forget the rest.

    An empty message, retained, makes it forget the one it has. That waits in the outbox like any
    other, so it is sent even if nothing else is published any more.

    Args:
        connection: inside a transaction.
        wanted: as from `remembered`.
    """
    known = remembered(connection)
    for topic in sorted(known.keys() - wanted.keys()):
        connection.execute(_PUT, (topic, "", True))
        connection.execute("DELETE FROM retained WHERE topic = ?", (topic,))
    for topic in wanted.keys() - known.keys():  # it may have been cleared, and that not be sent yet
        connection.execute("DELETE FROM outgoing WHERE topic = ? AND payload = ''", (topic,))
    connection.executemany(_RETAIN, [row for row in wanted.items() if row not in known.items()])
