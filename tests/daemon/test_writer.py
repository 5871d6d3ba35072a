"""``daemon.writer``: committed, then acknowledged; and what happens when either cannot be."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from monitor.clock import Moment, utc
from monitor.daemon.collector import Collector
from monitor.daemon.job import Job
from monitor.daemon.writer import Writer
from monitor.delivery import Delivery
from monitor.inference import Classifier, Model
from monitor.settings import ModelSettings, MqttSettings, PrivacySettings, Settings, StoreSettings
from monitor.store import Store
from monitor.store.rows import Labelled, TweetRow
from monitor.tweets import Entity
from monitor.tweets.redaction import redact
from monitor.verdict import Verdict
from tests.factories import (
    DAY_S,
    NOW,
    PSEUDONYMS,
    RESULT,
    IdleClassifier,
    Inlet,
    StubClassifier,
    batch_row,
    query,
    register,
    see_minutes,
    tweet_row,
    verdict,
)
from tests.processes import wait_until

ENTITIES = (Entity("Acme"), Entity("Lumen"))


class Bench:
    """A writer with what it needs, on the test's own thread."""

    def __init__(
        self,
        store: Store,
        classifier: Classifier,
        *,
        store_text: str = "redacted",
        keep_days: int = 0,
        task: str = "reputation",
        abstain_below: float = 0.0,
        results_topics: tuple[str, ...] = (),
    ) -> None:
        settings = Settings(
            mqtt=MqttSettings(results_topics=results_topics),
            model=ModelSettings(task=task, abstain_below=abstain_below),
            store=StoreSettings(keep_days=keep_days),
            privacy=PrivacySettings(store_text=store_text),
            entities=ENTITIES,
        )
        self.store = store
        self.collector = Collector(settings, classifier, PSEUDONYMS)
        self.told: list[Sequence[TweetRow]] = []
        self.writer = Writer(
            settings, classifier, self.collector, store, PSEUDONYMS, self.told.append
        )
        self.seen: list[int] = []
        self.inlet = Inlet(lambda: self.seen.append(self.stored()))

    def job(self, *messages: bytes | str | Delivery) -> Job:
        """Collect a batch, of payloads of tweets or of any deliveries."""
        deliveries = [m if isinstance(m, Delivery) else self.inlet.delivery(m) for m in messages]
        return self.collector.collect(deliveries, waiting=0)

    def finish(self, *messages: bytes | str | Delivery) -> None:
        """Collect and write a batch."""
        self.writer.finish(self.job(*messages))

    def stored(self) -> int:
        """Count, from outside, what is committed."""
        ((count,),) = query(
            self.store.path,
            "SELECT (SELECT count(*) FROM tweets) + (SELECT count(*) FROM dead_letters)",
        )
        assert isinstance(count, int)
        return count


class _Hook:
    """Notes how many labels each transaction has added."""

    def __init__(self, seen: list[int]) -> None:
        self._seen = seen

    def write(self, _connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Note."""
        self._seen.append(len(fresh))

    def committed(self) -> None:
        """Nothing to do."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A log that is impatient with locks, so that waiting for one is soon a retry."""
    monkeypatch.setattr("monitor.store.store.BUSY_TIMEOUT_S", 0.01)
    with closing(Store(path)) as store:
        yield store


@pytest.fixture
def bench(store: Store) -> Bench:
    """A writer whose model answers at once."""
    return Bench(store, StubClassifier())


@pytest.fixture
def lock(path: Path) -> Callable[[], ExitStack]:
    """Keep the log locked, as another program would, until the stack is closed."""

    @contextmanager
    def locked() -> Iterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    def lock() -> ExitStack:
        stack = ExitStack()
        stack.enter_context(locked())
        return stack

    return lock


def test_committed_before_acknowledged(bench: Bench) -> None:
    """When the first message of a batch is acknowledged, the whole batch can be read."""
    bench.finish("one about Acme", b"\xff", "two")
    bench.finish("three")

    assert [3, 3, 3, 4] == bench.seen
    assert [0, 1, 2, 3] == bench.inlet.acknowledged


def test_rows_are_what_was_asked(path: Path, store: Store) -> None:
    """Each entity's own verdict, the pseudonym of the author, times as the log writes them."""
    bench = Bench(store, StubClassifier(), task="sentiment")
    bench.finish(
        '{"id": "1", "text": "Lumen or Acme?", "author": "@bob", "created_at": "1 June",'
        ' "lang": "en"}',
        '{"id": "2", "text": "RT @x: rain"}',
    )

    assert [
        ("1", utc(NOW), "1 June", "tweets", PSEUDONYMS.author("bob"), "en", 0, "Lumen or Acme?"),
        ("2", utc(NOW), None, "tweets", None, None, 1, "RT @user: rain"),
    ] == query(
        path,
        "SELECT id, received_at, created_at, topic, author, lang, is_retweet, text FROM tweets"
        " ORDER BY id",
    )
    assert [
        ("1", "Acme", "negative"),
        ("1", "Lumen", "negative"),
        ("2", None, "negative"),
    ] == query(path, "SELECT id, entity, label FROM labelled ORDER BY id, entity")
    assert [("stub", "sentiment")] == query(path, "SELECT name, task FROM models")


@pytest.mark.parametrize(
    ("expected", "store_text"),
    [
        ("@bob see https://example.org", "full"),
        (redact("@bob see https://example.org"), "redacted"),
        (None, "none"),
    ],
)
def test_text_is_kept_as_allowed(
    path: Path, store: Store, expected: str | None, store_text: str
) -> None:
    """[privacy] store_text says what of the text is kept."""
    Bench(store, StubClassifier(), store_text=store_text).finish("@bob see https://example.org")

    assert [(expected,)] == query(path, "SELECT text FROM tweets")


@pytest.mark.parametrize(("expected", "abstain_below"), [(0, 0.0), (0, 0.8), (1, 0.81)])
def test_low_confidence_is_marked_as_set(
    path: Path, store: Store, expected: int, abstain_below: float
) -> None:
    """[model] abstain_below says how sure an answer has to be, also when asked for alone."""
    Bench(store, StubClassifier(), abstain_below=abstain_below).finish("one", "poison", "two")

    assert [("one", "positive", expected), ("two", "positive", expected)] == query(
        path, "SELECT text, label, abstained FROM labelled ORDER BY text"
    )


def test_a_batch_keeps_its_own_record(path: Path, bench: Bench) -> None:
    """What it held, and where its time went."""
    bench.finish("one", "two", "two", b"")
    ((*counts, collect_ms, classify_ms, store_ms, started_at),) = query(
        path,
        "SELECT received, tweets, labels, duplicates, rejected, collect_ms, classify_ms, store_ms,"
        " started_at FROM batches",
    )

    assert [4, 2, 2, 1, 1] == counts
    assert utc(NOW) == started_at
    assert all(0 <= ms < 10_000 for ms in (collect_ms, classify_ms, store_ms))


def test_duplicates_are_acknowledged(bench: Bench) -> None:
    """A redelivery changes nothing and is acknowledged: the broker may forget it at last."""
    bench.finish("one", b"{")
    bench.finish("one", b"{", "two")

    assert [0, 1, 2, 3, 4] == bench.inlet.acknowledged
    assert 3 == bench.stored()
    totals = bench.writer.totals
    assert (5, 2, 2, 1) == (totals.received, totals.labelled, totals.rejected, totals.duplicates)


def test_others_are_told_after_commit(bench: Bench) -> None:
    """Whoever wants to know is told of the batch's tweets once they are stored."""
    bench.finish("one", b"\xff", "two")

    assert [["one", "two"]] == [[row.text for row in rows] for rows in bench.told]
    assert 3 == bench.stored()


# What other boards have labelled


def test_results_are_stored_with_the_tweets(path: Path, store: Store) -> None:
    """In one batch, after its tweets; all are acknowledged after the COMMIT, in order."""
    bench = Bench(store, StubClassifier(), results_topics=("r",))
    result = json.dumps(RESULT | {"entity": "Lumen"})
    bench.finish(bench.inlet.delivery(result, "r"), "one about Acme", b"\xff")
    bench.finish(bench.inlet.delivery(result, "r"), bench.inlet.delivery("{}", "r"))

    assert [("one about Acme", "Acme", "positive"), (RESULT["text"], "Lumen", "neutral")] == query(
        path,
        "SELECT t.text, entity, label FROM labelled JOIN tweets AS t USING (id) ORDER BY t.rowid",
    )
    assert [("bad-result",), ("not-utf8",)] == query(
        path, "SELECT reason FROM dead_letters ORDER BY reason"
    )
    assert [3, 3, 3, 4, 4] == bench.seen
    assert [0, 1, 2, 3, 4] == bench.inlet.acknowledged
    assert [(3, 2, 2, 0, 1), (2, 0, 0, 1, 1)] == query(
        path, "SELECT received, tweets, labels, duplicates, rejected FROM batches ORDER BY id"
    )


def test_results_outlive_a_tweet_that_breaks_the_model(path: Path, store: Store) -> None:
    """They do not need it."""
    bench = Bench(store, StubClassifier(), results_topics=("r",))
    bench.finish("poison", bench.inlet.delivery(json.dumps(RESULT), "r"))

    assert [("7",)] == query(path, "SELECT id FROM tweets")
    assert [("inference",)] == query(path, "SELECT reason FROM dead_letters")


# What the model cannot label


def test_a_tweet_that_breaks_the_model_becomes_a_dead_letter(path: Path, bench: Bench) -> None:
    """The batch is asked again tweet by tweet: neighbours get their labels, the culprit is kept."""
    bench.finish("one", "poison", "two about Acme", b"\xff", "three")

    assert [("one",), ("three",), ("two about Acme",)] == query(
        path, "SELECT text FROM tweets ORDER BY text"
    )
    assert 3 == len(query(path, "SELECT * FROM labels"))
    assert [("inference", b"xxxxxx"), ("not-utf8", b"~")] == query(
        path, "SELECT reason, payload FROM dead_letters ORDER BY reason"
    )
    assert [0, 1, 2, 3, 4] == bench.inlet.acknowledged
    assert (5, 3, 2) == (
        bench.writer.totals.received,
        bench.writer.totals.labelled,
        bench.writer.totals.rejected,
    )


def test_a_broken_tweet_is_kept_as_privacy_allows(path: Path, store: Store) -> None:
    """Where no text may be stored, the culprit's bytes are not, either."""
    Bench(store, StubClassifier(), store_text="none").finish("poison")

    assert [("inference", 6, None)] == query(path, "SELECT reason, size, payload FROM dead_letters")


def test_a_closed_pool_rejects_nothing(store: Store, model: Model) -> None:
    """If the pool of interpreters was closed meanwhile, no tweet is to blame: none is rejected."""
    failed: Future[list[Verdict]] = Future()
    failed.set_exception(RuntimeError("the interpreter raised"))
    with Classifier(model, workers=1) as classifier:
        bench = Bench(store, classifier)
        job = dataclasses.replace(bench.job("one", "two"), verdicts=failed)
    with contextlib.suppress(RuntimeError):
        bench.writer.finish(job)

    assert 0 == bench.stored()
    assert [] == bench.inlet.acknowledged


def test_the_real_model(path: Path, store: Store, classifier: Classifier) -> None:
    """With the shipped model, too, labels are those of the texts in their order."""
    texts = ["one", "two about Acme and Lumen", "three is a good deal longer than the others are"]
    bench = Bench(store, classifier)
    bench.finish(*texts)
    expected = [
        (text, entity, verdict["reputation"].label, verdict["sentiment"].label)
        for text, entities in zip(texts, [("",), ("Acme", "Lumen"), ("",)], strict=True)
        for entity in entities
        for verdict in classifier.classify([(text, entity or None)])
    ]

    assert sorted(expected) == query(
        path,
        "SELECT t.text, l.entity, l.reputation, l.sentiment FROM labels AS l"
        " JOIN tweets AS t ON t.id = l.tweet_id ORDER BY 1, 2",
    )


# A log that cannot be written


def test_a_locked_log_delays_acknowledgement(
    bench: Bench, lock: Callable[[], ExitStack], capfd: pytest.CaptureFixture[str]
) -> None:
    """While the log is locked nothing is acknowledged; once it is free all goes on."""
    job = bench.job("one", b"\xff")
    said: list[str] = []

    def complained() -> bool:
        said.extend(capfd.readouterr())
        return any("log-unwritable" in each for each in said)

    with ThreadPoolExecutor(1) as pool, lock() as locked:
        finishing = pool.submit(bench.writer.finish, job)
        wait_until(complained, "a first attempt")
        assert [] == bench.inlet.acknowledged
        assert not finishing.done()
        locked.close()
        finishing.result(timeout=30)

    assert [0, 1] == bench.inlet.acknowledged
    assert [2, 2] == bench.seen


def test_abandoned_while_locked(bench: Bench, lock: Callable[[], ExitStack]) -> None:
    """Told to give up, what cannot be written is left to the broker at once."""
    job = bench.job("one")
    with lock(), ThreadPoolExecutor(1) as pool:
        finishing = pool.submit(bench.writer.finish, job)
        time.sleep(0.05)
        assert not finishing.done()
        bench.writer.abandon.set()
        finishing.result(timeout=5)

    assert [] == bench.inlet.acknowledged
    assert 0 == bench.stored()
    assert 0 == bench.writer.totals.received


def test_abandoning_still_writes_what_it_can(bench: Bench) -> None:
    """A log that is free is written to, also when told to give up."""
    bench.writer.abandon.set()
    bench.finish("one")

    assert [0] == bench.inlet.acknowledged


def test_what_waiting_cannot_mend_is_not_retried(bench: Bench) -> None:
    """A log that fails for good ends it, and nothing is acknowledged."""
    job = bench.job("one")
    bench.store._connection.executescript(
        "CREATE TRIGGER full BEFORE INSERT ON labels BEGIN SELECT raise(ABORT, 'no more'); END"
    )

    with pytest.raises(sqlite3.IntegrityError, match="no more"):
        bench.writer.finish(job)
    assert [] == bench.inlet.acknowledged
    assert 0 == bench.stored()


# The end


def test_draining_leaves_what_has_not_begun(store: Store) -> None:
    """While draining, a batch that no interpreter has taken up is left to the broker."""
    bench = Bench(store, IdleClassifier())
    job = bench.job("one")
    bench.writer.draining.set()
    bench.writer.finish(job)

    assert job.verdicts.cancelled()
    assert [] == bench.inlet.acknowledged
    assert 0 == bench.stored()


def test_draining_leaves_everything_after_what_it_leaves(store: Store) -> None:
    """A batch taken up although an earlier one was left: stored, it would be out of order."""
    classifier = IdleClassifier()
    bench = Bench(store, classifier)
    first, second = bench.job("first"), bench.job("second")
    second.verdicts.set_running_or_notify_cancel()
    second.verdicts.set_result([verdict()])
    bench.writer.draining.set()
    bench.writer.finish(first)
    bench.writer.finish(second)

    assert [] == bench.inlet.acknowledged
    assert 0 == bench.stored()


def test_draining_finishes_what_has_begun(store: Store) -> None:
    """While draining, a batch that is being classified is still stored and acknowledged."""
    classifier = IdleClassifier()
    bench = Bench(store, classifier)
    job = bench.job("one")
    job.verdicts.set_running_or_notify_cancel()
    bench.writer.draining.set()
    with ThreadPoolExecutor(1) as pool:
        finishing = pool.submit(bench.writer.finish, job)
        time.sleep(0.05)
        assert not finishing.done()
        job.verdicts.set_result(StubClassifier().classify([("one", None)]))
        finishing.result(timeout=30)

    assert [0] == bench.inlet.acknowledged
    assert 1 == bench.stored()


def test_cancelled_by_a_closing_pool(store: Store) -> None:
    """A batch that the closing pool has dropped is left to the broker."""
    bench = Bench(store, IdleClassifier())
    job = bench.job("one")
    job.verdicts.cancel()
    bench.writer.finish(job)

    assert [] == bench.inlet.acknowledged
    assert 0 == bench.stored()


# Keeping house


def test_a_minute_is_written_when_it_is_over(path: Path, bench: Bench) -> None:
    """Once a minute, and not before, what was counted becomes a row; then it starts anew."""
    bench.finish("one", "two", b"\xff", "one")
    bench.writer.maintain()
    assert [] == query(path, "SELECT * FROM throughput")

    bench.writer._minute_ends = time.monotonic()
    bench.writer.maintain()
    bench.writer.maintain()

    ((received, labelled, duplicates, rejected, depth, p50, p99, rate),) = query(
        path,
        "SELECT received, labelled, duplicates, rejected, queue_depth, latency_p50_ms,"
        " latency_p99_ms, tweets_per_s FROM throughput",
    )
    assert (4, 2, 1, 1, 4) == (received, labelled, duplicates, rejected, depth)
    assert 0 < p50 <= p99 < 60_000
    assert rate > 0


def test_a_quiet_minute_is_a_row_too(path: Path, bench: Bench) -> None:
    """Where nothing came, zeros say so, and there is no latency."""
    bench.writer.write_minute()

    assert [(0, 0, None)] == query(
        path, "SELECT received, labelled, latency_p99_ms FROM throughput"
    )


def test_minutes_follow_each_other(path: Path, bench: Bench) -> None:
    """Each row begins where the one before ended."""
    before = utc(time.time())
    bench.writer.write_minute()
    between = utc(time.time())
    bench.writer.write_minute()
    ((first,), (second,)) = query(path, "SELECT started_at FROM throughput ORDER BY id")

    assert first <= before <= second <= between


def _old_tweets(store: Store) -> None:
    """Fill a log with old tweets, and with an hour of minutes in which it has seen the present."""
    register(store)
    old = utc(time.time() - 8 * DAY_S)
    for number in range(7):
        rows = [tweet_row(f"{number}-{i}", received_at=old) for i in range(100)]
        store.write(dataclasses.replace(batch_row(100), started_at=old), rows, [])
    see_minutes(store, (time.time() - 60 * number for number in reversed(range(1440))))


def test_old_rows_are_pruned_step_by_step(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look prunes a step, until nothing old is left; then a while later again."""
    _old_tweets(store)
    monkeypatch.setattr("monitor.daemon.writer.clock.now", lambda: Moment(time.time(), True))
    bench = Bench(store, StubClassifier(), keep_days=7)
    counts: list[int] = []
    while not counts or bench.writer._prune_at < time.monotonic() + 500:
        bench.writer.maintain()
        ((count,),) = query(path, "SELECT count(*) FROM tweets")
        counts.append(count)

    assert sorted(counts, reverse=True) == counts
    assert 700 > counts[0] > counts[-1] == 0


def test_nothing_is_pruned_if_kept_for_ever(path: Path, store: Store) -> None:
    """With keep_days = 0 rows stay, however old."""
    _old_tweets(store)
    Bench(store, StubClassifier(), keep_days=0).writer.maintain()

    assert [(700,)] == query(path, "SELECT count(*) FROM tweets")


def test_what_the_broker_dropped_is_told(
    path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than before is a warning with the number, the same again is not; a row holds the sum."""
    for total in (5, 5, 8, 2):  # before the last, the broker restarted
        bench.writer.note_dropped(total)
    bench.writer.write_minute()

    said = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert ["3", "2"] == re.findall(r"broker-dropped.*messages=(\d+)", said)
    assert [(2,)] == query(path, "SELECT broker_dropped FROM throughput")


def test_jobs_that_are_done_are_committed_together(bench: Bench, store: Store) -> None:
    """In one transaction, each with its own record; none is acknowledged before it."""
    seen: list[int] = []
    store.set_hooks([_Hook(seen)])
    first = bench.job("one")
    jobs = iter([bench.job("two", "three"), bench.job(b"\xff", "two", "five")])
    bench.writer.finish(first, lambda: next(jobs, None))

    assert [4] == seen
    assert [5] * 6 == bench.seen
    assert [0, 1, 2, 3, 4, 5] == bench.inlet.acknowledged
    assert [(1, 1, 0, 0), (2, 2, 0, 0), (3, 1, 1, 1)] == query(
        store.path, "SELECT received, tweets, duplicates, rejected FROM batches ORDER BY id"
    )
    assert [1, 2, 2] == [len(rows) for rows in bench.told]
    totals = bench.writer.totals
    assert (6, 4, 1, 1) == (totals.received, totals.labelled, totals.duplicates, totals.rejected)


def test_a_transaction_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many jobs are done."""
    monkeypatch.setattr("monitor.daemon.writer.MOST_TOGETHER", 3)
    jobs = [bench.job(f"{number}", f"{number} again") for number in range(4)]
    left = iter(jobs[1:])
    bench.writer.finish(jobs[0], lambda: next(left, None))

    assert 4 == bench.stored()
    assert [jobs[2], jobs[3]] == [*left]


def test_a_slow_batch_is_progress_as_long_as_the_classifier_gets_on(store: Store) -> None:
    """Waiting for verdicts, the writer is as alive as the classifier is, no more and no less."""
    classifier = IdleClassifier()
    bench = Bench(store, classifier)
    job = bench.job("slow")
    with ThreadPoolExecutor(1) as pool:
        finishing = pool.submit(bench.writer.finish, job)
        classifier.progress = time.monotonic() + 1000
        wait_until(lambda: bench.writer.progress == classifier.progress, "progress")
        job.verdicts.set_result([verdict()])
        finishing.result()

    assert [0] == bench.inlet.acknowledged


def test_progress_is_noted_a_message(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows are made and while they are inserted: not only once a batch."""
    made: list[float] = []
    kept = bench.collector.keeper.row

    def slowly_kept(row: TweetRow) -> TweetRow:
        made.append(bench.writer.progress)
        time.sleep(0.01)
        return kept(row)

    monkeypatch.setattr(bench.collector.keeper, "row", slowly_kept)
    inserting: list[None] = []
    bench.store.on_progress(lambda: inserting.append(None))  # instead of the writer
    bench.finish(*(f"number {i}" for i in range(50)))

    assert 50 == len({*made})
    assert 10 < len(inserting)


def test_keeping_house_is_progress(bench: Bench) -> None:
    """The watchdog is fed by what the writer does."""
    before = bench.writer.progress
    bench.writer.maintain()

    assert bench.writer.progress > before


def test_fields_that_are_left_out_are_counted_and_said_once(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their tweets are labelled, however many there are."""
    odd = '{"id": "%d", "text": "hi", "lang": 7, "author": "bob"}'
    bench.finish(*(odd % number for number in range(3)))
    bench.finish(odd % 3, '{"text": "ho", "created_at": {}, "lang": []}', "plain")

    assert 6 == bench.stored()
    assert {"lang": 5, "created_at": 1} == bench.writer.totals.left_out
    said = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert ["lang", "created_at"] == re.findall(r"field-left-out.*field=(\w+)", said)
