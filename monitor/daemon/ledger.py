"""What the writer counts of its batches, each thing once.

`Measurements` holds the counts for the life of the process. What a run of the pipeline did, and
what a minute of it did, are differences between two readings of them. Only what no sum can tell
is kept apart for the minute: its latencies in fine buckets, and the longest queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.clock import clock_synchronised
from monitor.daemon.job import Job
from monitor.metrics.measurements import Measurements, Reading
from monitor.store.rows import DeadLetter, Stored
from monitor.store.throughput import LatencyHistogram, Minute, cpu_celsius, resident_mib


@dataclass(frozen=True, slots=True)
class Totals:
    """What was done between two readings."""

    received: int
    labelled: int
    other_language: int
    """Of the labelled those that have no label, for the model does not read their language."""
    duplicates: int
    """Messages whose tweet was in the log already."""
    rejected: int
    left_out: Counter[str]
    """Optional fields of messages that were not what they should be, by name."""

    @classmethod
    def between(cls, before: Reading, after: Reading) -> Totals:
        """Subtract the earlier reading from the later one."""
        return cls(
            received=after.received - before.received,
            labelled=after.labelled - before.labelled,
            other_language=after.other_language - before.other_language,
            duplicates=after.duplicates - before.duplicates,
            rejected=after.rejected.total() - before.rejected.total(),
            left_out=after.left_out - before.left_out,
        )


class Ledger:
    """Counts committed batches. Used by one thread; `totals` may be read by any."""

    def __init__(self, measurements: Measurements, now: float) -> None:
        """Start counting.

        Args:
            measurements: what counts for the process; others may have counted there before.
            now: monotonic seconds, as for `minute`.
        """
        self._measurements = measurements
        self._at_start = measurements.read()
        self._begin_minute(self._at_start, now)

    def _begin_minute(self, reading: Reading, now: float) -> None:
        self._at_minute, self._since = reading, now
        self._queue_depth = 0
        self._latency = LatencyHistogram()

    @property
    def totals(self) -> Totals:
        """What was done since the start."""
        return Totals.between(self._at_start, self._measurements.read())

    def count(
        self,
        job: Job,
        stored: Stored,
        dead_letters: Sequence[DeadLetter],
        *,
        classified: float,
        committed: float,
        committed_at: float,
    ) -> None:
        """Count a committed batch.

        Args:
            job: the batch.
            stored: what was new in the log.
            dead_letters: its messages that could not be labelled.
            classified: when its verdicts were there, in monotonic seconds.
            committed: when its transaction was over, likewise.
            committed_at: the same in seconds since the epoch.
        """
        arrived = np.array([delivery.arrived for delivery in job.deliveries])
        self._queue_depth = max(self._queue_depth, job.queue_depth)
        self._latency.add(1000 * (committed - arrived))
        self._measurements.count(
            received=len(job.deliveries),
            stored=stored,
            dead_letters=dead_letters,
            latencies_s=committed - arrived,
            stages_s={
                "collect": job.closed - float(arrived[0]),
                "classify": classified - job.closed,
                "store": committed - classified,
            },
            left_out=job.left_out(),
            committed_at=committed_at,
        )

    def minute(self, now: float, started_at: str, broker_dropped: int | None = None) -> Minute:
        """Close the interval, start the next, and return what was counted.

        Args:
            now: monotonic seconds.
            started_at: UTC time of the interval's start, as the log writes times.
            broker_dropped: messages that the broker says it has dropped since its start.
        """
        reading = self._measurements.read()
        done = Totals.between(self._at_minute, reading)
        seconds = max(now - self._since, 1e-3)
        p50, p95, p99 = (self._latency.percentile(p) for p in (50, 95, 99))
        minute = Minute(
            started_at=started_at,
            seconds=round(seconds, 3),
            received=done.received,
            labelled=done.labelled,
            duplicates=done.duplicates,
            rejected=done.rejected,
            tweets_per_s=round(done.labelled / seconds, 2),
            latency_p50_ms=p50,
            latency_p95_ms=p95,
            latency_p99_ms=p99,
            latency_max_ms=None if p50 is None else round(self._latency.max_ms, 3),
            queue_depth=self._queue_depth,
            rss_mib=resident_mib(),
            cpu_celsius=cpu_celsius(),
            clock_synchronised=clock_synchronised(),
            broker_dropped=broker_dropped,
            other_language=done.other_language,
        )
        self._begin_minute(reading, now)
        return minute
