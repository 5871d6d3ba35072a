"""The counts as Prometheus names them, with what is asked of the log as it is read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.clock import clock_synchronised
from monitor.console import strict_json
from monitor.metrics.measurements import (
    MOST_ENTITIES,
    Histogram,
    Measurements,
    Reading,
    Serving,
)
from monitor.standings import Standing, standings
from monitor.store import StoreError, open_log
from monitor.store.throughput import cpu_celsius
from monitor.tweets import NO_ENTITY, OTHERS, Reason
from monitor.verdict import OTHER_LANGUAGE, POLARITIES

PREFIX: Final = "reputation_monitor_"
_DAY_S: Final = 86_400.0
_RAISED: Final = "SELECT DISTINCT entity FROM alerts WHERE ended_at IS NULL LIMIT ?"
_REJECTED: Final = "Messages that no label could be given, by reason: dead letters."


def registry(measurements: Measurements) -> CollectorRegistry:
    """Return what `prometheus_client` writes out.

    The process' own figures have our prefix, too: in a textfile node_exporter would find its own
    names there twice, and refuse to give any.
    """
    collected = CollectorRegistry()
    collected.register(_Exposition(measurements))
    ProcessCollector(namespace=PREFIX.rstrip("_"), registry=collected)
    return collected


class _Exposition(Collector):
    """Turns a reading into metrics, each time it is asked."""

    def __init__(self, measurements: Measurements) -> None:
        self._measurements = measurements

    def collect(self) -> Iterator[Metric]:
        reading, serving = self._measurements.read(), self._measurements.serving
        yield from _done(reading)
        if celsius := cpu_celsius():
            yield _gauge("cpu_temperature_celsius", "Of the first thermal zone.", celsius)
        if (synchronised := clock_synchronised()) is not None:
            yield _gauge(
                "clock_synchronised", "1 if the kernel says that the clock is right.", synchronised
            )
        if serving:
            yield from _present(serving)
            yield from self._logged(serving)

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: what there is depends on what has happened."""
        return iter(())

    def _logged(self, serving: Serving) -> Sequence[Metric]:
        """Ask the log, by a connection of our own: the writer is not held up."""
        try:
            with closing(open_log(serving.database)) as connection:
                return [
                    *_reputation(connection, serving),
                    *_alerts(connection, serving),
                    _size(serving.database),
                ]
        except (StoreError, sqlite3.Error, OSError):
            self._measurements.note_read_failure()
            return []


def _done(reading: Reading) -> Iterator[Metric]:
    """What the process has done."""
    yield _counter("messages_received", "Messages taken from the broker.", reading.received)
    yield _counter("tweets_labelled", "Tweets newly stored, with their labels.", reading.labelled)
    yield _counter(
        "messages_duplicate", "Messages whose tweet was in the log already.", reading.duplicates
    )
    rejected = CounterMetricFamily(f"{PREFIX}messages_rejected", _REJECTED, labels=["reason"])
    for reason in sorted({*map(str, Reason), *reading.rejected}):
        rejected.add_metric([reason], reading.rejected[reason])
    yield rejected
    left_out = CounterMetricFamily(
        f"{PREFIX}fields_left_out",
        "Optional fields of messages that are not what they should be.",
        labels=["field"],
    )
    for name, count in sorted(reading.left_out.items()):
        left_out.add_metric([name], count)
    yield left_out
    labels = CounterMetricFamily(
        f"{PREFIX}labels",
        "Labels as the model gave them, by entity; retweets repeat another's tweet.",
        labels=["entity", "polarity", "retweet"],
    )
    # As above, those with none, too: a rate needs the zero that it rises from.
    for entity, retweet in sorted({(e, r) for e, _, r in reading.labels}):
        for polarity in POLARITIES:
            count = reading.labels[entity, polarity, retweet]
            labels.add_metric([entity, polarity, "yes" if retweet else "no"], count)
    yield labels
    unread = CounterMetricFamily(
        f"{PREFIX}other_language_tweets",
        "Tweets stored without a label, in languages that the model does not read, by entity.",
        labels=["entity"],
    )
    for entity in sorted({entity for entity, *_ in reading.labels}):
        both = (reading.labels[entity, OTHER_LANGUAGE, retweet] for retweet in (False, True))
        unread.add_metric([entity], sum(both))
    yield unread
    latency = HistogramMetricFamily(
        f"{PREFIX}latency_seconds",
        "From a message's arrival to the COMMIT that keeps it.",
        labels=[],
    )
    latency.add_metric([], *_buckets(reading.latency))
    yield latency
    stages = HistogramMetricFamily(
        f"{PREFIX}batch_duration_seconds",
        "A batch's way: collect (first arrival to closed), classify, store (COMMIT included).",
        labels=["stage"],
    )
    for stage, histogram in reading.stages.items():
        stages.add_metric([stage], *_buckets(histogram))
    yield stages
    if reading.last_commit is not None:
        yield _gauge(
            "last_commit_timestamp_seconds",
            "When a batch was last committed, since the epoch.",
            reading.last_commit,
        )
    yield _counter(
        "log_write_failures",
        "Attempts to write the log that failed, as on a full disk, and were made again.",
        reading.write_failures,
    )
    yield _counter(
        "log_read_failures",
        "Scrapes and textfiles before this one that had to do without what the log says.",
        reading.read_failures,
    )
    if reading.broker_dropped is not None:
        yield _counter(
            "broker_dropped_messages",
            "Messages the broker has dropped, for any of its clients, since its own start.",
            reading.broker_dropped,
        )
    reloads = CounterMetricFamily(
        f"{PREFIX}reloads", "Configurations read anew, by what became of it.", labels=["outcome"]
    )
    for taken_over, outcome in ((True, "taken_over"), (False, "refused")):
        reloads.add_metric([outcome], reading.reloads[taken_over])
    yield reloads


def _present(serving: Serving) -> Iterator[Metric]:
    """What runs, and how it does at this moment."""
    info = {
        "version": __version__,
        "model": serving.model,
        "model_version": serving.model_version,
        "runtime": serving.runtime,
        "task": serving.task,
    }
    build = GaugeMetricFamily(
        f"{PREFIX}build_info", "What runs; the value is always 1.", labels=list(info)
    )
    build.add_metric(list(info.values()), 1)
    yield build
    yield _gauge("queue_depth", "Messages that wait to be labelled.", serving.queue_depth())
    yield _gauge("broker_connected", "1 if the broker has us subscribed.", serving.connected())


def _reputation(connection: sqlite3.Connection, serving: Serving) -> Iterator[Metric]:
    """How entities stood within the last day, corrected for the model's known mistakes."""
    now = time.time()
    among = {*serving.configured, *serving.entities(), "", OTHERS}
    found = _shown(standings(connection, now - _DAY_S, now, among=among, compared=False), serving)

    def of(standing: Standing, polarity: str) -> tuple[float, float, float]:
        estimate = getattr(standing, polarity)
        return estimate.value, estimate.low, estimate.high

    for number, (suffix, what) in enumerate(
        (("", ""), ("_lower", ", lower end of its 95 % interval"), ("_upper", ", upper end"))
    ):
        shares = GaugeMetricFamily(
            f"{PREFIX}share{suffix}_ratio",
            f"Share of a polarity in the last 24 hours, as `monitor report` has it{what}.",
            labels=["entity", "polarity"],
        )
        net = GaugeMetricFamily(
            f"{PREFIX}net_score{suffix}",
            f"Positive share less negative share, from -1 to 1{what}.",
            labels=["entity"],
        )
        for standing in found:
            name = standing.entity or NO_ENTITY
            for polarity in POLARITIES:
                shares.add_metric([name, polarity], of(standing, polarity)[number])
            net.add_metric([name], of(standing, "net")[number])
        yield shares
        yield net
    answers = GaugeMetricFamily(
        f"{PREFIX}owner_answers",
        "Answers of the owner on which an entity's shares rest; 0: on the model's calibration.",
        labels=["entity"],
    )
    for standing in found:
        answers.add_metric([standing.entity or NO_ENTITY], standing.answers)
    yield answers


def _shown(standings: Sequence[Standing], serving: Serving) -> list[Standing]:
    """Take those that are always shown, and of the rest those with most tweets."""
    always = {None, OTHERS, *serving.configured}
    rest = [standing for standing in standings if standing.entity not in always]
    return [s for s in standings if s.entity in always] + rest[:MOST_ENTITIES]


def _alerts(connection: sqlite3.Connection, serving: Serving) -> Iterator[Metric]:
    """Which of the entities that are watched have an alert."""
    alerts = GaugeMetricFamily(
        f"{PREFIX}alert_active",
        "1 while an entity's share of negative tweets has risen.",
        labels=["entity"],
    )
    learnt = GaugeMetricFamily(
        f"{PREFIX}alert_learnt_tweets",
        "Tweets that have shown what is usual; below [alerts] learn_tweets alerts still learn.",
        labels=["entity"],
    )
    known = {*serving.configured, *serving.entities()}
    known |= {entity for (entity,) in connection.execute(_RAISED, (MOST_ENTITIES,))}
    states = connection.execute(
        "SELECT entity, alert_id IS NOT NULL, learnt FROM alert_states"
        " WHERE entity IN (SELECT value FROM json_each(?)) ORDER BY 2 DESC, 1",
        (strict_json([*known]),),
    ).fetchall()
    always = [state for state in states if state[0] in serving.configured]
    rest = [state for state in states if state[0] not in serving.configured]
    for entity, active, tweets in always + rest[:MOST_ENTITIES]:
        alerts.add_metric([entity], active)
        learnt.add_metric([entity], tweets)
    yield alerts
    yield learnt


def _size(database: Path) -> Metric:
    parts = (Path(f"{database}{part}") for part in ("", "-wal"))
    size = sum(part.stat().st_size for part in parts if part.exists())
    return _gauge("log_size_bytes", "Of the log and its write-ahead log.", size)


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}{name}", help_text, value=value)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}{name}", help_text, value=float(value))


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Lay a histogram out as Prometheus wants it: counts up to each bound."""
    bounds = [*(f"{bound:g}" for bound in histogram.bounds_s), "+Inf"]
    upto = histogram.counts.cumsum().tolist()
    return list(zip(bounds, upto, strict=True)), histogram.sum_s
