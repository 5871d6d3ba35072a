"""Counts of labels by hour, written in the transaction of the labels that they count."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from monitor.store.rows import Labelled
from monitor.verdict import POLARITIES, TASKS

LABEL_COUNTS: Final = tuple(
    f"{task}_{sure}{polarity}"
    for task in TASKS
    for sure in ("", "unsure_")
    for polarity in POLARITIES
)
"""Columns that count labels."""

COUNTS: Final = (*LABEL_COUNTS, "other_language")
"""Columns that count; the last one tweets that have none, in languages the model does not read."""

_KEY: Final = ("hour", "entity", "model_id", "is_retweet")
_ADD: Final = (
    f"INSERT INTO rollups ({', '.join((*_KEY, *COUNTS))})"  # noqa: S608  (our own names)
    f" VALUES ({', '.join('?' * (len(_KEY) + len(COUNTS)))})"
    f" ON CONFLICT DO UPDATE SET {', '.join(f'{c} = {c} + excluded.{c}' for c in COUNTS)}"
)
_HOUR: Final = len("2026-11-21T17")


class Rollups:
    """Adds what is new in the log to its counts; a hook of the store."""

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Count labels that have just been inserted, in the hour that their tweet was written in.

        Where that is not known it is the hour of what brought them: that in which their tweet
        arrived, but for one known already that gains an entity.
        """
        counted: defaultdict[tuple[str, str, int, bool], Counter[str]] = defaultdict(Counter)
        for label in fresh:
            tweet = label.tweet
            key = (tweet.counted_at[:_HOUR], label.entity, label.model_id, tweet.is_retweet)
            if not label.is_read:
                counted[key][COUNTS[-1]] += 1
                continue
            for task in TASKS:
                sure = "unsure_" if label.abstained[task] else ""
                counted[key][f"{task}_{sure}{label.verdict[task].label}"] += 1
        connection.executemany(
            _ADD, [(*key, *(counts[c] for c in COUNTS)) for key, counts in counted.items()]
        )

    def committed(self) -> None:
        """Nothing is kept outside the log."""
