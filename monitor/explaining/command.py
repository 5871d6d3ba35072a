"""``monitor explain``: the words that moved a label."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import click

from monitor.options import (
    configured_entities,
    entities_option,
    fail,
    model_option,
    runtime_option,
)

_LEAST_COLUMNS: Final = 80


@click.command()
@click.argument("text")
@click.option("--entity", help="Whose reputation is asked about.")
@click.option(
    "--task",
    type=click.Choice(["reputation", "sentiment"]),
    default="reputation",
    show_default=True,
    help="Whose label.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@entities_option
@model_option
@runtime_option
def explain(
    text: str,
    entity: str | None,
    task: str,
    as_json: bool,
    config: Path | None,
    model: str,
    runtime: str,
) -> None:
    """Show which words of TEXT move its label, by leaving out each in turn.

    \b
    monitor explain --entity Acme "Acme is the worst company ever"

    A bar to the right is a word that speaks for the label, one to the left a word that speaks
    against it. It shows what the model reacts to, not why.
    """
    from monitor.console import glyphs
    from monitor.explaining import table
    from monitor.explaining.occlusion import explain as ask
    from monitor.inference import Classifier, Model, ModelError

    if not text.strip():
        raise click.UsageError("TEXT is empty")
    entities = configured_entities(config)
    try:
        loaded = Model.load(model)
        with Classifier(loaded, 1, runtime, entities) as classifier:
            found = ask(classifier, _storable(text), _storable(entity or "") or None, task)
    except ModelError as error:
        fail(error)
    name = f"{loaded.name} {loaded.version}"
    if as_json:
        click.echo(table.as_json(found, name))
        return
    columns = max(shutil.get_terminal_size().columns, _LEAST_COLUMNS)
    for line in table.lines(found, name, columns, glyphs()):
        click.echo(line)


def _storable(text: str) -> str:
    """Replace what is no text: an argument's bytes need not be UTF-8."""
    return text.encode(errors="replace").decode()
