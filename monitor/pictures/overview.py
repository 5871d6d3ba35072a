"""What a page shows of the log, read in one go: standings, alerts, and how the board does."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.clock import utc
from monitor.periods import SECONDS, epoch
from monitor.pictures.spans import Span
from monitor.standings import Report, ReportQuestion, Standing, gather, standings
from monitor.store.disk import left
from monitor.tweets import OTHERS

_BOARD_S: Final = 7 * SECONDS["day"]
"""How far back the board is looked at; beyond, minute by minute is too much to read at once."""
_DEAD_LETTERS: Final = 1000
_ENTITIES: Final = 50
"""Shown by name, those with most tweets."""


_PLACES: Final = {OTHERS: 1, None: 2}
"""Of those that are no entity, at the end."""


@dataclass(frozen=True, slots=True)
class EntityRow:
    """An entity in the span, window by window, and in the span before."""

    whole: Standing
    """Its change is that against the span before."""
    windows: Sequence[Standing]
    """The earliest first."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What the board got done in an hour (or a minute, of a short span)."""

    start: float
    tweets_per_s: float
    rejected: int
    latency_p50_ms: float | None
    """Mean of the minutes' medians."""
    latency_p99_ms: float | None
    """Of the worst minute."""


@dataclass(frozen=True, slots=True)
class BoardHealth:
    """How the board does."""

    since: float
    step: float
    """Seconds of an `Hour`."""
    hours: Sequence[Hour]
    last_sign: float | None
    """When something was last written, by the board's clock."""
    clock_synchronised: bool | None
    """None where the board cannot tell."""
    queue_depth: int
    rss_mib: float | None
    cpu_celsius: float | None
    disk_left: int | None
    """Bytes that are free where the log is, now; None if that cannot be told."""
    dropped: int
    """Messages that the broker said it dropped."""
    reasons: Sequence[tuple[str, int]]
    """Of the latest thousand dead letters."""
    model: str | None
    runtime: str | None

    @property
    def rejected(self) -> int:
        """Messages that could not be read."""
        return sum(hour.rejected for hour in self.hours)


@dataclass(frozen=True, slots=True)
class Overview:
    """All that a page shows."""

    span: Span
    now: float
    report: Report
    """How entities stand in the span as a whole."""
    rows: Sequence[EntityRow]
    """The entity with most tweets first; last those that are added up, and tweets about none."""
    board: BoardHealth

    @property
    def entity(self) -> str | None:
        """The one asked for; None for all."""
        return self.report.question.entity


def read(connection: sqlite3.Connection, span: Span, *, entity: str | None, now: float) -> Overview:
    """Read what a page shows.

    Args:
        connection: from `reader.open_log`.
        span: what of the log.
        entity: only this one; "" for tweets about no entity; None for all.
        now: seconds since the epoch.

    Raises:
        UnknownEntityError: if the log holds nothing about the entity.
    """
    question = ReportQuestion(span.since, span.until, entity=entity, most=_ENTITIES)
    report = gather(connection, question)
    return Overview(span, now, report, _rows(connection, span, report), _board(connection, span))


def _rows(connection: sqlite3.Connection, span: Span, report: Report) -> list[EntityRow]:
    windows: dict[str | None, list[Standing]] = {}
    for standing in standings(
        connection,
        span.since,
        span.until,
        window=span.window,
        among=report.shown.names,
        others=report.question.entity is None,
    ):
        windows.setdefault(standing.entity, []).insert(0, standing)
    rows = [EntityRow(whole, windows.get(whole.entity, [])) for whole in report.standings]
    return sorted(rows, key=lambda row: (_PLACES.get(row.whole.entity, 0), -row.whole.tweets))


def _board(connection: sqlite3.Connection, span: Span) -> BoardHealth:
    since = max(span.since, span.end - _BOARD_S)
    minutely = span.end - since <= SECONDS["day"] / 8
    letters = len("2026-11-21T17:21" if minutely else "2026-11-21T17")
    hours = connection.execute(
        # Of a joined log each board by itself first: side by side their rates add up.
        "SELECT time, sum(rate), sum(rejected), sum(waited) / sum(busy), max(latency_p99_ms),"  # noqa: S608
        " max(queue_depth), max(rss_mib), max(cpu_celsius) FROM ("
        f"SELECT substr(started_at, 1, {letters}) AS time, sum(labelled) / sum(seconds) AS rate,"
        " sum(rejected) AS rejected, sum(labelled * latency_p50_ms) AS waited,"
        " sum(iif(latency_p50_ms IS NULL, 0, labelled)) AS busy,"
        " max(latency_p99_ms) AS latency_p99_ms, max(queue_depth) AS queue_depth,"
        " max(rss_mib) AS rss_mib, max(cpu_celsius) AS cpu_celsius"
        " FROM throughput WHERE started_at >= ? AND started_at < ? GROUP BY time, log_id"
        ") GROUP BY time",
        (utc(since), utc(span.end)),
    ).fetchall()
    dropped = connection.execute(
        # A broker that restarted counts from nothing again.
        "SELECT sum(CASE WHEN more < 0 THEN broker_dropped ELSE more END) FROM ("
        " SELECT broker_dropped, broker_dropped - lag(broker_dropped)"
        " OVER (PARTITION BY log_id ORDER BY id) AS more"
        " FROM throughput WHERE started_at >= ? AND started_at < ?)",
        (utc(since), utc(span.end)),
    ).fetchone()
    minute = connection.execute(
        "SELECT started_at, seconds, clock_synchronised FROM throughput ORDER BY id DESC LIMIT 1"
    ).fetchone()
    batch = connection.execute(
        "SELECT started_at, clock_synchronised FROM batches ORDER BY id DESC LIMIT 1"
    ).fetchone()
    signs = [epoch(minute[0]) + minute[1]] if minute else []
    signs += [epoch(batch[0])] if batch else []
    marks = [row[-1] for row in (minute, batch) if row]
    model = connection.execute(
        "SELECT name || ' ' || version, runtime FROM models"
        " WHERE id = coalesce((SELECT model_id FROM batches ORDER BY id DESC LIMIT 1),"
        " (SELECT max(id) FROM models))"
    ).fetchone()
    reasons = connection.execute(
        "SELECT reason, count(*) AS messages FROM"
        " (SELECT reason FROM dead_letters ORDER BY rowid DESC LIMIT ?)"
        " GROUP BY reason ORDER BY messages DESC",
        (_DEAD_LETTERS,),
    ).fetchall()
    return BoardHealth(
        since=since,
        step=60.0 if minutely else SECONDS["hour"],
        hours=[
            Hour(epoch(f"{time}{':00' if minutely else ':00:00'}Z"), rate, rejected, p50, p99)
            for time, rate, rejected, p50, p99, *_ in hours
        ],
        last_sign=max(signs, default=None),
        clock_synchronised=next((bool(mark) for mark in marks if mark is not None), None),
        queue_depth=max((row[5] for row in hours), default=0),
        rss_mib=max((row[6] for row in hours if row[6] is not None), default=None),
        cpu_celsius=max((row[7] for row in hours if row[7] is not None), default=None),
        disk_left=left(connection),
        dropped=dropped[0] or 0,
        reasons=[tuple(row) for row in reasons],
        model=model and model[0],
        runtime=model and model[1],
    )
