"""What the daemon measures of itself: a row a minute."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

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
