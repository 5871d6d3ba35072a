"""A log in which messages have named more entities than anybody will read about."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from monitor.alerts.alerting import Alerting
from monitor.alerts.tuning import Tuning
from monitor.clock import utc
from monitor.store import Store
from tests.factories import batch_row, register, tweet_row, verdict

A_TWEET: Final = 16
"""Names in each, as many as a message may have."""
_HOURS: Final = 20
_BATCH: Final = 64


def write(
    path: Path, names: int, known: Sequence[str] = ("Acme", "Lumen"), now: float | None = None
) -> Path:
    """Write a log of the last hours, as a daemon would whose messages may name whom they like.

    Args:
        path: the file.
        names: how many entities are named, each once, sixteen in a tweet.
        known: entities with a hundred tweets each, the last named one has the fewest.
        now: seconds since the epoch; None for what the clock says.
    """
    now = time.time() if now is None else now
    rows = []
    for first in range(0, names, A_TWEET):
        some = [f"name {number:06}" for number in range(first, min(first + A_TWEET, names))]
        at = utc(now - 3600 * (first * _HOURS // names))
        rows.append(tweet_row(f"crowd {first}", *some, received_at=at))
    for place, name in enumerate(known):
        for number in range(100 + len(known) - place):
            answer = verdict(("negative", "neutral", "positive")[number % 3])
            rows.append(
                tweet_row(f"{name} {number}", name, received_at=utc(now - 60), answer=answer)
            )
    tuning = Tuning(2.0, 30.0, 86_400.0, 500, 0.1)
    with closing(Store(path, [Alerting(tuning, "reputation")])) as store:
        register(store)
        store._connection.execute("PRAGMA synchronous = OFF")
        for first in range(0, len(rows), _BATCH):
            batch = rows[first : first + _BATCH]
            store.write(batch_row(len(batch)), batch, [])
    return path
