"""A job to COMMIT to acknowledgement, and the log's housekeeping in between."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from monitor import clock
from monitor.clock import utc
from monitor.console import describe
from monitor.daemon.collector import Collector
from monitor.daemon.job import Item, Job
from monitor.daemon.ledger import Ledger, Totals
from monitor.inference import Classifier
from monitor.metrics.measurements import Measurements
from monitor.settings import Settings
from monitor.store import Store
from monitor.store.attempts import Note
from monitor.store.rows import Batch, BatchRow, DeadLetter, TweetRow
from monitor.tweets import Pseudonyms
from monitor.verdict import UNREAD, Verdict

_MINUTE_S: Final = 60.0
_PRUNE_EVERY_S: Final = 600.0
_LONGEST_BACKOFF_S: Final = 10.0
_LOOK_S: Final = 1.0
_RELABEL_EVERY_S: Final = 0.25
_RELABEL_S: Final = 0.02
"""What stored labels get at a time, to follow the owner's answers: less than a batch takes."""

MOST_TOGETHER: Final = 512
"""Tweets from which on no further job joins a transaction: some 20 ms on a fast machine."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A job that is ready to be committed."""

    job: Job
    batch: Batch
    classified: float
    """When its rows were made, in monotonic seconds."""


class Writer:
    """Finishes jobs, in the order they were made. Belongs to one thread."""

    def __init__(
        self,
        settings: Settings,
        classifier: Classifier,
        collector: Collector,
        store: Store,
        pseudonyms: Pseudonyms,
        on_batch: Callable[[Sequence[TweetRow]], object] | None,
        measurements: Measurements | None = None,
        answering: Callable[[int], object] = lambda _count: None,
    ) -> None:
        self._settings = settings
        self._classifier = classifier
        self._collector = collector
        self._store = store
        self._pseudonyms = pseudonyms
        self._on_batch = on_batch
        self._measurements = measurements or Measurements()
        self._answering = answering
        self._model_id = store.register_model(
            classifier.model, classifier.runtime, settings.model.task, time.time()
        )
        self._log = structlog.get_logger()
        self.progress = time.monotonic()
        """When the writer last got anywhere."""
        self.draining = threading.Event()
        """Once set, batches whose classification has not begun are left to the broker."""
        self.abandon = threading.Event()
        """Once set, what cannot be written at once is left to the broker."""
        self._leaving = False
        self._told: set[str] = set()
        self._broker_dropped = store.broker_dropped()
        self._ledger = Ledger(self._measurements, self.progress)
        store.on_progress(self._go_on)
        store.keep_owner_labels(settings.store.keep_owner_labels)
        self._minute_began = time.time()
        self._minute_ends = self.progress + _MINUTE_S
        self._prune_at = self._relabel_at = self.progress
        self._taught = store.adapting.current.id
        if problem := store.adapting.problem:
            self._log.warning(
                "answers-unused", error=problem, note="labels are the model's own meanwhile"
            )

    def finish(self, job: Job, following: Callable[[], Job | None] = lambda: None) -> None:
        """Take jobs from verdicts to acknowledgement; left undone, the broker sends them again.

        Args:
            job: the first; its verdicts are waited for.
            following: gives further ones, in order, whose verdicts are there. They are committed
                with it, for what a transaction costs beside its rows it costs once.
        """
        ready: list[_Ready] = []
        count = 0
        next_: Job | None = job
        while next_ and (made := self._ready(next_)):
            ready.append(made)
            count += len(next_.deliveries)
            next_ = following() if count < MOST_TOGETHER else None
        if not ready:
            return
        stored = self._persist(lambda: self._store.write_all([each.batch for each in ready]))
        if stored is None:
            self._leaving = True
            return
        committed, committed_at = time.monotonic(), time.time()
        self._answering(count)
        for each, added in zip(ready, stored, strict=True):
            for delivery in each.job.deliveries:
                delivery.acknowledge()
            self._tell(each.job)
            self._ledger.count(
                each.job,
                added,
                each.batch.dead_letters,
                classified=each.classified,
                committed=committed,
                committed_at=committed_at,
            )
            if self._on_batch:
                self._on_batch(each.batch.tweets)

    def _ready(self, job: Job) -> _Ready | None:
        """Make a job's rows; None if it is left to the broker."""
        # In order: once a batch is left to the broker, so are those that came after it.
        if self._leaving or self.draining.is_set():
            self._leaving = job.verdicts.cancel() or self._leaving
        if self._leaving:
            return None
        try:
            rows, dead_letters = self._rows(job)
        except CancelledError:
            self._leaving = True
            return None
        classified = time.monotonic()
        first = job.deliveries[0]
        record = BatchRow(
            started_at=utc(first.received.epoch_s),
            clock_synchronised=first.received.synchronised,
            model_id=self._model_id,
            abstain_below=self._settings.model.abstain_below,
            received=len(job.deliveries),
            collect_ms=1000 * (job.closed - first.arrived),
            classify_ms=1000 * (classified - job.closed),
            noted=job.noted,
        )
        return _Ready(job, Batch(record, rows, dead_letters), classified)

    def note(self, note: Note) -> None:
        """Note in the log what is about to be worked on; all before it has been committed."""
        if note.digests and not self._leaving:
            self._persist(lambda: self._store.attempts.note(note.digests, alone=note.alone))
        note.noted.set()

    def _go_on(self) -> None:
        self.progress = time.monotonic()

    def maintain(self) -> bool:
        """Write the minute's row when it is over, prune old rows in small steps.

        Returns:
            Whether there is more to do, in further steps.
        """
        self.progress = now = time.monotonic()
        if now >= self._minute_ends:
            self._minute_ends = now + _MINUTE_S
            self.write_minute()
        elif self._store.due.is_set():
            self._persist(self._store.tidy)
        keep, done = self._settings.store, 0
        if keep.keep_days and now >= self._prune_at:
            pruned = self._persist(
                lambda: self._store.prune(clock.now(), keep.keep_days, keep.keep_history_days)
            )
            self._prune_at = now if pruned else now + _PRUNE_EVERY_S
            done += pruned or 0
        if keep.max_bytes:
            done += self._persist(lambda: self._store.bound(keep.max_bytes)) or 0
        return done + self._follow_answers(now) > 0

    def _follow_answers(self, now: float) -> int:
        """Learn from the owner's answers, and have stored labels follow them in small steps.

        Returns:
            How many labels were looked at.
        """
        try:
            self._persist(lambda: self._store.learn(now))
        except (ValueError, ArithmeticError) as error:
            self._log.warning(
                "answers-unused",
                error=describe(error),
                note="labels go on as before, until the answers change",
            )
        adaptation = self._store.adapting.current
        if adaptation.id != self._taught:
            self._taught = adaptation.id
            self._log.info("taught", adaptation=adaptation.id, changes=adaptation.changes_labels)
        if now < self._relabel_at:
            return 0
        self._relabel_at = now + _RELABEL_EVERY_S
        return self._persist(lambda: self._store.relabel(_RELABEL_S)) or 0

    @property
    def totals(self) -> Totals:
        """What was done since the start."""
        return self._ledger.totals

    def write_minute(self) -> None:
        """Store what was counted since the last time."""
        began, self._minute_began = self._minute_began, time.time()
        reading = self._ledger.minute(time.monotonic(), utc(began), self._broker_dropped)
        self._persist(lambda: self._store.write_minute(reading))

    def note_dropped(self, total: int) -> None:
        """Take note of what the broker says it has dropped; called by its thread."""
        before, self._broker_dropped = self._broker_dropped, total
        self._measurements.note_dropped(total)
        # A broker that restarted counts from nothing again.
        more = total if before is None or total < before else total - before
        if before is not None and more:
            self._log.warning(
                "broker-dropped",
                messages=more,
                note="dropped by the broker, for us or others; see max_queued_messages",
            )

    def _tell(self, job: Job) -> None:
        """Say of each field once that something else is expected there."""
        fresh = job.left_out().keys() - self._told
        self._told |= fresh
        for name in fresh:
            self._log.warning(
                "field-left-out",
                field=name,
                note="of another type or form than docs/messages.md says; tweets are labelled"
                " without it; said once",
            )

    def _rows(self, job: Job) -> tuple[list[TweetRow], list[DeadLetter]]:
        """Wait for a job's verdicts, and put what other boards labelled behind them.

        Raises:
            CancelledError: if the classifier was closed before it came to this job.
        """
        dead_letters = list(job.dead_letters)
        answers: Sequence[list[Verdict] | None]
        try:
            answers = _by_item(job.items, self._verdicts(job))
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever the runtime raises: find the tweet)
            self._log.error("inference-failed", error=describe(error), tweets=len(job.items))
            answers = self._bisected(job.items)
        rows = []
        for item, verdicts in zip(job.items, answers, strict=True):
            self._go_on()
            if verdicts is None:
                detail = "the model cannot label it"
                dead_letters.append(self._collector.dead_letter(item.delivery, "inference", detail))
            else:
                rows.append(self._row(item, verdicts))
        return [*rows, *job.results], dead_letters

    def _verdicts(self, job: Job) -> list[Verdict]:
        """Wait for as long as the classifier gets anywhere: a large batch may take its time."""
        while True:
            try:
                return job.verdicts.result(timeout=_LOOK_S)
            except TimeoutError:
                if job.verdicts.done():  # just now, or it raised this itself
                    return job.verdicts.result()
                self.progress = max(self.progress, self._classifier.progress)

    def _bisected(self, items: Sequence[Item]) -> list[list[Verdict] | None]:
        """Ask again for halves of what failed, down to the tweet that fails, which gets None."""
        self.progress = time.monotonic()
        halves = (
            (items[: len(items) // 2], items[len(items) // 2 :]) if len(items) > 1 else (items,)
        )
        answers: list[list[Verdict] | None] = []
        for half in halves:
            try:
                pairs = [pair for item in half for pair in item.pairs]
                answers += _by_item(half, self._classifier.classify(pairs))
            except CancelledError:
                raise
            except Exception:  # noqa: BLE001  (as above)
                answers += self._bisected(half) if len(half) > 1 else [None]
        return answers

    def _row(self, item: Item, verdicts: Sequence[Verdict]) -> TweetRow:
        tweet = item.tweet
        row = TweetRow(
            id=tweet.id,
            received_at=utc(item.delivery.received.epoch_s),
            created_at=tweet.created_at,
            topic=item.delivery.topic,
            author=tweet.author and self._pseudonyms.author(tweet.author),
            lang=tweet.lang or item.language,
            is_retweet=tweet.is_retweet,
            text=tweet.text,
            verdicts=(
                [(entity, UNREAD) for entity in item.entities]
                if item.language
                else list(zip(item.entities, verdicts, strict=True))
            ),
        )
        return self._collector.keeper.row(row)

    def _persist(self, action: Callable[[], _T]) -> _T | None:
        """Repeat while the disk is full or the file locked; None if abandoned.

        Meanwhile nothing is acknowledged and the queues fill up, so memory stays bounded.
        """
        failing_since = 0.0

        def say(state: RetryCallState) -> None:
            nonlocal failing_since
            self.progress = time.monotonic()
            failing_since = failing_since or self.progress
            self._measurements.note_write_failure()
            assert state.outcome is not None
            self._log.error(
                "log-unwritable",
                error=str(state.outcome.exception()),
                next_attempt_in_s=round(state.upcoming_sleep, 1),
            )

        retrying = Retrying(
            retry=retry_if_exception_type(sqlite3.OperationalError),
            wait=wait_random_exponential(multiplier=0.2, max=_LONGEST_BACKOFF_S),
            stop=stop_when_event_set(self.abandon),
            sleep=sleep_using_event(self.abandon),
            before_sleep=say,
            retry_error_callback=lambda _state: None,
        )
        done = retrying(action)
        if failing_since and not self.abandon.is_set():
            self._log.warning(
                "log-writable",
                after_s=round(time.monotonic() - failing_since, 1),
                note="it goes on; what waited is stored and acknowledged now",
            )
        return done


def _by_item(items: Sequence[Item], verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Give every item the verdicts of its entities."""
    flat = iter(verdicts)
    return [[next(flat) for _ in item.asked] for item in items]
