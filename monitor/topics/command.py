"""``monitor topics``: what tweets are about, on the terminal or as data."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from monitor.options import configured_entities, fail, log_options, moment, opened, timezone_option
from monitor.periods import beginning

if TYPE_CHECKING:  # it imports numpy: not for --help
    from monitor.topics.reading import Question

_LEAST_COLUMNS: Final = 80
_MOST: Final = 200
_SHOWN: Final = 10


@click.command()
@click.option(
    "--since",
    default="7d",
    show_default=True,
    help="A span before now (90m, 24h, 7d, 1 month), yesterday, last week, or a date or time in"
    " ISO 8601; from the hour on in which that lies.",
)
@click.option("--until", default="now", show_default=True, help="Likewise, to the moment.")
@click.option(
    "--entity", help="Only tweets about this one; '' for tweets about none.  [default: all tweets]"
)
@click.option("--alert", type=click.IntRange(1), help="Entity and time of this alert instead.")
@click.option(
    "--top",
    "most",
    type=click.IntRange(1, _MOST),
    default=_SHOWN,
    show_default=True,
    help="So many stories, the largest; the rest is counted.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@timezone_option
@log_options
def topics(
    since: str,
    until: str,
    entity: str | None,
    alert: int | None,
    most: int,
    form: str,
    database: Path | None,
    config: Path | None,
) -> None:
    """Say what tweets are about: the stories in them, and the words that stand out.

    \b
    monitor topics --entity Acme --since 24h
    monitor topics --alert 7
    monitor topics --since 7d --format json | jq -r '.stories[].examples[0].text'

    A story is tweets that share words which stand out, or copies of one text, retweets included.
    Words stand out against the entity's tweets of before. --config names the entity's aliases,
    which are no topics. It reads stored texts, as [privacy] store_text keeps them, beside the
    daemon, and holds nobody up.
    """
    given = click.get_current_context().get_parameter_source
    if alert is not None and any(
        given(name) is not click.core.ParameterSource.DEFAULT
        for name in ("since", "until", "entity")
    ):
        raise click.UsageError("--alert has an entity and a time of its own")
    now = time.time()
    start = beginning(moment(since, "--since", now), "hour")
    end = min(moment(until, "--until", now), now)
    if start >= end:
        raise click.BadParameter(
            f"{since!r} is no earlier than --until {until!r}", param_hint="--since"
        )
    with opened(database, config) as connection:
        question = _question(connection, (start, end), entity, alert, now)
        names = _aliases(question.entity, config)
        for line in _lines(connection, replace(question, names=names, most=most), form):
            click.echo(line)


def _question(
    connection: sqlite3.Connection,
    span: tuple[float, float],
    entity: str | None,
    alert: int | None,
    now: float,
) -> Question:
    from monitor.standings import UnknownEntityError
    from monitor.standings.report import spelled
    from monitor.topics.reading import Question, UnknownAlertError, of_alert

    try:
        if alert is not None:
            return Question(*of_alert(connection, alert, now), alert=alert)
        return Question(None if entity is None else spelled(connection, entity), *span)
    except (UnknownEntityError, UnknownAlertError) as error:
        fail(error)


def _aliases(entity: str | None, config: Path | None) -> tuple[str, ...]:
    """Return what else a configuration calls the entity."""
    configured = configured_entities(config) if config else ()
    return tuple(alias for one in configured if one.name == entity for alias in one.aliases)


def _lines(connection: sqlite3.Connection, question: Question, form: str) -> Iterator[str]:
    from monitor.topics import data, reading, table

    answer = reading.answer(connection, question)
    if form == "json":
        if not answer.topics.count.every:
            click.echo(f"monitor: {table.nothing(answer)}", err=True)
        yield data.as_json(answer)
        return
    from monitor.console import glyphs

    columns = max(shutil.get_terminal_size().columns, _LEAST_COLUMNS)
    yield from table.lines(answer, columns, glyphs())
