"""``monitor evaluate --behaviour``."""

from __future__ import annotations

import json

import click

from monitor.evaluation.behaviour import record, report
from monitor.evaluation.behaviour.document import as_markdown
from monitor.evaluation.behaviour.figures import figures
from monitor.evaluation.behaviour.run import run


def behaviour(
    model: str, *, held_back: bool, style: str, runtime: str, workers: int, keep: bool
) -> None:
    """Ask, print, and keep the figures on demand.

    Raises:
        monitor.training.errors.TrainingError: a file is missing or broken.
        monitor.model.ModelError: the model cannot be used.
    """
    half = "held_back" if held_back else "open"
    answered = run(model, half, runtime=runtime, workers=workers)
    found = figures(answered)
    if style == "json":
        click.echo(json.dumps(report.as_json(answered, found), indent=2))
    elif style == "markdown":
        click.echo(as_markdown({half: record.recorded(answered, found)}), nl=False)
    else:
        click.echo(report.as_table(answered, found))
    if keep:
        record.write(answered, found)
