"""Small logs for the tests of what reads them, written by the store itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.clock import utc
from monitor.store import Store
from monitor.store.rows import BatchRow, TweetRow
from monitor.verdict import OTHER_LANGUAGE, UNREAD, Verdict
from tests.factories import NOW, STUB_MODEL, verdict

CONFUSION = [[80, 15, 5], [10, 80, 10], [5, 15, 80]]
"""Of an invented model that is right eight times in ten."""


@dataclass(frozen=True, slots=True)
class Said:
    """So many tweets of one kind, so long before `NOW`."""

    entity: str = "Acme"
    label: str = "negative"
    count: int = 1
    hours_ago: float = 1.0
    is_retweet: bool = False
    sentiment: str = "neutral"
    text: str | None = "what was said"


def write_log(
    path: Path,
    said: Iterable[Said] = (),
    *,
    model: str = "stub",
    calibration: dict[str, Any] | None = None,
    abstain_below: float = 0.0,
    now: float = NOW,
) -> Path:
    """Write a log, or write on, a batch for each kind of tweets, as labelled by one model.

    Args:
        path: the file.
        said: oldest first, as they would arrive.
        model: its name.
        calibration: what it knows of its mistakes.
        abstain_below: labels have a probability of 0.8.
        now: seconds since the epoch, to count hours back from.
    """
    labeller = dataclasses.replace(
        STUB_MODEL, name=model, sha256=model.ljust(64, "0"), calibration=calibration or {}
    )
    with closing(Store(path)) as store:
        model_id = store.register_model(labeller, "litert", "reputation", now)
        for kind in said:
            at = utc(now - 3600 * kind.hours_ago)
            number = store.tweets()
            rows = [
                TweetRow(
                    id=f"{number + i}",
                    received_at=at,
                    created_at=None,
                    topic="tweets",
                    author=None,
                    lang=None,
                    is_retweet=kind.is_retweet,
                    text=kind.text,
                    verdicts=[(kind.entity, _verdict(kind))],
                )
                for i in range(kind.count)
            ]
            batch = BatchRow(at, True, model_id, abstain_below, len(rows), 10.0, 5.0)
            store.write(batch, rows, [])
    return path


def _verdict(kind: Said) -> Verdict:
    return UNREAD if kind.label == OTHER_LANGUAGE else verdict(kind.label, kind.sentiment)
