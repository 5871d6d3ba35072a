"""``monitor evaluate --behaviour``."""

from __future__ import annotations

import click

from monitor.console import strict_json
from monitor.lab.evaluation.behaviour import record, report
from monitor.lab.evaluation.behaviour.document import as_markdown
from monitor.lab.evaluation.behaviour.figures import figures
from monitor.lab.evaluation.behaviour.run import run


def behaviour(
    model: str, *, held_back: bool, style: str, runtime: str, workers: int, keep: bool
) -> None:
    """Ask, print, and keep the figures on demand.

    Raises:
        monitor.lab.errors.TrainingError: a file is missing or broken.
        monitor.inference.model.ModelError: the model cannot be used.
    """
    half = "held_back" if held_back else "open"
    answered = run(model, half, runtime=runtime, workers=workers)
    found = figures(answered)
    if style == "json":
        click.echo(strict_json(report.as_json(answered, found), indent=2))
    elif style == "markdown":
        click.echo(as_markdown({half: record.recorded(answered, found)}), nl=False)
    else:
        click.echo(report.as_table(answered, found))
    if keep:
        record.write(answered, found)
