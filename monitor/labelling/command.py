"""``monitor label``: say what tweets are, key by key, or in files."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.clock import utc
from monitor.options import (
    EXIT_CONFIGURATION,
    OutputFile,
    fail,
    log_options,
    log_path,
    moment,
    timezone_option,
)

if TYPE_CHECKING:
    from monitor.labelling.sample import Mode
    from monitor.labelling.taking import ModelAnswers
    from monitor.labelling.worth import Worth
    from monitor.settings import Settings
    from monitor.verdict import Pair


@click.command()
@click.option(
    "--entity", help="Whose tweets; '' for tweets about none.  [default: the most spoken of]"
)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="How many to be asked about.",
)
@click.option(
    "--since",
    help="Only tweets that arrived from then on, as for report: 7d, 2026-01-01. For answers that"
    " have become old.  [default: all]",
)
@click.option(
    "--teach",
    is_flag=True,
    help="Ask about tweets that the model is least sure of, instead of any. They do not count for"
    " shares.",
)
@click.option(
    "--export",
    "exported",
    type=OutputFile(),
    help="Write your answers to this file, all or those of --entity: JSON lines, or CSV by its"
    " name; - is standard output.",
)
@click.option(
    "--sheet",
    type=OutputFile(),
    help="Write --count tweets drawn at random to this file, to be filled in and imported.",
)
@click.option(
    "--import",
    "imported",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take answers from this file, all of them or none; - is standard input.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Ask the configured model about the texts of answers that were given beside another"
    " model's, so that they teach this one.",
)
@click.option("--replace", is_flag=True, help="Let imported answers take the place of others.")
@click.option("--delete", is_flag=True, help="Delete all your answers, or those of --entity.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@timezone_option
@log_options
def label(
    entity: str | None,
    count: int,
    since: str | None,
    database: Path | None,
    config: Path | None,
    exported: Path | None,
    sheet: Path | None,
    imported: Path | None,
    *,
    teach: bool,
    again: bool,
    replace: bool,
    delete: bool,
    yes: bool,
) -> None:
    """Say what tweets are: ten minutes of it, and an entity's shares are true.

    \b
    monitor label
    monitor label --entity Acme --count 25
    monitor label --sheet acme.csv --entity Acme && monitor label --import acme.csv
    monitor label --delete --entity Acme

    Shows tweets of the log, drawn at random, one at a time; a key is an answer. Each answer is in
    the log at once, beside the daemon: stop when you like, and go on with the same command. From
    ten answers on, `monitor report` estimates the shares of the entity from them. It says, too,
    when it is time for ten of later tweets (--since).
    """
    from monitor.store import StoreError
    from monitor.store.owner_labels import opened_beside

    if sum(map(bool, (exported, sheet, imported, delete, teach, again))) > 1:
        raise click.UsageError(
            "--export, --sheet, --import, --again, --delete and --teach exclude each other"
        )
    path = log_path(database, config)
    begin = utc(moment(since, "--since", time.time())) if since else ""
    try:
        with opened_beside(path) as connection:
            if exported:
                _export(connection, entity, exported)
            elif sheet:
                _sheet(connection, entity, count, sheet, begin)
            elif imported:
                _import(connection, imported, config, replaces=replace)
            elif again:
                _again(connection, entity, config)
            elif delete:
                _delete(connection, entity, yes=yes)
            else:
                _ask(connection, entity, count, "teaching" if teach else "random", begin)
    except StoreError as error:
        fail(error)


def _export(connection: sqlite3.Connection, entity: str | None, path: Path) -> None:
    from monitor.labelling import files
    from monitor.store.owner_labels import read
    from monitor.tweets import NO_ENTITY

    labels = read(connection, "" if entity == NO_ENTITY else entity)
    _write(path, [files.of_label(label) for label in labels])
    click.echo(f"{path}: {len(labels):,} answers", err=True)


def _sheet(
    connection: sqlite3.Connection, entity: str | None, count: int, path: Path, since: str
) -> None:
    from monitor.labelling import files
    from monitor.labelling.sample import draw, nothing_to_draw

    entity = _entity(connection, entity)
    tweets = draw(connection, entity, count, "random", since).tweets
    if not tweets:
        fail(nothing_to_draw(connection, entity, since))
    _write(path, [files.of_tweet(tweet) for tweet in tweets])
    click.echo(
        f"{path}: {len(tweets):,} tweets to fill in under `label`; leave none out, or the shares"
        " are those of the tweets that are easy to say",
        err=True,
    )


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from monitor.labelling import files

    try:
        files.write(path, rows)
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")


def _import(
    connection: sqlite3.Connection, path: Path, config: Path | None, *, replaces: bool
) -> None:
    from monitor.labelling import files, taking
    from monitor.settings import ConfigurationError, load
    from monitor.store.owner_labels import put, transaction
    from monitor.tweets.redaction import redact
    from monitor.tweets.redaction.numbers import CLOSELY_IN_NAMES

    try:
        settings = load(config, connects=False)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    store_text = settings.privacy.store_text
    configured = {each.name.strip() for each in settings.entities}

    def keep(text: str) -> str | None:
        if store_text == "none":
            return None
        return text if store_text == "full" else redact(text)

    def name(entity: str) -> str:
        ours = store_text == "full" or entity in configured
        return entity if ours else redact(entity, CLOSELY_IN_NAMES)

    try:
        taken = taking.take(
            connection,
            files.read(path),
            now=time.time(),
            keep=keep,
            name=name,
            ask=lambda pairs: _asked(settings, pairs),
            replaces=replaces,
        )
    except taking.RefusedError as error:
        fail(f"{path}: nothing was taken:\n{error}")
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")
    with transaction(connection):
        put(connection, taken.labels)
    click.echo(
        f"{path}: {len(taken.labels):,} answers taken, {taken.known:,} known before,"
        f" {taken.empty:,} rows without one"
    )
    _follow(connection)


def _again(connection: sqlite3.Connection, entity: str | None, config: Path | None) -> None:
    from monitor.inference import Model, ModelError
    from monitor.labelling.again import asked_again, of_others
    from monitor.settings import ConfigurationError, load
    from monitor.store.owner_labels import put, transaction
    from monitor.tweets import NO_ENTITY

    try:
        settings = load(config, connects=False)
        sha256 = Model.load(settings.model.path).sha256
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    except ModelError as error:
        fail(error)
    others = of_others(connection, "" if entity == NO_ENTITY else entity, sha256)
    labels = asked_again(others, lambda pairs: _asked(settings, pairs))
    with transaction(connection):
        put(connection, labels)
    click.echo(
        f"{len(labels):,} answers are now beside what {settings.model.path} says of their texts;"
        f" of {len(others) - len(labels):,} no text is kept"
    )
    _follow(connection)


def _asked(settings: Settings, pairs: Sequence[Pair]) -> ModelAnswers:
    """Ask the configured model about texts that are not in the log."""
    from monitor.inference import Classifier, Model, ModelError
    from monitor.labelling.taking import ModelAnswers
    from monitor.verdict import POLARITIES, TASKS

    try:
        model = Model.load(settings.model.path)
        with Classifier(model, 1, settings.model.runtime, settings.entities) as classifier:
            verdicts = list(classifier.stream(pairs))
    except ModelError as error:
        fail(error)
    said = [
        tuple(verdict[task].probabilities.get(p, 0.0) for task in TASKS for p in POLARITIES)
        for verdict in verdicts
    ]
    return ModelAnswers([tuple(round(p, 5) for p in each) for each in said], model.sha256)


def _delete(connection: sqlite3.Connection, entity: str | None, *, yes: bool) -> None:
    from monitor.store.owner_labels import delete, read
    from monitor.tweets import NO_ENTITY

    entity = "" if entity == NO_ENTITY else entity
    known = len(read(connection, entity))
    whom = "" if entity is None else f" about {entity or NO_ENTITY}"
    if not known:
        click.echo(f"there are no answers{whom}")
        return
    if not yes:
        if not sys.stdin.isatty():
            fail(f"{known:,} answers{whom} would be deleted; --yes does it", EXIT_CONFIGURATION)
        click.confirm(f"Delete {known:,} answers{whom}?", abort=True)
    click.echo(f"deleted {delete(connection, entity):,} answers{whom}")
    _follow(connection)


def _ask(
    connection: sqlite3.Connection, entity: str | None, count: int, mode: Mode, since: str
) -> None:
    from monitor.console import glyphs, printable, streams
    from monitor.console.terminal import TerminalGoneError
    from monitor.labelling import keyboard, terminal
    from monitor.labelling.sample import draw, is_masked, nothing_to_draw
    from monitor.labelling.session import LabellingSession
    from monitor.labelling.worth import counted, worth
    from monitor.tweets import NO_ENTITY

    if not keyboard.usable():
        fail("label asks key by key, which takes a terminal", EXIT_CONFIGURATION)
    entity = _entity(connection, entity)
    signs = glyphs()
    drawing = draw(connection, entity, count, mode, since)
    if not drawing.tweets:
        fail(nothing_to_draw(connection, entity, since))
    whom = printable(entity or NO_ENTITY, signs)
    how = "of which the model is least sure" if mode == "teaching" else "drawn at random"
    click.echo(f"{whom}: {len(drawing.tweets):,} tweets of {drawing.of:,}, {how}.")
    if any(is_masked(tweet.text) for tweet in drawing.tweets):
        click.echo("Texts are shown as they are kept: mentions, links and numbers are masked.")
    session = LabellingSession(connection, drawing, mode)
    counts = counted(connection, entity)

    def so_far() -> Worth:
        return worth(connection, entity, counts)

    try:
        with keyboard.keys() as key:
            terminal.run(session, so_far, entity, mode, key, click.echo, signs)
    except (TerminalGoneError, OSError) as error:
        if isinstance(error, OSError) and error.filename not in (None, streams.OUTPUT):
            raise
        fail("the terminal is gone; each answer is kept", 128 + signal.SIGHUP)
    click.echo()
    for line in terminal.ending(so_far(), session, entity, mode, signs):
        click.echo(line)
    _follow(connection)


def _follow(connection: sqlite3.Connection) -> None:
    """Have labels follow the answers; what takes longer is the daemon's to finish."""
    from monitor.labelling.following import follow

    if said := follow(connection):
        click.echo(said)


def _entity(connection: sqlite3.Connection, asked: str | None) -> str:
    """Return whose tweets are asked about; end the program if the log knows none of it."""
    from monitor.standings import UnknownEntityError
    from monitor.standings.report import spelled
    from monitor.standings.tallies import ranking
    from monitor.tweets import NO_ENTITY

    if asked is None:
        return next(iter(ranking(connection, 1).names), "")
    entity = "" if asked == NO_ENTITY else asked
    try:
        return spelled(connection, entity) if entity else entity
    except UnknownEntityError as error:
        fail(error)
