"""Commands of the tool-chain: train, answers, distil, transfer, export.

Importing this module is cheap: the heavy libraries are imported by a command that needs them.
"""

from pathlib import Path

import click

from monitor.console import strict_json
from monitor.lab.options import (
    CHECKPOINT,
    DATA,
    EPOCHS,
    PRECISION,
    SEED,
    SOURCES,
    explained,
    model_to_cut,
)
from monitor.lab.structure import Structure
from monitor.lab.training.fusion import FUSIONS, Fusion
from monitor.lab.training.variants import VARIANTS, Variant
from monitor.options import FiniteRange, OutputFolder


@click.command()
@SOURCES
@click.option(
    "--output",
    type=OutputFolder(),
    default=Path(".training/teacher"),
    show_default=True,
    help="Folder for the teacher; an interrupted run leaves its checkpoint there.",
)
@CHECKPOINT
@click.option(
    "--vocabulary",
    type=click.IntRange(min=0),
    default=20_000,
    show_default=True,
    help="How many of its tokens are kept, those that the tweets use most, beside emoji that are "
    "added; 0 keeps the vocabulary as it is.",
)
@EPOCHS
@click.option(
    "--leave-out",
    multiple=True,
    metavar="NAME",
    help="A RepLab entity or domain that is not learnt from; its held-out tweets show how the "
    "teacher fares on strangers. With --marked: a collection, such as sentfin. May be repeated.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Tweets a step.",
)
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
@click.option(
    "--rank",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --marked: learn adapters of this rank (LoRA), not all weights. A step takes a "
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
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Answer no more than so many questions; 0: all. Those that are answered are drawn at "
    "random.",
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
@click.option(
    "--questions",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --answers: learn from so many of them, the first ones. 0: all.",
)
@click.option(
    "--labelled",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --answers: learn from so many further questions by their labels alone.",
)
@click.option(
    "--invented",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --answers: learn from so many sentences that were written for this project: plain "
    "complaints, crisis news, comparisons, adverts, with certain labels.",
)
@click.option(
    "--layers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --answers: put in layers, which at first change nothing, until there are so many. "
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
@click.option(
    "--output",
    type=OutputFolder(),
    default=Path(".training/student"),
    show_default=True,
    help="Folder for the student; an interrupted run leaves its checkpoint there.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=760_000,
    show_default=True,
    help="Tweets the student sees in all; most of them come several times.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Tweets a step.",
)
@click.option(
    "--learning-rate",
    type=FiniteRange(min=0, min_open=True),
    help="Highest rate of AdamW.  [default: 1.2e-3; with --answers 6e-4, from a pretrained encoder "
    "1.5e-4]",
)
@click.option(
    "--stacks",
    type=click.IntRange(min=1),
    default=4,
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


@click.command()
@DATA
@click.option(
    "--output",
    type=OutputFolder(),
    default=Path(".training/transfer"),
    show_default=True,
    help="Folder for the teachers; an interrupted run goes on there.",
)
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


@click.command()
@click.argument(
    "student", metavar="STUDENT", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--output",
    type=OutputFolder(),
    required=True,
    help="The model's folder, such as models/NAME; its files are replaced.",
)
@click.option(
    "--variant",
    type=click.Choice(VARIANTS),
    default="int8",
    show_default=True,
    help="int8: dynamic-range, one scale a matrix. To compare with: full-int8, activations too, "
    "which only LiteRT runs; fp16, two times larger; fp32, four times.",
)
@click.option("--version", default="1", show_default=True, help="Version that model.toml states.")
@click.option(
    "--without",
    type=click.Choice(sorted(FUSIONS)),
    multiple=True,
    help="Leave a fusion out, to tell what it gains; may be given several times. See monitor "
    "fusions.",
)
@click.option(
    "--max-length",
    type=click.IntRange(8, 128),
    help="Tokens of a tweet and its entity that the daemon lets through.  [default: as many as "
    "the student was taught with]",
)
def export(
    student: Path,
    output: Path,
    variant: Variant,
    version: str,
    without: tuple[Fusion, ...],
    max_length: int | None,
) -> None:
    """Convert the network in STUDENT, a folder from monitor distil, to TensorFlow Lite.

    Writes model.tflite, tokenizer.json and model.toml. NoNorm is folded into its neighbours, and
    the file's answers are compared with the network's before anything is written. A MobileBERT
    that monitor train has fine-tuned can be exported too.

    Next: monitor evaluate DATA --model OUTPUT --record.
    """
    with explained():
        from monitor.lab.training import export as exporting

        report = exporting.export(
            student,
            output,
            exporting.ExportSettings(
                variant=variant,
                fusions=FUSIONS - set(without),
                version=version,
                max_length=max_length,
            ),
        )
        click.echo(
            f"{output}: model.tflite {report['model'] / 1e6:.2f} MB, "
            f"tokenizer.json {report['tokenizer'] / 1e6:.2f} MB; "
            f"largest difference to the network {report['difference']:.4f}"
        )
