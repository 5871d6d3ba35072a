"""`monitor distil`: teach a small MobileBERT what the teacher knows."""

from pathlib import Path

import click

from monitor.console import strict_json
from monitor.lab.options import (
    PRECISION,
    SEED,
    SOURCES,
    count_option,
    explained,
    model_to_cut,
    output_option,
)
from monitor.lab.structure import Structure
from monitor.options import FiniteRange


@click.command()
@SOURCES
@click.option(
    "--teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that monitor train has written, or a model's folder.  [default: .training/teacher;"
    " with --from, where that is missing, small]",
)
@click.option(
    "--answers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that monitor answers has written: learn from these answers, with the entity "
    "marked, instead of asking a teacher. --from has to be given.",
)
@click.option(
    "--tutor",
    "hidden_teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --answers: folder of another student, as deep and as wide, whose hidden states "
    "this one learns too.",
)
@count_option("--questions", "With --answers: learn from so many of them, the first ones. 0: all.")
@count_option(
    "--labelled", "With --answers: learn from so many further questions by their labels alone."
)
@count_option(
    "--invented",
    "With --answers: learn from so many sentences that were written for this project: plain "
    "complaints, crisis news, comparisons, adverts, with certain labels.",
)
@count_option(
    "--layers",
    "With --answers: put in layers, which at first change nothing, until there are so many. "
    "0: as many as the student of --from has.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(file_okay=False, path_type=Path),
    help="Train this student further, such as the one that monitor search has found. With "
    "--answers a model's folder will do, or the name of a pretrained encoder of BERT's structure, "
    "such as all-MiniLM-L6-v2, which becomes a MobileBERT without bottlenecks.",
)
@click.option(
    "--structure",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A structure.toml, such as monitor search writes, instead of --stacks and --intermediate.",
)
@output_option(
    ".training/student", "Folder for the student; an interrupted run leaves its checkpoint there."
)
@count_option(
    "--examples",
    "Tweets the student sees in all; most of them come several times.",
    default=760_000,
    least=1,
)
@count_option("--batch", "Tweets a step.", default=64, least=1)
@click.option(
    "--learning-rate",
    type=FiniteRange(min=0, min_open=True),
    help="Highest rate of AdamW.  [default: 1.2e-3; with --answers 6e-4, from a pretrained encoder "
    "1.5e-4]",
)
@count_option(
    "--stacks", "Feed-forward networks a layer: more are better and slower.", default=4, least=1
)
@count_option("--intermediate", "Width inside a feed-forward network.", default=512, least=1)
@PRECISION
@SEED
def distil(
    data: tuple[Path, ...],
    teacher: Path | None,
    answers: Path | None,
    hidden_teacher: Path | None,
    questions: int,
    labelled: int,
    invented: int,
    layers: int,
    start: Path | None,
    structure: Path | None,
    output: Path,
    examples: int,
    batch: int,
    learning_rate: float | None,
    stacks: int,
    intermediate: int,
    precision: str,
    seed: int,
) -> None:
    """Teach a small MobileBERT what the teacher knows, on the tweets in DATA: the student.

    DATA is what monitor train was given. The student learns to give the same answers, on tweets
    with and without labels, and where it has as many layers and the same width between them (a
    fresh one has, unless --structure says otherwise) to have the same hidden states. After each
    tenth of the way, curve.jsonl in OUTPUT gains the figures on the held-out tweets. Run again
    after an interruption, the same command goes on where it stopped.

    Next: monitor export OUTPUT.
    """
    with explained():
        from monitor.lab.training import distil as distillation
        from monitor.lab.training import network
        from monitor.lab.training.student import structure_in

        if answers is not None:
            from monitor.lab.training import taught

            if teacher or structure or start is None or len(data) > 1 or not data[0].is_dir():
                raise click.UsageError(
                    "--answers takes one folder, and --from instead of --teacher and --structure"
                )
            record = taught.distil(
                data[0],
                answers,
                start,
                output,
                taught.TaughtSettings(
                    seed=seed,
                    questions=questions,
                    labelled=labelled,
                    invented=invented,
                    examples=examples,
                    layers=layers,
                    batch=batch,
                    learning_rate=learning_rate or taught.learning_rate_from(start),
                    precision=precision,
                ),
                hidden_teacher,
            )
            click.echo(strict_json(record["dev"], indent=2))
            return
        teacher = teacher or default_teacher(start)
        if start is not None:
            wanted = structure_in(start)
        elif structure is not None:
            wanted = Structure.read(structure)
        else:
            layers, hidden, vocabulary = network.size_of(teacher)
            wanted = Structure(
                layers=layers,
                hidden=hidden,
                stacks=stacks,
                intermediate=intermediate,
                vocabulary=vocabulary,
            )
        record = distillation.distil(
            data,
            teacher,
            output,
            distillation.DistilSettings(
                structure=wanted,
                seed=seed,
                examples=examples,
                batch=batch,
                learning_rate=learning_rate or 1.2e-3,
                precision=precision,
            ),
            start,
        )
        click.echo(strict_json(record["dev"], indent=2))


def default_teacher(start: Path | None) -> Path:
    """Return who teaches if nobody is named: a trained teacher, or the model to cut from."""
    trained = Path(".training/teacher")
    return trained if start is None or trained.is_dir() else model_to_cut()
