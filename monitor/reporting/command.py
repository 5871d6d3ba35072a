"""``monitor report``: how each entity stands, on the terminal or as data."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from monitor.options import fail, log_options, moment, opened, see_that_ours_stay, timezone_option
from monitor.periods import WINDOWS

if TYPE_CHECKING:  # it imports numpy: not for --help
    from monitor.standings import Report, ReportQuestion

_LEAST_COLUMNS: Final = 80


@click.command()
@click.option(
    "--since",
    default="24h",
    show_default=True,
    help="A span before now (90m, 24h, 7d, 1 month), yesterday, last week, or a date or time in"
    " ISO 8601.",
)
@click.option("--until", default="now", show_default=True, help="Likewise.")
@click.option("--by", "window", type=click.Choice(WINDOWS), help="Split the time.")
@click.option("--entity", help="Only this one; '' for tweets about none.")
@click.option(
    "--task",
    type=click.Choice(["reputation", "sentiment"]),
    help="Whose labels.  [default: those of [model] task]",
)
@click.option(
    "--correction",
    type=click.Choice(["regression", "adjusted", "em", "none"]),
    help="For the model's known mistakes.  [default: the best that the model knows]",
)
@click.option("--retweets", is_flag=True, help="Count retweets as tweets of their own.")
@click.option(
    "--top",
    "most",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="So many entities, those with most tweets; the rest is added up.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with pictures to this file instead.",
)
@timezone_option
@log_options
def report(
    since: str,
    until: str,
    html: Path | None,
    form: str,
    database: Path | None,
    config: Path | None,
    **asked: Any,  # noqa: ANN401  (the fields of Question)
) -> None:
    """Say how each entity stands: shares, net score, and what has changed.

    \b
    monitor report
    monitor report --since 7d --by day --entity Acme
    monitor report --since 2026-01-01 --by week --format csv > weeks.csv

    Shares of negative, neutral and positive tweets, each with its 95 % interval, are corrected for
    the model's known mistakes; the net score is the positive share less the negative one. Hours,
    days and weeks are whole ones. It reads the log beside the daemon and holds nobody up.
    """
    from monitor.standings import ReportQuestion

    now = time.time()
    start, end = moment(since, "--since", now), moment(until, "--until", now)
    if start >= end:
        raise click.BadParameter(
            f"{since!r} is no earlier than --until {until!r}", param_hint="--since"
        )
    if html and (form != "table" or any(_given(key) for key in asked if key != "entity")):
        raise click.UsageError("--html takes --since, --until and --entity, and no other option")
    if html:
        see_that_ours_stay(html, config)
    with opened(database, config) as connection:
        question = ReportQuestion(start, end, **asked)
        if html:
            _write_page(html, connection, question, now)
        else:
            found = _found(connection, question)
            if form != "table" and not found.standings:
                from monitor.reporting.table import empty

                click.echo(f"monitor: {empty(found)}", err=True)
            for line in _lines(found, form, now):
                click.echo(line)


def _given(key: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(key) is not click.core.ParameterSource.DEFAULT


def _found(connection: sqlite3.Connection, question: ReportQuestion) -> Report:
    from monitor.standings import UnknownEntityError, gather

    try:
        return gather(connection, question)
    except UnknownEntityError as error:
        fail(error)
    except ValueError as error:
        fail(f"--correction {question.correction}: {error}; leave the option away, or take 'none'")


def _lines(found: Report, form: str, now: float) -> Iterator[str | bytes]:
    if form == "table":
        from monitor.console import glyphs
        from monitor.reporting import table

        columns = max(shutil.get_terminal_size().columns, _LEAST_COLUMNS)
        yield from table.lines(found, now, columns, glyphs())
        return
    from monitor.reporting import data

    # Data are UTF-8 wherever they go.
    match form:
        case "json":
            yield data.as_json(found)
        case "csv":
            yield data.as_csv(found).encode()
        case _:
            yield from (line.encode() for line in data.as_markdown(found))


def _write_page(
    path: Path, connection: sqlite3.Connection, question: ReportQuestion, now: float
) -> None:
    from monitor.reporting import html
    from monitor.standings import UnknownEntityError

    try:
        html.write(
            path,
            connection,
            since=question.since,
            until=question.until,
            entity=question.entity,
            now=now,
        )
    except UnknownEntityError as error:
        fail(error)
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")
    click.echo(f"written: {path}", err=True)
