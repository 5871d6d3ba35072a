"""Deliveries to batch to labels to COMMIT to acknowledgement.

Three stages, each with a bounded queue before it:

    broker ─Inbox─▶ collector ──jobs──▶ writer ─▶ COMMIT, then PUBACK
                        └─▶ classifier ─┘
                            (a thread and an interpreter a core)

A job carries the future of its verdicts, and the writer takes jobs in the order they were made:
batches are classified side by side, yet committed and acknowledged in order of arrival. When a
queue is full the stage before it waits, until at last the broker's receive window is full: the
broker's answers come by the same way as the tweets, so what puts into the inbox never waits.
"""

from __future__ import annotations

import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from monitor.clock import utc
from monitor.daemon.admission import Admission
from monitor.daemon.collector import Collector
from monitor.daemon.inbox import Inbox
from monitor.daemon.job import Job
from monitor.daemon.ledger import Totals
from monitor.daemon.writer import Writer
from monitor.delivery import Delivery
from monitor.inference import Classifier
from monitor.metrics.measurements import Measurements
from monitor.settings import Settings
from monitor.standings.tallies import ranking
from monitor.store import BUSY_TIMEOUT_S, Store, integrity, open_log
from monitor.store.attempts import WATCHED, Note, Watch
from monitor.store.rows import TweetRow
from monitor.tweets import Pseudonyms

_IDLE_S: Final = 2.0
"""How often an idle writer looks up, for housekeeping: a board that has nothing to do sleeps."""
_BUSY_S: Final = 1.0
"""The same while there is some to be done, and for a thread that waits for another."""
_LONG_S: Final = 60.0
"""The same for a collector that waits for messages, which wake it."""
JOBS_AHEAD: Final = 1
"""Jobs that wait for a worker or the writer beside those that the workers have: none runs dry."""
_LOOK_S: Final = 0.2
"""The same for a writer that waits for room."""


class Pipeline:
    """The way of a tweet through the house."""

    def __init__(
        self,
        settings: Settings,
        classifier: Classifier,
        store: Store,
        pseudonyms: Pseudonyms,
        on_batch: Callable[[Sequence[TweetRow]], object] | None = None,
        measurements: Measurements | None = None,
        wait_for_room: Callable[[float], bool] = lambda _timeout: True,
    ) -> None:
        """Assemble the stages; `start` runs them.

        Args:
            settings: the whole configuration.
            classifier: closed by its owner, after the pipeline has ended.
            store: from now on used by the writer thread alone.
            pseudonyms: for authors, and for messages without an id.
            on_batch: told of every committed batch, on the writer thread.
            measurements: what counts for the process; None to begin with nothing.
            wait_for_room: waits for so many seconds until what follows from a batch can be taken;
                returns whether it can. Called on the writer thread.

        Raises:
            StoreError: if the log cannot be read.
        """
        batch = settings.batch
        self.inbox: Inbox[Delivery] = Inbox(
            settings.receive_maximum, batch.max_tweets, batch.max_delay_ms / 1000
        )
        self._jobs: queue.Queue[Job | Note | None] = queue.Queue(classifier.workers + JOBS_AHEAD)
        self._admission = Admission(
            (entity.name.strip() for entity in settings.entities),
            settings.mqtt.max_named_entities,
            partial(_named, store.path),
        )
        self._collector = Collector(settings, classifier, pseudonyms, self._admission)
        self._writer = Writer(
            settings,
            classifier,
            self._collector,
            store,
            pseudonyms,
            on_batch,
            measurements,
            answering=self.inbox.answering,
        )
        suspects, badly = store.attempts.begin(utc(time.time()))
        self._log = structlog.get_logger()
        if badly:
            self._log.warning(
                "ended-badly",
                suspects=len(suspects),
                note="the last run was killed or failed; what was in hand is tried with care",
            )
        watched = max(WATCHED, 2 * settings.receive_maximum) if badly else 0
        self._watch = Watch(suspects, watched, self._collector.digest)
        self._wait_for_room = wait_for_room
        self._threads = [
            threading.Thread(target=self._collect, name="collector"),
            threading.Thread(target=self._write, name="writer"),
        ]

    def entities(self) -> frozenset[str]:
        """Return those that labels are stored under by name, configured or not."""
        return self._admission.names

    @property
    def totals(self) -> Totals:
        """What was done since the start."""
        return self._writer.totals

    def note_dropped(self, total: int) -> None:
        """Take note of how many messages the broker says it has dropped."""
        self._writer.note_dropped(total)

    def start(self) -> None:
        """Run the stages. What one raises ends its thread and reaches `threading.excepthook`."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> bool:
        """Commit and acknowledge what is being classified; leave the rest to the broker.

        Args:
            timeout: seconds after which a batch that cannot be written is left to the broker too.

        Returns:
            Whether both threads have ended.
        """
        self._writer.draining.set()
        self.inbox.close()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._writer.abandon.set()
        for thread in self._threads:
            thread.join(BUSY_TIMEOUT_S + _IDLE_S)
        return not any(thread.is_alive() for thread in self._threads)

    def stalled_for(self, now: float) -> float:
        """Seconds (monotonic) since the slower of collector and writer last got anywhere.

        Whoever has nothing to do and waits for it is held up by nothing.
        """
        return now - min(self._collector.progress, self._writer.progress)

    def _collect(self) -> None:
        while not self.inbox.closed:
            self._collector.progress = math.inf
            deliveries = self.inbox.take(_LONG_S)
            self._collector.progress = time.monotonic()
            for part in self._watch.parts(deliveries):
                if part.given_up:
                    self._log.error("given-up", note="see the dead letters with reason crash")
                if part.digests:
                    self._note(Note(part.digests, part.alone))
                job = self._collector.collect(
                    part.messages, len(self.inbox), part.digests, given_up=part.given_up
                )
                self._hand_over(job)
                if part.alone:
                    self._note(Note())  # wait until it is committed
                if self.inbox.closed:
                    break
        self._hand_over(None)

    def _note(self, note: Note) -> None:
        """Wait until the writer has come to a note."""
        self._hand_over(note)
        while not (note.noted.wait(_BUSY_S) or self._writer.abandon.is_set()):
            self._collector.progress = time.monotonic()

    def _hand_over(self, job: Job | Note | None) -> None:
        """Wait for room among the jobs; the writer's progress tells whether that is a stall."""
        while not self._writer.abandon.is_set():
            self._collector.progress = time.monotonic()
            try:
                self._jobs.put(job, timeout=_BUSY_S)
            except queue.Full:
                continue
            return

    def _write(self) -> None:
        busy = False
        while not self._writer.abandon.is_set():
            if not (self._writer.draining.is_set() or self._wait_for_room(_LOOK_S)):
                self._writer.maintain()
                continue
            self._writer.progress = math.inf
            try:
                job = self._jobs.get(timeout=_BUSY_S if busy else _IDLE_S)
            except queue.Empty:
                busy = self._writer.maintain()
                continue
            self._writer.progress = time.monotonic()
            if job is None:
                self._writer.write_minute()
                return
            if isinstance(job, Note):
                self._writer.note(job)
            else:
                self._writer.finish(job, self._following)
            busy = self._writer.maintain()

    def _following(self) -> Job | None:
        """Take the next job, if its verdicts are there, and room for what follows from it."""
        with self._jobs.mutex:
            first = self._jobs.queue[0] if self._jobs.queue else None
        if not (isinstance(first, Job) and first.verdicts.done() and self._wait_for_room(0)):
            return None
        self._jobs.get_nowait()  # nobody else takes from there
        return first


def _named(path: Path, besides: Collection[str], most: int) -> Sequence[str]:
    """Read which entities the log counts labels under, those with most if there are too many.

    Raises:
        StoreError: if it cannot be read.
    """
    try:
        with closing(open_log(path)) as connection:
            return ranking(connection, most, besides=besides).names
    except sqlite3.Error as error:
        raise integrity.unusable(path, error) from error
