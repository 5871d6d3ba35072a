"""``monitor.daemon.ledger``: what a run and a minute of it add up to."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest

from monitor.clock import utc
from monitor.daemon.job import Job
from monitor.daemon.ledger import Ledger
from monitor.metrics.measurements import Measurements
from monitor.store.rows import Stored
from tests.factories import NOW, Inlet, dead_letter

WITHIN = 0.025
"""A percentile's relative error: half a bucket, which is 1.05 wide."""


def _count(
    ledger: Ledger, received: int, labelled: int, rejected: int, depth: int, latency_ms: float
) -> None:
    """Count a batch whose messages all took as long."""
    inlet = Inlet()
    deliveries = [inlet.delivery(b"x") for _ in range(received)]
    arrived = max(delivery.arrived for delivery in deliveries)
    ledger.count(
        Job(deliveries, [], [], [], Future(), queue_depth=depth, closed=arrived),
        Stored(labelled, labelled, labelled),
        [dead_letter(str(number), "empty") for number in range(rejected)],
        classified=arrived,
        committed=arrived + latency_ms / 1000,
        committed_at=NOW,
    )


def test_batches_add_up() -> None:
    """Batches add up to a minute; what was neither labelled nor rejected was known already."""
    ledger = Ledger(Measurements(), 100.0)
    for received, labelled, rejected, depth in ((10, 7, 1, 12), (5, 5, 0, 40), (3, 0, 0, 3)):
        _count(ledger, received, labelled, rejected, depth, 400.0 * depth)
    minute = ledger.minute(160.0, "2025-06-15T15:06:00.000Z")

    assert (18, 12, 5, 1) == (
        minute.received,
        minute.labelled,
        minute.duplicates,
        minute.rejected,
    )
    assert ("2025-06-15T15:06:00.000Z", 60.0) == (minute.started_at, minute.seconds)
    assert 0.2 == minute.tweets_per_s
    assert 40 == minute.queue_depth
    assert 4800.0 == pytest.approx(minute.latency_p50_ms, rel=WITHIN)
    assert 16000.0 == pytest.approx(minute.latency_p99_ms, rel=WITHIN)
    assert 16000.0 == pytest.approx(minute.latency_max_ms, rel=WITHIN)


def test_a_minute_starts_anew_and_the_run_goes_on() -> None:
    """After a minute its counts begin at nothing; the run's totals keep them."""
    ledger = Ledger(Measurements(), 0.0)
    _count(ledger, received=2, labelled=1, rejected=1, depth=2, latency_ms=1.0)
    ledger.minute(60.0, utc(NOW))
    minute = ledger.minute(90.0, utc(NOW + 60))

    assert 30.0 == minute.seconds
    assert (0, 0, 0, 0, 0, 0.0) == (
        minute.received,
        minute.labelled,
        minute.duplicates,
        minute.rejected,
        minute.queue_depth,
        minute.tweets_per_s,
    )
    assert [None] * 4 == [
        minute.latency_p50_ms,
        minute.latency_p95_ms,
        minute.latency_p99_ms,
        minute.latency_max_ms,
    ]
    totals = ledger.totals
    assert (2, 1, 1, 0) == (totals.received, totals.labelled, totals.rejected, totals.duplicates)


def test_a_run_begins_at_nothing_after_a_reload() -> None:
    """The process's counts go on over a reload; those of the run and of its minute do not."""
    measurements = Measurements()
    _count(Ledger(measurements, 0.0), 5, 3, 1, depth=5, latency_ms=1.0)
    following = Ledger(measurements, 10.0)
    _count(following, 2, 2, 0, depth=2, latency_ms=1.0)

    assert 7 == measurements.read().received
    assert 2 == following.totals.received
    assert (2, 2, 0) == (
        (minute := following.minute(70.0, utc(NOW))).received,
        minute.labelled,
        minute.rejected,
    )


def test_an_interval_of_no_length() -> None:
    """Two readings at the same moment do not divide by zero."""
    minute = Ledger(Measurements(), 5.0).minute(5.0, utc(NOW))

    assert 0.0 == minute.tweets_per_s
    assert minute.seconds > 0


def test_row_is_plain() -> None:
    """A minute is a row of plain values: NumPy's would end up in SQLite as blobs."""
    ledger = Ledger(Measurements(), 0.0)
    _count(ledger, received=1, labelled=1, rejected=0, depth=1, latency_ms=3.0)
    row = ledger.minute(60.0, utc(NOW)).row()

    assert row == json.loads(json.dumps(row))
    assert {str, int, float, bool, type(None)} >= {type(value) for value in row.values()}
