"""A summary: how each entity stood in a span, as `monitor report` says it, in lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final

from monitor.console import counted
from monitor.notifying import words
from monitor.periods import epoch
from monitor.pictures.overview import read
from monitor.pictures.spans import Span
from monitor.reporting import html
from monitor.standings import Alert, Report, ReportQuestion, gather
from monitor.standings.report import others
from monitor.standings.rise import risen, went_on
from monitor.standings.sentences import Told

_ENTITIES: Final = 20
_ALERTS: Final = 10


def of_span(
    connection: sqlite3.Connection,
    since: float,
    until: float,
    zone: tzinfo | None,
    dashboard: str,
) -> words.Message:
    """Sum up a span.

    Args:
        connection: from `reader.open_log`.
        since: seconds since the epoch; rounded down to a whole hour, UTC.
        until: the same.
        zone: whose times are given; None for the board's.
        dashboard: its address, to be linked; "" for none.

    Raises:
        sqlite3.Error, StoreError: if the log cannot be read.
    """
    report = gather(connection, ReportQuestion(since, until, most=_ENTITIES))
    page = html.rendered(read(connection, Span.of(since, until), entity=None, now=until))
    begin, end = words.moment(since, zone), words.moment(until, zone)
    return words.Message(
        "summary",
        f"Reputation, {begin} to {end}",
        "\n".join(_lines(report, zone, dashboard)),
        str(page),
    )


def _lines(report: Report, zone: tzinfo | None, dashboard: str) -> Iterator[str]:
    told = {one.whole.entity: one for one in report.told}
    for standing in report.standings:
        said = told.get(standing.entity, Told(standing, None, "day")).said
        yield f"{words.named(standing.entity)}: {said}"
    if not report.standings:
        yield "No tweets in that time."
    for alert in report.alerts[:_ALERTS]:
        yield _alert(alert, zone)
    if left := len(report.alerts) - _ALERTS:
        yield from [f"And {counted(left, 'alert')} more."] * (left > 0)
    if report.standings:
        yield "In brackets: 95 % intervals."
        yield from map(words.harmless, report.basis)
    yield from map(words.harmless, others(report))  # which name entities, too
    since, until = (
        datetime.fromtimestamp(end, UTC) for end in (report.question.since, report.question.until)
    )
    command = f"monitor report --since {since:%Y-%m-%dT%H:%M}Z --until {until:%Y-%m-%dT%H:%M}Z"
    yield f"See {dashboard}" if dashboard else f"The same on the board: {command}"


def _alert(alert: Alert, zone: tzinfo | None) -> str:
    raised = words.moment(epoch(alert.raised_at), zone)
    until = f"to {words.moment(epoch(alert.ended_at), zone)}" if alert.ended_at else "and on"
    said = f"{risen(alert)}{words.harmless(went_on(alert))}"
    return f"Alert, {raised} {until}: {words.named(alert.entity)}, {said}."
