"""Sends what is published: the outbox of the store, in order, and the sensors each minute.

A thread of its own, which reads the log beside the writer and publishes over the daemon's one
connection. What cannot be sent now is in the log; only if too much of it waits there does the
writer wait for it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from monitor.mqtt import ConnectionLostError, Message, Sender
from monitor.publishing import outbox, sensors
from monitor.publishing.outbox import Outbox
from monitor.store import StoreError, open_log

_MINUTE_S: Final = 60.0
_FLUSH_S: Final = 2.0
"""How long the end waits for what is in the outbox; the rest is sent after the next start."""
_AGAIN_S: Final = 5.0
"""After which the log is read again, if it could not be."""
_LOSSES: Final = 3
"""Connections lost in a row before anything was acknowledged, after which there are pauses."""
_MOST_LOSSES: Final = 10
"""After so many, hours later, a message is given up."""
_LONGEST_PAUSE_S: Final = 3600.0
_SILENCE_S: Final = 60.0
"""After which a broker that is there and acknowledges nothing is waited for no longer."""
_HUNG_UP: Final = "the broker hangs up as we publish; its log may say why"


class Announcer:
    """Publishes over whatever connection there is."""

    def __init__(
        self,
        path: Path,
        messages: Outbox,
        topic: str,
        entities: Sequence[str],
        *,
        with_sensors: bool,
        is_connected: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare; `start` begins.

        Args:
            path: of the log.
            messages: told how far they have been forwarded.
            topic: below which the sensors are published.
            entities: the names of those configured.
            with_sensors: whether the sensors are published.
            is_connected: tells whether the broker is there.
        """
        self._path = path
        self._outbox = messages
        self._topic = topic
        self._entities = entities
        self._with_sensors = with_sensors
        self._is_connected = is_connected
        self._silent_since = time.monotonic()
        self._forwarded = threading.Event()
        self._say_next = self._silent_since
        self._sender: Sender | None = None
        self._lost: Sender | None = None
        self._greeted: Sender | None = None
        self._due = self._resume = 0.0
        self._losses = 0
        self._ending = threading.Event()
        self._refused = False
        self._unreadable = False
        self._ended = False
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="announcer")

    def start(self) -> None:
        """Begin to forward."""
        self._thread.start()

    def connected(self, sender: Sender) -> None:
        """Go on over this connection; called by the broker's thread."""
        self._sender = sender
        self._outbox.filled.set()

    def wait_for_room(self, timeout: float) -> bool:
        """Wait until the outbox has room for what the next batch will tell; the writer asks.

        A broker that answers at all is waited for, however slow, and so is one that is away: then
        what the writer has in hand comes again anyway. Only for one that is there and answers
        nothing the oldest messages go.

        Returns:
            Whether to go on: there is room, or waiting for it is in vain.
        """
        now, sender = time.monotonic(), self._sender
        full = self._outbox.full
        if not (full and self._is_connected()):
            self._silent_since = now
        elif sender:
            self._silent_since = max(self._silent_since, sender.last_answer)
        paused = now < self._resume
        self._outbox.dropping = full and (paused or now > self._silent_since + _SILENCE_S)
        if not full or self._outbox.dropping:
            return True
        if now >= self._say_next:
            self._say_next = now + _MINUTE_S
            self._log.warning("outbox-full", note="labelling waits for the broker to take results")
        self._forwarded.clear()
        if self._outbox.full:
            self._forwarded.wait(timeout)
        return False

    def flush(self) -> None:
        """Send what is left, for a moment; afterwards the connection may be closed."""
        self._ending.set()
        self._outbox.filled.set()
        self._thread.join(_FLUSH_S)

    def join(self) -> None:
        """Wait for the end, once the connection is closed."""
        self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            try:
                with closing(open_log(self._path)) as log:
                    self._serve(log)
            except (sqlite3.Error, StoreError) as error:
                # Whether the log is damaged, its writer finds out.
                if not self._unreadable:
                    self._log.warning("outbox-unreadable", error=str(error))
                self._unreadable = True
                self._ended = self._ending.wait(_AGAIN_S)

    def _serve(self, log: sqlite3.Connection) -> None:
        while not self._ended:
            self._outbox.filled.wait(self._patience())
            self._outbox.filled.clear()
            ending = self._ending.is_set()
            sender = self._sender
            if sender and sender is not self._lost and time.monotonic() >= self._resume:
                try:
                    self._forward(sender, log)
                except ConnectionLostError:
                    self._note_loss(sender)
            self._ended = ending
            self._unreadable = False

    def _patience(self) -> float | None:
        """Seconds until there is something to do of its own accord."""
        if not self._sender or self._sender is self._lost:
            return None
        now = time.monotonic()
        if now < self._resume:
            return self._resume - now
        return max(0.0, self._due - now) if self._with_sensors else None

    def _note_loss(self, sender: Sender) -> None:
        """A broker that hangs up on what we publish must not keep the tweets from coming."""
        self._lost = sender
        self._losses += 1
        if self._losses >= _LOSSES:
            pause = min(_MINUTE_S * 2 ** (self._losses - _LOSSES), _LONGEST_PAUSE_S)
            self._resume = time.monotonic() + pause
            self._log.warning("publishing-paused", seconds=pause, note=_HUNG_UP)

    def _forward(self, sender: Sender, log: sqlite3.Connection) -> None:
        if sender is not self._greeted:
            self._publish(sender, outbox.retained(log))
            self._due = 0.0
            self._greeted = sender
        while True:
            if self._with_sensors and time.monotonic() >= self._due:
                self._due = time.monotonic() + _MINUTE_S
                self._publish(
                    sender, sensors.messages(log, self._topic, self._entities, time.time())
                )
            # After a loss one by one, so that a message on which the broker hangs up is found.
            limit = 1 if self._losses else sender.window
            waiting = outbox.waiting(log, self._outbox.forwarded, limit)
            if not waiting:
                return
            if self._losses >= _MOST_LOSSES:
                self._losses = 0
                self._refuse(waiting[0].message, "the broker hangs up on it")
            else:
                self._publish(sender, [each.message for each in waiting])
            self._outbox.forwarded = waiting[-1].id
            self._forwarded.set()

    def _publish(self, sender: Sender, messages: Sequence[Message]) -> None:
        answers = sender.publish(messages)
        for message, refusal in zip(messages, answers, strict=True):
            if refusal:  # to try again would be in vain, and hold up what comes after it
                self._refuse(message, refusal)
        if None in answers:
            self._losses = 0

    def _refuse(self, message: Message, why: str) -> None:
        if not self._refused:
            self._refused = True
            self._log.warning(
                "publishing-refused",
                topic=message.topic,
                error=why,
                note="dropped, as others may be without a word; may we write there?",
            )
