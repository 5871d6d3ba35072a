"""``monitor classify``: texts to labels, and files of them."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from monitor.console import counted
from monitor.options import (
    EXIT_CONFIGURATION,
    EXIT_FAILURE,
    OutputFolder,
    configured_entities,
    entities_option,
    fail,
    model_options,
    say_that_it_waits,
)

if TYPE_CHECKING:
    from monitor.archive.question import Columns
    from monitor.archive.stream import Engine
    from monitor.inference import Model
    from monitor.tweets import Entity

_FOR_FILES: Final = {
    "engine": "--engine",
    "ray_address": "--ray-address",
    "text_column": "--text-column",
    "entity_column": "--entity-column",
    "force": "--force",
}
"""Options that mean nothing without --output."""


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT|FILE]...")
@click.option("--entity", help="Whose reputation is asked for (a line's own `entity` wins).")
@click.option(
    "--task",
    type=click.Choice(["reputation", "sentiment"]),
    default="reputation",
    show_default=True,
    help="Which answer is the label; the other stands beside it.",
)
@click.option(
    "--output",
    metavar="DIR",
    type=OutputFolder(),
    help="Label files into this folder.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Of files: this machine's cores, or Ray (extra [ray]).",
)
@click.option(
    "--ray-address",
    metavar="HOST:PORT",
    help="A Ray cluster that this machine is part of, or `auto`; without this, RAY_ADDRESS; without"
    " that, Ray runs on this machine while it is needed.",
)
@click.option(
    "--text-column",
    default="text",
    show_default=True,
    help="Of files: column or field of the text.",
)
@click.option(
    "--entity-column",
    default="entity",
    show_default=True,
    help="Of files: column or field that may name an entity.",
)
@click.option(
    "--every-language",
    is_flag=True,
    help="Label texts in languages that the model does not read, too: without this their label is"
    " other-language, with no probabilities.",
)
@click.option("--force", is_flag=True, help="Replace what else is in DIR under the files' names.")
@entities_option
@model_options
@click.pass_context
def classify(
    context: click.Context,
    texts: tuple[str, ...],
    entity: str | None,
    task: str,
    output: Path | None,
    engine: str,
    ray_address: str | None,
    text_column: str,
    entity_column: str,
    every_language: bool,
    force: bool,
    config: Path | None,
    model: str,
    runtime: str,
    workers: int,
) -> None:
    """Label TEXTs, or JSON lines from standard input, or whole FILEs with --output.

    \b
    monitor classify --entity Acme "Acme is the worst company ever" | jq .label
    zcat tweets.jsonl.gz | monitor classify > labelled.jsonl
    monitor classify archive/*.jsonl.gz --output labelled
    monitor classify archive --output labelled --engine ray

    An input line is an object with `text` and perhaps `entity`, or a tweet as APIs have it; its
    fields are kept, `label` and `probabilities` are added (or replaced), and the other task's
    answer under its name. Order is kept, memory is bounded, so it can stand in any pipe. A line
    that is no tweet ends the run with exit code 1, after everything before it has been written.

    With --output the arguments are files (*.jsonl, *.ndjson, *.json and *.csv, each also with .gz,
    and *.parquet), or folders of them. Each becomes a file of the same name and format in DIR, the
    same bytes with any engine and any number of workers. Rows that cannot be labelled are put into
    DIR/NAME.rejected.jsonl with the reason, and are no error. A file that cannot be read, or of
    which not one row can be labelled, is said and left out, and the exit code is 1 in the end.

    A file appears in DIR when it is complete. The same command again labels what is missing or has
    changed since; labels of another model, entity or task are neither mixed nor replaced, unless
    --force says so.
    """
    if output is None:
        _see_that_not_for_files(context)
    elif not texts:
        raise click.UsageError("--output wants files to label")
    entities = configured_entities(config)
    if output is None:
        _classify(texts, entity, task, entities, every_language, model, runtime, workers)
        return
    from monitor.archive.question import Columns

    question = Columns(task, entity or None, text_column, entity_column, entities, every_language)
    address = ray_address or os.environ.get("RAY_ADDRESS") or "local"
    if engine == "ray":
        _see_that_ray(address)
    _label_files(texts, output, question, force, model, runtime, workers, engine, address)


def _see_that_not_for_files(context: click.Context) -> None:
    for parameter, option in _FOR_FILES.items():
        if context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} goes with --output DIR")


def _see_that_ray(address: str) -> None:
    import importlib.util

    if not importlib.util.find_spec("ray"):
        fail("--engine ray needs the extra [ray]: pip install 'tweet-reputation-monitor[ray]'")
    if "://" in address:
        raise click.UsageError(
            f"{address}: a client of Ray cannot hand out files; run the command on a machine of"
            " the cluster, with --ray-address auto"
        )


def _classify(
    texts: tuple[str, ...],
    entity: str | None,
    task: str,
    entities: tuple[Entity, ...],
    every_language: bool,
    model: str,
    runtime: str,
    workers: int,
) -> None:
    """Label arguments or standard input onto standard output."""
    from monitor.archive import jsonlines
    from monitor.archive.rows import BadRowError
    from monitor.inference import Classifier, Model, ModelError

    if not texts:
        say_that_it_waits('JSON lines such as {"text": "..."}')
    try:
        loaded = Model.load(model)
        refusing = not every_language
        with Classifier(
            loaded, workers, runtime, entities, refuse_other_languages=refusing
        ) as classifier:
            rows = (
                jsonlines.arguments(texts)
                if texts
                else jsonlines.read(sys.stdin.buffer, "standard input")
            )
            for row in jsonlines.labelled(rows, classifier, task, entity):
                click.echo(row.encode())  # JSON is UTF-8 (RFC 8259), whatever the terminal is
    except (ModelError, BadRowError) as error:
        fail(error)


def _label_files(
    arguments: tuple[str, ...],
    folder: Path,
    question: Columns,
    force: bool,
    model: str,
    runtime: str,
    workers: int,
    engine: str,
    address: str,
) -> None:
    """Label files into a folder, and say what has been done."""
    from monitor.archive.draft import clear
    from monitor.archive.inputs import REJECTED, InputError, find
    from monitor.archive.manifest import Manifest, ManifestError
    from monitor.archive.run import RunError, Summary, asked, carry_out, plan
    from monitor.archive.stream import EngineError
    from monitor.inference import Model, ModelError, choose_runtime

    began = time.monotonic()
    summary = Summary()
    complete = total = 0

    def stands() -> str:
        return (
            f"{complete + summary.files} of {counted(total, 'file is', 'files are')} complete; the"
            " same command goes on from there"
        )

    try:
        loaded = Model.load(model)
        asked_for = asked(loaded, choose_runtime(runtime), question)
        inputs = find(arguments)
        total = len(inputs)
        with Manifest(folder) as manifest:
            clear(folder)
            missing = plan(inputs, folder, manifest, asked_for, force=force)
            complete = total - len(missing)
            if not missing:
                every = "all " if total > 1 else ""
                already = f"{every}{counted(total, 'file is', 'files are')} complete already"
                click.echo(already, err=True)
                return
            if complete:
                click.echo(
                    f"{complete} of {counted(total, 'file is', 'files are')} complete already",
                    err=True,
                )
            carry_out(
                missing,
                folder,
                manifest,
                asked_for,
                lambda: _engine(engine, loaded, workers, runtime, question, address),
                summary,
            )
    except InputError as error:
        fail(error, EXIT_CONFIGURATION)
    except (ManifestError, ModelError) as error:
        fail(error)
    except (RunError, EngineError) as error:
        fail(f"{error}; {stands()}")
    except OSError as error:
        fail(f"{folder}: {error.strerror or error}")
    except KeyboardInterrupt:
        click.echo(f"monitor: {stands()}", err=True)
        raise
    rejected = (
        f"; {counted(summary.rejected, 'row is', 'rows are')} rejected: {folder}/*{REJECTED}"
        if summary.rejected
        else ""
    )
    click.echo(
        f"labelled {counted(summary.tweets, 'tweet')} of {counted(summary.files, 'file')} in"
        f" {time.monotonic() - began:.1f} s{rejected}",
        err=True,
    )
    if summary.failed:
        fail(
            f"{len(summary.failed)} of {counted(total, 'file')} could not be labelled", EXIT_FAILURE
        )


def _engine(
    name: str, model: Model, workers: int, runtime: str, question: Columns, address: str
) -> AbstractContextManager[Engine]:
    """Start an engine."""
    if name == "ray":
        from monitor.archive.cluster import Cluster

        return Cluster(model, workers, runtime, question, None if address == "local" else address)
    from monitor.archive.local import Local
    from monitor.inference import Classifier

    refusing = not question.every_language
    classifier = Classifier(
        model, workers, runtime, question.entities, refuse_other_languages=refusing
    )
    classifier.check()
    return Local(classifier, question)
