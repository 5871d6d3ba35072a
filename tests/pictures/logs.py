"""Small logs for pictures, written by the real store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from monitor.clock import utc
from monitor.store import Store
from monitor.store.throughput import Minute
from tests.factories import batch_row, dead_letter, register, tweet_row, verdict

HOSTILE = "<script>alert('x')</script>\"&é"
"""A name and a text that would be more than that if it were not escaped."""


def write(
    path: Path, tweets: Sequence[tuple[float, str, str]] = (), minutes: Sequence[float] = ()
) -> Path:
    """Write a log.

    Args:
        path: the file.
        tweets: when each was received, its entity and its label.
        minutes: when each minute of throughput began.
    """
    with closing(Store(path)) as store:
        register(store)
        rows = [
            tweet_row(f"{n} {HOSTILE}", entity, received_at=utc(at), answer=verdict(label))
            for n, (at, entity, label) in enumerate(tweets)
        ]
        if rows:
            store.write(batch_row(len(rows) + 1), rows, [dead_letter("d", HOSTILE)])
        for at in minutes:
            store.write_minute(minute(at))
    return path


def minute(at: float, labelled: int = 120) -> Minute:
    """Make a minute of throughput."""
    return Minute(
        started_at=utc(at),
        seconds=60.0,
        received=labelled + 1,
        labelled=labelled,
        duplicates=0,
        rejected=1,
        tweets_per_s=labelled / 60,
        latency_p50_ms=100.0,
        latency_p95_ms=200.0,
        latency_p99_ms=300.0,
        latency_max_ms=400.0,
        queue_depth=3,
        rss_mib=100.0,
        cpu_celsius=50.0,
        clock_synchronised=True,
        broker_dropped=None,
    )
