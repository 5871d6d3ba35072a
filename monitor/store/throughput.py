"""What the daemon measures of itself: a row a minute."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from monitor.clock import clock_synchronised

_RATIO: Final = 1.05
"""Width of a histogram bucket: a percentile is right to 2.5 %."""
_SMALLEST_MS: Final = 0.1
_BUCKETS: Final = 400  # to 0.1 ms · 1.05^400, about nine hours


class LatencyHistogram:
    """Counts of latencies in geometric buckets: fixed memory at any rate."""

    def __init__(self) -> None:
        self._counts: npt.NDArray[np.int64] = np.zeros(_BUCKETS, np.int64)
        self.max_ms = 0.0

    def add(self, latencies_ms: npt.NDArray[np.float64]) -> None:
        """Count latencies, any shape, in milliseconds."""
        if latencies_ms.size:
            bucket = np.log(np.maximum(latencies_ms, _SMALLEST_MS) / _SMALLEST_MS) / np.log(_RATIO)
            index = np.minimum(bucket.astype(np.intp), _BUCKETS - 1)  # bincount takes no wider
            self._counts += np.bincount(index.ravel(), minlength=_BUCKETS)
            self.max_ms = max(self.max_ms, float(latencies_ms.max()))

    def percentile(self, percent: float) -> float | None:
        """Return the latency that ``percent`` of those counted do not exceed, or None of none."""
        total = int(self._counts.sum())
        if not total:
            return None
        rank = max(1, int(np.ceil(total * percent / 100)))
        bucket = int(np.searchsorted(np.cumsum(self._counts), rank))
        middle = float(_SMALLEST_MS * _RATIO ** (bucket + 0.5))
        return round(min(middle, self.max_ms), 3)


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute's throughput, as stored; see ``schema.py`` for units."""

    started_at: str
    seconds: float
    received: int
    labelled: int
    duplicates: int
    rejected: int
    tweets_per_s: float
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    queue_depth: int
    rss_mib: float | None
    cpu_celsius: float | None
    clock_synchronised: bool | None
    broker_dropped: int | None
    other_language: int = 0

    def row(self) -> dict[str, Any]:
        """Column to value."""
        return asdict(self)


class Meter:
    """Counts what happens between two readings. Used by one thread."""

    def __init__(self, now: float) -> None:
        """Start counting.

        Args:
            now: monotonic seconds, as for `read`.
        """
        self._reset(now)

    def _reset(self, now: float) -> None:
        self._since = now
        self._received = self._labelled = self._duplicates = self._rejected = 0
        self._other_language = 0
        self._queue_depth = 0
        self._latency = LatencyHistogram()

    def count(
        self,
        *,
        received: int,
        labelled: int,
        rejected: int,
        queue_depth: int,
        latencies_ms: npt.NDArray[np.float64],
        other_language: int = 0,
    ) -> None:
        """Count one committed batch; what was neither labelled nor rejected was known already.

        ``labelled`` are tweets that are new in the log, ``other_language`` those of them that the
        model did not read.
        """
        self._received += received
        self._labelled += labelled
        self._rejected += rejected
        self._other_language += other_language
        self._duplicates += received - labelled - rejected
        self._queue_depth = max(self._queue_depth, queue_depth)
        self._latency.add(latencies_ms)

    def read(self, now: float, started_at: str, broker_dropped: int | None = None) -> Minute:
        """Close the interval, start the next, and return what was counted.

        Args:
            now: monotonic seconds.
            started_at: UTC time of the interval's start, as the log writes times.
            broker_dropped: messages that the broker says it has dropped since its start.
        """
        seconds = max(now - self._since, 1e-3)
        p50, p95, p99 = (self._latency.percentile(p) for p in (50, 95, 99))
        reading = Minute(
            started_at=started_at,
            seconds=round(seconds, 3),
            received=self._received,
            labelled=self._labelled,
            duplicates=self._duplicates,
            rejected=self._rejected,
            tweets_per_s=round(self._labelled / seconds, 2),
            latency_p50_ms=p50,
            latency_p95_ms=p95,
            latency_p99_ms=p99,
            latency_max_ms=None if p50 is None else round(self._latency.max_ms, 3),
            queue_depth=self._queue_depth,
            rss_mib=resident_mib(),
            cpu_celsius=cpu_celsius(),
            clock_synchronised=clock_synchronised(),
            broker_dropped=broker_dropped,
            other_language=self._other_language,
        )
        self._reset(now)
        return reading


def resident_mib() -> float | None:
    """Resident memory of this process in MiB, or None where /proc is not there."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def cpu_celsius() -> float | None:
    """Temperature of the first thermal zone in °C, or None where the board has none."""
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None
