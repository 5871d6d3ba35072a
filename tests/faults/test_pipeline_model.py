"""The pipeline against a model of it: whatever happens in whatever order, what it holds is known.

Real threads, a real log, the real collector and writer; the model that labels is a stub, and the
broker is simulated: it keeps what is not acknowledged and sends it again on a new connection.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import _GeneratorContextManager, closing
from functools import partial
from pathlib import Path

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from monitor.clock import Moment, utc
from monitor.daemon.inbox import Inbox
from monitor.daemon.pipeline import Pipeline
from monitor.delivery import Delivery
from monitor.inference import Classifier
from monitor.settings import BatchSettings, MqttSettings, PrivacySettings, Settings, StoreSettings
from monitor.store import Store
from monitor.store.attempts import MOST_DEATHS
from monitor.tweets import Entity
from monitor.verdict import POLARITIES, Pair, Verdict
from tests.factories import DAY_S, NOW, PSEUDONYMS, StubClassifier, query, verdict
from tests.processes import PATIENCE_S, wait_until

WINDOW = 12
KEEP_DAYS = 7
SETTINGS = Settings(
    mqtt=MqttSettings(receive_maximum=WINDOW),
    batch=BatchSettings(max_tweets=2, max_delay_ms=1),
    store=StoreSettings(keep_days=KEEP_DAYS),
    privacy=PrivacySettings(store_text="full"),
    entities=(Entity("Acme"), Entity("Lumen")),
)
ENTITIES = {
    "rain": ("",),
    "Acme is great!": ("Acme",),
    "slow Lumen!": ("Lumen",),
    "Lumen beats Acme": ("Acme", "Lumen"),
    "poison of Acme": ("Acme",),
}
"""Texts, and the entities they are about."""
MESSAGES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([*ENTITIES])).map(
        lambda tweet: json.dumps(dict(zip(("id", "text"), tweet, strict=True))).encode()
    )
    | st.sampled_from([b"", b'{"id": "a"}', b"\xff"]),
    min_size=1,
    max_size=9,
)


def label(text: str, entity: str) -> str:
    """What the stub of a model says, of the same entity something different in each text."""
    return POLARITIES[len(entity + text) % 3]


class Workers(StubClassifier):
    """The real pool of two; what they run can be held up, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.workers = 2
        self.go_on = threading.Event()
        self.go_on.set()
        self.fail = threading.Event()
        """The next batch fails; its tweets, asked for one by one, do not."""
        self._pool = ThreadPoolExecutor(self.workers)

    close = Classifier.close

    def submit(self, pairs: Sequence[Pair]) -> Future[list[Verdict]]:
        """Queue a batch."""
        if self.fail.is_set() and threading.current_thread().name == "collector":
            self.fail.clear()
            pairs = [*pairs, ("poison", None)]
        return Classifier.submit(self, pairs)

    def _classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
        self.go_on.wait(PATIENCE_S)
        if any("poison" in text for text, _ in pairs):
            raise RuntimeError("the interpreter raised")
        if any("slow" in text for text, _ in pairs):
            time.sleep(0.003)  # the next batch may overtake this one
        return [verdict(label(text, entity or "")) for text, entity in pairs]


class Log(Store):
    """The real log, which tells how often it was tried to change it."""

    tries = 0

    def _transaction(self) -> _GeneratorContextManager[None]:
        """Count, and begin."""
        self.tries += 1
        return super()._transaction()

    def prune(self, now: Moment, keep_days: int, keep_history_days: int = 0) -> int:
        """Count, and prune."""
        self.tries += 1
        return super().prune(now, keep_days, keep_history_days)


class SimulatedBroker:
    """Keeps messages, in order, until they are acknowledged."""

    def __init__(self, is_stored: Callable[[bytes], bool]) -> None:
        self.is_stored = is_stored
        self.changed = threading.Condition()
        self.kept: dict[int, bytes] = {}
        self.wrongs: list[str] = []
        self.resumed = 0
        """Number of the connection on which everything is being sent again."""
        self._published = 0

    def publish(self, payload: bytes) -> None:
        """Take a message."""
        with self.changed:
            self.kept[self._published] = payload
            self._published += 1
            self.changed.notify_all()


class Connection:
    """Sends what is kept, in order, and more than the window allows, as mosquitto does."""

    def __init__(
        self,
        broker: SimulatedBroker,
        inbox: Inbox[Delivery],
        now: Moment,
        before: Connection | None,
    ) -> None:
        self._broker, self._inbox, self._now, self._before = broker, inbox, now, before
        self._sent: list[int] = []
        self._room = False
        self._acknowledged = 0
        self.lost = False
        self._number: int = before._number + 1 if before else 0
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def lose(self) -> None:
        """Hang up; what is acknowledged from now on is not heard."""
        with self._broker.changed:
            self.lost = True
            self._broker.changed.notify_all()

    def join(self) -> None:
        """Wait for the end of a lost connection's thread."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _send(self) -> None:
        if self._before:  # as the real one: its thread ends before there is another
            self._before.join()
        self._broker.resumed = self._number
        while delivery := self._next():
            if not self._inbox.put(delivery):
                self._forget()

    def _forget(self) -> None:
        """Do as the real one, which connects again when all before it is worked off."""
        with self._broker.changed:
            self._sent.pop()
            self._broker.changed.wait_for(
                lambda: self.lost or (self._room and self._acknowledged == len(self._sent))
            )
            self._room = False

    def _make_room(self) -> None:
        with self._broker.changed:
            self._room = True
            self._broker.changed.notify_all()

    def _next(self) -> Delivery | None:
        """Wait for a message and room for it; None once the connection is lost."""
        broker, last = self._broker, self._sent[-1] if self._sent else -1

        def waiting() -> list[int]:
            room = len(self._sent) - self._acknowledged < 2 * WINDOW
            return [number for number in broker.kept if number > last] if room else []

        with broker.changed:
            broker.changed.wait_for(lambda: self.lost or waiting())
            if self.lost:
                return None
            number = waiting()[0]
            self._sent.append(number)
            payload = broker.kept[number]
        return Delivery(
            topic="tweets",
            payload=payload,
            size=len(payload),
            arrived=time.monotonic(),
            received=self._now,
            acknowledge=partial(self._acknowledge, number, payload),
            resent=lambda: self._number < broker.resumed,
            make_room=self._make_room,
        )

    def _acknowledge(self, number: int, payload: bytes) -> None:
        broker = self._broker
        stored = broker.is_stored(payload)
        with broker.changed:
            if not stored:
                broker.wrongs.append(f"acknowledged, not stored: {payload!r}")
            if self.lost:
                return
            if self._sent[self._acknowledged] != number:
                broker.wrongs.append(f"acknowledged out of order: {payload!r}")
            self._acknowledged += 1
            broker.kept.pop(number, None)
            broker.changed.notify_all()


class PipelineModel(RuleBasedStateMachine):
    """What can happen to the pipeline, and what must then be in the log."""

    now = Moment(NOW, True)
    failure: AssertionError | None = None
    """The first, which with threads need not come again when Hypothesis asks for it."""

    def __init__(self) -> None:
        super().__init__()
        PipelineModel.now = Moment(NOW, True)
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "monitor.db"
        self._broker = SimulatedBroker(self._is_stored)
        self._lock: sqlite3.Connection | None = None
        self._connection: Connection | None = None
        self._published: list[bytes] = []
        self._tweets: dict[str, tuple[str, float]] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._dead: dict[bytes, float] = {}
        self._start()

    # What happens

    @rule(payloads=MESSAGES)
    def publish(self, payloads: list[bytes]) -> None:
        """New tweets, old ones again, other texts under the same id, and what is no tweet."""
        for payload in payloads:
            self._published.append(payload)
            self._broker.publish(payload)

    @rule(payloads=MESSAGES)
    def flood(self, payloads: list[bytes]) -> None:
        """More of them than there is room for, while the processor is busy with something else."""
        self._classifier.go_on.clear()
        self.publish(payloads * 3)

    @rule()
    def go_on(self) -> None:
        """The processor is free again."""
        self._classifier.go_on.set()

    @rule()
    def lose_connection(self) -> None:
        """Another connection gets all that is not acknowledged, while the old is still at it."""
        assert self._connection
        self._connection.lose()
        self._connect()

    @precondition(lambda self: not self._lock)
    @rule(payloads=MESSAGES)
    def lock(self, payloads: list[bytes]) -> None:
        """Another program writes to the log and takes its time, while messages come in."""
        self._take_lock()
        tries = self._store.tries
        self.publish(payloads)
        if self._classifier.go_on.is_set():
            wait_until(lambda: self._store.tries > tries, "an attempt to write")

    @precondition(lambda self: self._lock)
    @rule()
    def unlock(self) -> None:
        """It is done."""
        assert self._lock
        self._lock.rollback()
        self._lock.close()
        self._lock = None

    @rule()
    def fail_once(self) -> None:
        """The runtime raises for a batch."""
        self._classifier.fail.set()

    @rule()
    def restart(self) -> None:
        """SIGTERM: what is being labelled is finished unless the log is locked; then again."""
        if self._lock and self._would_be_given_up():
            self.unlock()
        self._stop(0.05 if self._lock else PATIENCE_S)
        if self._lock:
            self.unlock()
        self._start()

    @rule()
    def crash(self) -> None:
        """From now on nothing is committed and no acknowledgement heard; then again."""
        if self._would_be_given_up():
            if self._lock:  # as after a crash: what may come next must not depend on threads
                self.unlock()
            return
        if not self._lock:
            self._take_lock()
        assert self._connection
        self._connection.lose()
        self._stop(0.0)
        self.unlock()
        self._start()

    @rule(days=st.integers(1, 2 * KEEP_DAYS))
    def time_passes(self, days: int) -> None:
        """Days later what is too old is pruned, and its ids may be used again."""
        self.settle()
        now = PipelineModel.now.epoch_s + days * DAY_S
        PipelineModel.now = Moment(now, True)
        self.lose_connection()
        with closing(sqlite3.connect(self._path)) as log, log:
            log.executemany(  # a day of it, so that the clock is believed
                "INSERT INTO throughput (started_at, seconds, received, labelled, duplicates,"
                " rejected, tweets_per_s, queue_depth) VALUES (?, 60, 0, 0, 0, 0, 0, 0)",
                [(utc(now),)] * 1440,
            )
        oldest = now - KEEP_DAYS * DAY_S
        self._tweets = {id_: tweet for id_, tweet in self._tweets.items() if tweet[1] >= oldest}
        self._labels = {key: kept for key, kept in self._labels.items() if key[0] in self._tweets}
        self._dead = {payload: when for payload, when in self._dead.items() if when >= oldest}
        wait_until(self._pruned, "pruned to what is young")

    # What must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        """Acknowledged is stored, in order of arrival; no queue is longer than it may be."""
        assert [] == self._broker.wrongs
        assert len(self._pipeline.inbox) <= WINDOW
        assert self._pipeline._jobs.qsize() <= self._classifier.workers + 1
        assert all(thread.is_alive() for thread in self._pipeline._threads)

    @rule()
    def settle(self) -> None:
        """Left in peace, everything is stored once: the first text of an id, every label."""
        if self._lock:
            self.unlock()
        self._classifier.go_on.set()
        wait_until(lambda: self._broker.wrongs or not self._broker.kept, "everything acknowledged")
        for payload in self._published:
            self._expect(payload)
        self._published.clear()
        assert [] == self._broker.wrongs
        assert self._expected() == self._stored()
        assert [("ok",)] == query(self._path, "PRAGMA integrity_check")
        assert [] == query(self._path, "PRAGMA foreign_key_check")

    def teardown(self) -> None:
        """Settle, and leave nothing behind."""
        self._note(sys.exception())
        try:
            self.settle()
        except AssertionError as error:
            self._note(error)
            raise
        finally:
            if self._lock:
                self.unlock()
            self._stop(PATIENCE_S)
            self._folder.cleanup()

    def _note(self, error: BaseException | None) -> None:
        if isinstance(error, AssertionError):
            PipelineModel.failure = PipelineModel.failure or error

    def _expect(self, payload: bytes) -> None:
        try:
            message = json.loads(payload)
            id_, text = message["id"], message["text"]
        except (ValueError, KeyError):
            text = "poison"
        now = PipelineModel.now.epoch_s
        if "poison" in text:
            self._dead.setdefault(payload, now)
            return
        self._tweets.setdefault(id_, (text, now))
        for entity in ENTITIES[text]:
            self._labels.setdefault((id_, entity), label(text, entity))

    def _expected(self) -> tuple[dict[str, str], dict[tuple[str, str], str], list[bytes]]:
        texts = {id_: text for id_, (text, _) in self._tweets.items()}
        return texts, self._labels, sorted(self._dead)

    def _stored(self) -> tuple[dict[str, str], dict[tuple[str, str], str], list[bytes]]:
        labels = query(self._path, "SELECT tweet_id, entity, reputation FROM labels")
        return (
            dict(query(self._path, "SELECT id, text FROM tweets")),
            {(id_, entity): found for id_, entity, found in labels},
            sorted(payload for (payload,) in query(self._path, "SELECT payload FROM dead_letters")),
        )

    def _pruned(self) -> bool:
        self._pipeline._writer._prune_at = 0.0  # not only every ten minutes
        return self._expected() == self._stored()

    def _is_stored(self, payload: bytes) -> bool:
        known = {id_ for (id_,) in query(self._path, "SELECT id FROM tweets")}
        known |= {payload for (payload,) in query(self._path, "SELECT payload FROM dead_letters")}
        return payload in known or (b"text" in payload and json.loads(payload)["id"] in known)

    def _would_be_given_up(self) -> bool:
        """Whether one more end could be the last that a message may be in hand alone at.

        It is innocent, and would become a dead letter, which tests/faults/test_attempts.py tries.
        """
        counted = query(self._path, "SELECT max(deaths) FROM attempts")
        return (counted[0][0] or 0) >= MOST_DEATHS - 1

    def _take_lock(self) -> None:
        self._lock = sqlite3.connect(self._path, isolation_level=None, timeout=PATIENCE_S)
        self._lock.execute("BEGIN IMMEDIATE")

    # Start and end

    def _start(self) -> None:
        self._store = Log(self._path)
        self._classifier = Workers()
        self._pipeline = Pipeline(SETTINGS, self._classifier, self._store, PSEUDONYMS)
        self._pipeline.inbox._room = 0  # no more than the window
        self._pipeline.start()
        self._connect()

    def _connect(self) -> None:
        self._connection = Connection(
            self._broker, self._pipeline.inbox, PipelineModel.now, self._connection
        )

    def _stop(self, timeout: float) -> None:
        stopping = threading.Thread(target=self._pipeline.stop, args=(timeout,))
        stopping.start()
        wait_until(lambda: self._pipeline.inbox.closed, "stopping")
        self._classifier.go_on.set()
        for thread in (stopping, *self._pipeline._threads):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        assert self._connection
        self._connection.lose()
        self._connection.join()
        self._classifier.close()
        self._store.close()


@pytest.mark.parametrize("examples", [12, pytest.param(60, marks=pytest.mark.study)])
def test_the_pipeline_does_as_its_model(monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    """Faults in any order lose nothing, store nothing twice and acknowledge nothing too early."""
    monkeypatch.setattr("monitor.clock.now", lambda: PipelineModel.now)
    monkeypatch.setattr("monitor.daemon.pipeline._IDLE_S", 0.01)
    monkeypatch.setattr("monitor.daemon.pipeline._BUSY_S", 0.01)
    monkeypatch.setattr("monitor.store.store.BUSY_TIMEOUT_S", 0.01)
    monkeypatch.setattr("monitor.daemon.writer._LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr(PipelineModel, "failure", None)
    limits = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[*hypothesis.HealthCheck],
    )
    try:
        run_state_machine_as_test(PipelineModel, settings=limits)
    except Flaky as flaky:
        raise PipelineModel.failure or flaky from None
