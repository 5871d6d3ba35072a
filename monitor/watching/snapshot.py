"""What the log says at one moment: how the board is doing, how each entity stands, what came last.

Only a few rows are read, whatever the size of the log, and no transaction outlasts a query.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.clock import utc
from monitor.periods import HOUR_S, epoch
from monitor.standings import Standing, standings
from monitor.standings.learning import Learning, learning
from monitor.standings.report import alerts
from monitor.standings.reputation import most_spoken_of
from monitor.standings.unread import unread
from monitor.store.disk import left
from monitor.verdict import OTHER_LANGUAGE

NOW_S: Final = 10.0
"""What "now" is: a few batches at the default settings."""
HOURS: Final = 24
ENTITIES: Final = 100
"""Shown by name, those with most tweets."""
MINUTES: Final = 60
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class BoardNow:
    """How the daemon is doing; None for what the log does not say."""

    tweets_per_s: tuple[float, float, float]
    """Now, over a minute, and over an hour."""
    minutes: Sequence[float | None]
    """Tweets a second in each of the last `MINUTES` minutes, the latest last."""
    latency_ms: tuple[float | None, float | None]
    """Arrival to COMMIT, median and 99th percentile, in the last minute that had tweets."""
    queue: int | None
    """Largest depth in the last minute."""
    dead_letters: int
    """In the last day."""
    rss_mib: float | None
    cpu_celsius: float | None
    clock_synchronised: bool | None
    last_sign: float | None
    """When the daemon last wrote something, seconds since the epoch; None if it never did."""
    disk_left: int | None
    """Bytes that are free where the log is; None if that cannot be told."""
    other_languages: int = 0
    """Tweets without a label in the last day, for the model does not read their language."""


@dataclass(frozen=True, slots=True)
class EntityNow:
    """An entity in the last `HOURS` hours."""

    standing: Standing
    negative_by_hour: Sequence[float | None]
    """Its negative share, the current hour last."""
    alert: bool
    """Whether one holds."""
    learning: Learning | None = None
    """How far alerts are with learning what is usual; None if that is known."""


@dataclass(frozen=True, slots=True)
class LatestTweet:
    """A labelled tweet, as it stands in the log."""

    received_at: str
    entity: str
    label: str
    unsure: bool
    text: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it."""

    taken_at: float
    """Seconds since the epoch."""
    log: str
    board: BoardNow
    entities: Sequence[EntityNow]
    """With most tweets first; `OTHERS` last, the rest of them added up."""
    tweets: Sequence[LatestTweet]
    """The latest first."""


def take(
    connection: sqlite3.Connection, log: str, now: float, entity: str | None, tweets: int
) -> Snapshot:
    """Look at a log.

    Args:
        connection: from `reader.open_log`.
        log: its name.
        now: seconds since the epoch.
        entity: whose tweets came last; "" for those about none, None for all.
        tweets: how many of them.
    """
    return Snapshot(
        now,
        log,
        _board(connection, now),
        _entities(connection, now),
        _tweets(connection, entity, tweets),
    )


def _board(connection: sqlite3.Connection, now: float) -> BoardNow:
    columns = (
        "started_at, seconds, labelled, rejected, latency_p50_ms, latency_p99_ms, queue_depth,"
        " rss_mib, cpu_celsius, clock_synchronised, log_id"
    )
    rows = connection.execute(
        f"SELECT {columns} FROM throughput WHERE started_at >= ? ORDER BY +id DESC",  # noqa: S608
        (utc(now - HOUR_S),),
    ).fetchall()
    latest = (
        rows
        or connection.execute(
            f"SELECT {columns} FROM throughput ORDER BY id DESC LIMIT 1"  # noqa: S608
        ).fetchall()
    )
    minute_ends = epoch(latest[0][0]) + latest[0][1] if latest else 0.0
    (rejected,) = connection.execute(
        "SELECT coalesce(sum(rejected), 0) FROM throughput WHERE started_at >= ?",
        (utc(now - HOURS * HOUR_S),),
    ).fetchone()
    lately, in_minute, last_batch, synchronised = 0, 0, None, None
    for started_at, ms, labelled, dead, clock in connection.execute(
        "SELECT started_at, collect_ms + classify_ms + store_ms, tweets, rejected,"
        " clock_synchronised FROM batches ORDER BY id DESC"
    ):
        ended = epoch(started_at) + ms / 1000
        if last_batch is None:
            last_batch, synchronised = ended, clock
        if ended < now - _MINUTE_S:
            break
        in_minute += labelled
        lately += labelled * (ended >= now - NOW_S)
        rejected += dead * (epoch(started_at) >= minute_ends)
    busy = [row for row in latest if row[4] is not None]
    signs = [moment for moment in (minute_ends, last_batch) if moment]
    return BoardNow(
        tweets_per_s=(
            lately / NOW_S,
            in_minute / _MINUTE_S,
            sum(row[2] for row in rows) / HOUR_S,
        ),
        minutes=_by_minute([(epoch(row[0]), row[2] / row[1], row[-1]) for row in rows], now),
        latency_ms=(busy[0][4], busy[0][5]) if busy else (None, None),
        queue=latest[0][6] if latest else None,
        dead_letters=rejected,
        other_languages=unread(connection, now - HOURS * HOUR_S, now).tweets,
        rss_mib=latest[0][7] if latest else None,
        cpu_celsius=latest[0][8] if latest else None,
        clock_synchronised=None if synchronised is None else bool(synchronised),
        last_sign=max(signs, default=None),
        disk_left=left(connection),
    )


def _by_minute(rates: Sequence[tuple[float, float, int | None]], now: float) -> list[float | None]:
    """Put rates, each with its beginning and its board, into minutes; those of boards add up."""
    found: list[dict[int | None, float]] = [{} for _ in range(MINUTES)]
    for started, rate, board in rates:
        ago = int((now - started) // _MINUTE_S)
        if 0 <= ago < MINUTES:
            found[MINUTES - 1 - ago][board] = rate
    return [sum(boards.values()) if boards else None for boards in found]


def _entities(connection: sqlite3.Connection, now: float) -> list[EntityNow]:
    since = now - HOURS * HOUR_S
    hours = {utc(now - ago * HOUR_S)[:13]: HOURS - 1 - ago for ago in range(HOURS)}
    shares: dict[str | None, list[float | None]] = {}
    names = most_spoken_of(connection, ENTITIES, since, now).names
    for hour in standings(
        connection, since + HOUR_S, now, window="hour", among=names, others=True, compared=False
    ):
        place = hours.get(hour.start[:13])
        if place is not None:
            shares.setdefault(hour.entity, [None] * HOURS)[place] = hour.negative.value
    raised = {alert.entity for alert in alerts(connection, since, now) if alert.ended_at is None}
    learnt = {one.entity: one for one in learning(connection, names)}
    return [
        EntityNow(
            s,
            shares.get(s.entity, [None] * HOURS),
            (s.entity or "") in raised,
            learnt.get(s.entity or ""),
        )
        for s in standings(connection, since, now, among=names, others=True)
    ]


def _tweets(connection: sqlite3.Connection, entity: str | None, count: int) -> list[LatestTweet]:
    columns = (
        "t.received_at, l.entity, coalesce(l.adapted, CASE m.task WHEN 'sentiment' THEN l.sentiment"
        " ELSE l.reputation END), CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained"
        " ELSE l.reputation_abstained END, t.text"
    )
    read = f"l.reputation <> '{OTHER_LANGUAGE}'"
    # CROSS JOIN keeps the order of the tables: each begins with the rows that came last.
    if entity is None:
        rows = connection.execute(
            f"SELECT {columns} FROM tweets AS t"  # noqa: S608  (our own names)
            " CROSS JOIN labels AS l ON l.tweet_id = t.id"
            f" CROSS JOIN models AS m ON m.id = l.model_id WHERE {read}"
            " ORDER BY t.rowid DESC LIMIT ?",
            (count,),
        )
    else:
        rows = connection.execute(
            f"SELECT {columns} FROM"  # noqa: S608  (as above)
            " (SELECT tweet_id, batch_id FROM labels INDEXED BY labels_batch WHERE entity = ?"
            " ORDER BY batch_id DESC LIMIT ?) AS k"
            " CROSS JOIN labels AS l ON l.tweet_id = k.tweet_id AND l.entity = ?"
            " CROSS JOIN tweets AS t ON t.id = l.tweet_id"
            f" CROSS JOIN models AS m ON m.id = l.model_id WHERE {read} ORDER BY k.batch_id DESC",
            (entity, count, entity),
        )
    return [
        LatestTweet(received_at, name, label, bool(unsure), text)
        for received_at, name, label, unsure, text in rows
    ]
