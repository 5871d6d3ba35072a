"""`monitor transfer`: how a teacher fares on entities and domains it has not learnt from."""

from pathlib import Path

import click

from monitor.console import strict_json
from monitor.lab.options import CHECKPOINT, DATA, EPOCHS, PRECISION, SEED, explained, output_option


@click.command()
@DATA
@output_option(".training/transfer", "Folder for the teachers; an interrupted run goes on there.")
@CHECKPOINT
@EPOCHS
@PRECISION
@SEED
def transfer(
    data: Path, output: Path, checkpoint: str | None, epochs: float, precision: str, seed: int
) -> None:
    """Measure how a teacher fares on entities and domains it has never learnt from.

    Trains one teacher on all of RepLab in DATA and one each without a domain, and without a
    quarter of the entities; both answer the same held-out tweets of what was left out. Prints
    JSON.
    """
    with explained():
        from monitor.lab.training import teacher
        from monitor.lab.training import transfer as transferring
        from monitor.lab.training.pretrained import checkpoint_of

        settings = teacher.TeacherSettings(
            checkpoint=checkpoint_of(checkpoint),
            seed=seed,
            epochs=epochs,
            precision=precision,
        )
        results = transferring.transfer(
            data, output, settings, lambda line: click.echo(line, err=True)
        )
        click.echo(strict_json(results, indent=2))
