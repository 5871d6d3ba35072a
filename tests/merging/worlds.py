"""Small logs of several boards, and what a joined log says once its own numbers are left aside."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.clock import utc
from monitor.merging.merge import Merge, Merged
from monitor.store import Store
from monitor.store.rows import BatchRow, DeadLetter, TweetRow
from tests.factories import NOW, STUB_MODEL, minute, verdict

BEGIN = NOW + 3200 - 5
"""Seconds since the epoch, a few before an hour is full."""


@dataclass(frozen=True, slots=True)
class Said:
    """A tweet as it comes to a board."""

    id: str
    label: str = "negative"
    entities: tuple[str, ...] = ("Acme",)
    is_retweet: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """What a board stores at once."""

    tweets: tuple[Said, ...] = ()
    dead: tuple[str, ...] = ()
    """Digests."""
    at: float = 0.0
    """Seconds after `BEGIN`, by the board's clock."""


def write(
    path: Path,
    batches: Iterable[Batch],
    *,
    model: str = "stub",
    abstain_below: float = 0.0,
    quick: bool = False,
) -> Path:
    """Write a log, or write on; with each batch goes a minute, so that they are numbered alike.

    Args:
        path: the file.
        batches: in order of arrival.
        model: name of the one that labels.
        abstain_below: labels have a probability of 0.8.
        quick: without waiting for the disk.
    """
    labeller = dataclasses.replace(STUB_MODEL, name=model, sha256=model.ljust(64, "0"))
    with closing(Store(path)) as store:
        if quick:
            store._connection.execute("PRAGMA synchronous = OFF")
        model_id = store.register_model(labeller, "litert", "reputation", BEGIN)
        for batch in batches:
            at = utc(BEGIN + batch.at)
            row = BatchRow(at, True, model_id, abstain_below, len(batch.tweets), 10.0, 5.0)
            store.write(row, [_row(tweet, at) for tweet in batch.tweets], _dead(batch.dead, at))
            store.write_minute(dataclasses.replace(minute(at, 7), received=len(batch.tweets)))
    return path


def _row(tweet: Said, at: str) -> TweetRow:
    return TweetRow(
        id=tweet.id,
        received_at=at,
        created_at=None,
        topic="tweets",
        author=None,
        lang=None,
        is_retweet=tweet.is_retweet,
        text=f"text of {tweet.id}",
        verdicts=[(entity, verdict(tweet.label, "neutral")) for entity in tweet.entities],
    )


def _dead(digests: Sequence[str], at: str) -> list[DeadLetter]:
    return [DeadLetter(digest, at, "tweets", "empty", "It is empty.", 0, b"") for digest in digests]


def copied(log: Path, name: str) -> Path:
    """Copy a closed log beside itself."""
    return Path(shutil.copy(log, log.with_name(name)))


def joined(output: Path, *inputs: Path) -> list[Merged]:
    """Join logs."""
    with closing(Merge(output, inputs)) as merge:
        return [merge.take(path) for path in inputs]


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read what a joined log holds: each row by the log it is from, in a fixed order.

    Ids that depend on what was joined first are replaced by what they stand for. Of tweets, dead
    letters, minutes and alerts the order in which they are read is kept, log by log.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        logs = {row["id"]: row["uuid"] for row in connection.execute("SELECT * FROM logs")}
        models = {
            row["id"]: (row["sha256"], row["runtime"], row["task"])
            for row in connection.execute("SELECT * FROM models")
        }
        batches = {
            row["id"]: (logs[row["log_id"]], row["own_id"])
            for row in connection.execute("SELECT * FROM batches")
        }

        def meaning(row: sqlite3.Row, table: str) -> tuple[Any, ...]:
            values: list[Any] = []
            for column, value in zip(row.keys(), tuple(row), strict=True):
                match column:
                    case "id" if table != "tweets":
                        continue
                    case "log_id":
                        values.append(logs[value])
                    case "model_id":
                        values.append(models[value])
                    case "batch_id" if table not in ("alerts", "owner_labels"):
                        values.append(batches[value])
                    case _:
                        values.append(value)
            return tuple(values)

        found = {
            table: sorted(
                (meaning(row, table) for row in connection.execute(f"SELECT * FROM {table}")),
                key=repr,
            )
            for table in (
                *("logs", "models", "batches", "tweets", "labels", "dead_letters", "throughput"),
                *("alerts", "rollups", "log_rollups", "copies", "owner_labels"),
            )
        }
        for table, key in (("tweets", "id"), ("dead_letters", "digest")):
            order = connection.execute(f"SELECT batch_id, {key} FROM {table} ORDER BY rowid")
            found[f"order of {table}"] = sorted(
                ((batches[batch][0], name) for batch, name in order), key=lambda row: row[0]
            )
        for table in ("batches", "throughput", "alerts"):
            order = connection.execute(f"SELECT log_id, own_id FROM {table} ORDER BY id")
            found[f"order of {table}"] = sorted(
                ((logs[log], own) for log, own in order), key=lambda row: row[0]
            )
    return found
