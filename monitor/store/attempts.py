"""Messages that may have ended the daemon: noted in the log before they are worked on again.

What kills the process (a fault in a native library, the kernel's OOM killer, the watchdog) leaves
its message unacknowledged, and the broker delivers it again. So that it does not end every life:

* A run that ends badly leaves its row in the table ``running``. The run after it is watchful: for
  its first messages, among which are those delivered again, it takes one batch at a time and notes
  the batch, in a transaction of its own, before it is worked on. Its COMMIT takes the note back.
* What is still noted when a run begins was in hand when the one before ended: it is suspect. Each
  suspect is worked on with nothing else in hand, and counted before. Whoever is innocent is stored
  by that, and suspect no longer.
* A message that was in hand alone at `MOST_DEATHS` ends is not worked on again: a dead letter. Its
  note stays until a run ends well, after which it would be tried anew.

After a run that ended well nothing is noted, and a tweet costs no more than ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event
from typing import Final, Generic, TypeVar

MOST_DEATHS: Final = 5
"""Ends of the daemon, alone with a message, after which the message is given up.

A kill or a power cut counts like any other end. An innocent message is in hand for 3 to 20 ms (the
first of a life up to 40), so it takes kills that are aimed at those milliseconds to hit one twice.
The soak aims some of its kills so, and three in a row have once given up an innocent message.
"""

WATCHED: Final = 4096
"""Messages, at least, for which a run is watchful: more than mosquitto 2.0 was seen to have sent
ahead of their acknowledgement, which it sends again first."""

_MOST_NOTED: Final = 10_000
"""Notes that are kept; of messages that never come again (QoS 0) the oldest go."""


class Attempts:
    """The notes, in the log. Belongs to the thread that writes it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connection = connection
        self._transaction = transaction
        self._running = False

    def begin(self, now: str) -> tuple[dict[str, int], bool]:
        """Note that a run begins.

        Args:
            now: the time, for people who look at the table.

        Returns:
            What is suspect, digest to ends that it was alone at, and whether the run before ended
            badly. Of an earlier call for the same open log that one ended well.
        """
        execute = self._connection.execute
        with self._transaction():
            badly = not self._running and bool(execute("SELECT 1 FROM running").fetchone())
            if not self._running:
                execute("DELETE FROM running")
                execute("INSERT INTO running (since) VALUES (?)", (now,))
                execute(
                    "DELETE FROM attempts WHERE ? OR id <= (SELECT max(id) FROM attempts) - ?",
                    (not badly, _MOST_NOTED),
                )
            suspects = dict(execute("SELECT digest, deaths FROM attempts").fetchall())
        self._running = True
        return suspects, badly

    def note(self, digests: Sequence[str], *, alone: bool) -> bool:
        """Commit that messages are about to be worked on, counted if it is one by itself."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO attempts (digest, deaths) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET deaths = deaths + excluded.deaths",
                [(digest, int(alone)) for digest in digests],
            )
        return True

    def take_back(self, digests: Iterable[str]) -> None:
        """Inside the transaction that stores messages, if any was noted: they are done with."""
        self._connection.executemany(
            "DELETE FROM attempts WHERE digest = ?", [(digest,) for digest in digests]
        )

    def end(self) -> None:
        """Note that the run ends well, if one began: nothing is suspect any more."""
        if self._running:
            with self._transaction():
                self._connection.execute("DELETE FROM running")
                self._connection.execute("DELETE FROM attempts")
            self._running = False


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Part(Generic[_T]):
    """Messages to be worked on together."""

    messages: Sequence[_T]
    digests: Sequence[str] = ()
    """To be noted before; none if there is nothing to fear."""
    alone: bool = False
    """Whether nothing else may be in hand meanwhile."""
    given_up: bool = False
    """Whether it is not to be worked on at all."""


@dataclass(frozen=True, slots=True)
class Note:
    """Asks the writer, in its turn behind the jobs before, to note a part."""

    digests: Sequence[str] = ()
    alone: bool = False
    noted: Event = field(default_factory=Event)
    """Set when it is, and all jobs before are committed."""


class Watch(Generic[_T]):
    """Parts batches so that what ends the daemon is found. Belongs to one thread."""

    def __init__(
        self, suspects: Mapping[str, int], watched: int, digest: Callable[[_T], str]
    ) -> None:
        """Begin to watch.

        Args:
            suspects: as from `Attempts.begin`.
            watched: for how many messages to be watchful.
            digest: tells one message from another.
        """
        self._suspects = dict(suspects)
        self._watched = watched
        self._digest = digest

    def parts(self, messages: Sequence[_T]) -> Iterator[Part[_T]]:
        """Part a batch, in order; one is asked for when those before it have been taken."""
        if not self._suspects and self._watched <= 0:  # as nearly always
            if messages:
                yield Part(messages)
            return
        together: list[tuple[str, _T]] = []
        for message in messages:
            digest = self._digest(message)
            deaths = self._suspects.get(digest)
            if deaths is None:
                together.append((digest, message))
                continue
            yield from self._together(together)
            together = []
            if deaths >= MOST_DEATHS:  # and so is the same one, if it is published again
                yield Part([message], given_up=True)
            else:
                yield Part([message], [digest], alone=True)
                del self._suspects[digest]  # stored, so innocent
        yield from self._together(together)
        self._watched -= len(messages)

    def _together(self, messages: Sequence[tuple[str, _T]]) -> Iterator[Part[_T]]:
        if messages:
            digests = [digest for digest, _ in messages] if self._watched > 0 else []
            yield Part([message for _, message in messages], digests)
