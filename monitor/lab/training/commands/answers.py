"""`monitor answers`: what the teacher says to each question, computed once."""

from pathlib import Path

import click

from monitor.lab.options import DATA, PRECISION, count_option, explained


@click.command()
@DATA
@click.option(
    "--teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(".training/teacher"),
    show_default=True,
    help="Folder that monitor train --marked has written.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".training/answers"),
    show_default=True,
    help="Folder for the answers; an interrupted run goes on there.",
)
@count_option(
    "--limit",
    "Answer no more than so many questions; 0: all. Those that are answered are drawn at random.",
)
@click.option(
    "--strangers",
    is_flag=True,
    help="Ask nothing about the RepLab entities that monitor train --strangers leaves out.",
)
@PRECISION
def answers(
    data: Path, teacher: Path, output: Path, limit: int, strangers: bool, precision: str
) -> None:
    """Compute once what the teacher answers, so that no student waits for it.

    Every text in DATA is asked about each name in it, and about nobody; what is held out is left
    out. OUTPUT gains the questions, the logits of both tasks and the pooled vectors.
    """
    with explained():
        from monitor.lab.training import answers as answering

        count = answering.compute(
            data, teacher, output, leave_out=strangers, precision=precision, limit=limit
        )
        click.echo(f"{output}: {count} questions answered")
