"""`monitor train`: fine-tune a pretrained encoder, the teacher."""

from pathlib import Path

import click

from monitor.console import strict_json
from monitor.lab.options import (
    CHECKPOINT,
    EPOCHS,
    PRECISION,
    SEED,
    SOURCES,
    count_option,
    explained,
    output_option,
)
from monitor.options import FiniteRange


@click.command()
@SOURCES
@output_option(
    ".training/teacher", "Folder for the teacher; an interrupted run leaves its checkpoint there."
)
@CHECKPOINT
@count_option(
    "--vocabulary",
    "How many of its tokens are kept, those that the tweets use most, beside emoji that are "
    "added; 0 keeps the vocabulary as it is.",
    default=20_000,
)
@EPOCHS
@click.option(
    "--leave-out",
    multiple=True,
    metavar="NAME",
    help="A RepLab entity or domain that is not learnt from; its held-out tweets show how the "
    "teacher fares on strangers. With --marked: a collection, such as sentfin. May be repeated.",
)
@count_option("--batch", "Tweets a step.", default=32, least=1)
@click.option(
    "--learning-rate",
    type=FiniteRange(min=0, min_open=True),
    help="Highest rate of AdamW.  [default: 6e-5; with --marked 4e-5, with --rank 4e-4]",
)
@click.option(
    "--marked",
    is_flag=True,
    help="Let no name decide: mentions of the entity become a mark, and all collections in DATA, "
    "one folder, are learnt from in the shares that docs/training.md tells. An epoch is a pass "
    "over that mixture; all of the vocabulary is kept. --from may be a teacher trained so before.",
)
@click.option(
    "--strangers",
    is_flag=True,
    help="With --marked: eight RepLab entities are not learnt from, to see how strangers fare.",
)
@count_option(
    "--rank",
    "With --marked: learn adapters of this rank (LoRA), not all weights. A step takes a "
    "quarter less time, and adapters.safetensors with training.json, some megabytes, are the "
    "teacher wherever the encoder of --from is. 0: all weights learn.",
)
@PRECISION
@SEED
def train(
    data: tuple[Path, ...],
    output: Path,
    checkpoint: str | None,
    vocabulary: int,
    epochs: float,
    leave_out: tuple[str, ...],
    batch: int,
    learning_rate: float | None,
    marked: bool,
    strangers: bool,
    rank: int,
    precision: str,
    seed: int,
) -> None:
    """Fine-tune a pretrained encoder on the labelled tweets in DATA: the teacher.

    DATA is a folder of the files that docs/training.md names, a file of your own, or several of
    both. A file of your own is CSV with a header or JSON lines, gzipped or not, with text, label
    (negative, neutral, positive, or nothing) and entity (or nothing): with an entity the label is
    of that entity's reputation, without one of the tweet's sentiment.

    Part of the tweets is held out, and measured on at the end. Run again after an interruption,
    the same command goes on where it stopped.

    Next: monitor distil DATA --teacher OUTPUT.
    """
    with explained():
        from monitor.lab.training import teacher
        from monitor.lab.training.pretrained import MINILM, checkpoint_of

        if marked:
            from monitor.lab.training import marked as marking

            if len(data) > 1 or not data[0].is_dir():
                raise click.UsageError("--marked takes one folder")
            record = marking.train(
                data[0],
                output,
                marking.MarkedSettings(
                    checkpoint=checkpoint or MINILM,
                    seed=seed,
                    passes=epochs,
                    leave_out=strangers,
                    without=leave_out,
                    batch=batch,
                    learning_rate=learning_rate or (4e-4 if rank else 4e-5),
                    precision=precision,
                    rank=rank,
                ),
            )
        else:
            record = teacher.train(
                data,
                output,
                teacher.TeacherSettings(
                    checkpoint=checkpoint_of(checkpoint),
                    seed=seed,
                    vocabulary=vocabulary,
                    epochs=epochs,
                    leave_out=leave_out,
                    batch=batch,
                    learning_rate=learning_rate or 6e-5,
                    precision=precision,
                ),
            )
        click.echo(strict_json(record["dev"], indent=2))
