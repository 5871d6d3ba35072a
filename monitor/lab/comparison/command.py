"""The commands ``monitor compare``, ``speed`` and ``fusions``. Importing them is cheap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from monitor.console import strict_json
from monitor.lab.options import INTERRUPTED, explained
from monitor.lab.structure import Structure, StructureError
from monitor.options import FiniteRange, OutputFolder

if TYPE_CHECKING:
    from monitor.lab.comparison.rounds import RaceResult

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

TFLITE_PYTHON: Final = click.option(
    "--tflite-runtime-python",
    "tflite_python",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".venv-tflite-runtime/bin/python"),
    show_default=True,
    help="A Python where this program is installed with the extra [tflite-runtime].",
)
OUTPUT: Final = click.option("--output", type=OutputFolder(), required=True)
SECONDS: Final = click.option(
    "--seconds",
    type=FiniteRange(min=0, min_open=True),
    default=0.5,
    show_default=True,
    help="Time for each row and shape in each round.",
)
ROUNDS: Final = click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=9,
    show_default=True,
    help="Times that each row is measured; the median counts.",
)


@click.command()
@click.argument("data", metavar="DATA", type=FOLDER)
@click.option(
    "--teacher", type=FOLDER, help="Folder that monitor train has written; left out if not given."
)
@click.option(
    "--student", type=FOLDER, help="Folder that monitor distil has written; left out if not given."
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    required=True,
    help="The model's folder that monitor export has made of the student: what is shipped.",
)
@TFLITE_PYTHON
@click.option(
    "--output",
    type=OutputFolder(),
    help="Folder for compare.md, compare.json and compare.png.",
)
@click.option(
    "--seconds",
    type=FiniteRange(min=0, min_open=True),
    default=2.0,
    show_default=True,
    help="Time for each row and batch size in each round.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Times that each row is measured; the median counts.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="Ask only so many tweets of each test set: to try."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def compare(
    data: Path,
    teacher: Path | None,
    student: Path | None,
    model: Path,
    tflite_python: Path,
    output: Path | None,
    seconds: float,
    rounds: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """Compare teacher, MobileBERT-24 and student, in every form and on every runtime.

    The table of arXiv 2310.03971 (quantized language models on edge devices) on this machine:
    accuracy on the test tweets in DATA, size, speed on one thread, latency and memory. Its set-up,
    a MobileBERT with 24 layers on tflite-runtime, is rebuilt with untrained weights, which are as
    fast as trained ones. ONNX Runtime and PyTorch are there as well.

    Let nothing else run meanwhile: a busy machine measures slow, and the table says so where it
    was noticed. Needs the extra [compare]; takes about a quarter of an hour. Ctrl-C ends it, and
    nothing has been written then.
    """
    with explained():
        from monitor.inference import ModelError
        from monitor.lab.comparison import compare as comparing
        from monitor.lab.comparison import onnx
        from monitor.lab.comparison import report as compare_report

        if output is not None:  # better to know now than at the end
            onnx.require(["matplotlib"])
        try:
            result = comparing.compare(
                comparing.CompareSettings(
                    data=data,
                    teacher=teacher,
                    student=student,
                    model=model,
                    tflite_python=tflite_python,
                    seconds=seconds,
                    rounds=rounds,
                    limit=limit,
                )
            )
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt as stop:
            click.echo("monitor: stopped; nothing was written", err=True)
            raise SystemExit(INTERRUPTED) from stop
        table = compare_report.as_table(result)
        report = strict_json(compare_report.as_json(result), indent=2)
        if output is not None:
            from monitor.lab.comparison import plot as compare_plot

            output.mkdir(parents=True, exist_ok=True)
            (output / "compare.md").write_text(table + "\n", encoding="utf-8")
            (output / "compare.json").write_text(report + "\n", encoding="utf-8")
            compare_plot.draw(result, output / "compare.png")
        click.echo(report if as_json else table)


def report(
    measure: Callable[[], list[RaceResult]], output: Path, name: str, rounds: int, seconds: float
) -> None:
    """Print what ``measure`` finds, and write NAME.md, NAME.json and NAME.png into ``output``."""
    from monitor.lab.comparison import bars

    try:
        results = measure()
    except KeyboardInterrupt as stop:
        click.echo("monitor: stopped; nothing was written", err=True)
        raise SystemExit(INTERRUPTED) from stop
    table = bars.as_table(results, rounds, seconds)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"{name}.md").write_text(table + "\n", encoding="utf-8")
    found = strict_json(bars.as_json(results, rounds, seconds), indent=2)
    (output / f"{name}.json").write_text(found + "\n", encoding="utf-8")
    bars.draw(results, output / f"{name}.png")
    click.echo(table)


@click.command()
@OUTPUT
@click.option(
    "--structure",
    "structure_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file with the network's dimensions. [default: those of small]",
)
@TFLITE_PYTHON
@ROUNDS
@SECONDS
def fusions(
    output: Path, structure_file: Path | None, tflite_python: Path, rounds: int, seconds: float
) -> None:
    """Measure what each fusion of the exporter gains, on both runtimes.

    A network of random weights is exported with all fusions, with each one left out and with none,
    in int8 and in fp32, and measured on one thread: a tweet of 40 tokens alone, and eight of 32.
    Writes fusions.md, fusions.json and fusions.png into OUTPUT. Needs the extra [train]; takes
    about a quarter of an hour, in which nothing else should run. Ctrl-C ends it, and nothing has
    been written then.
    """
    try:
        structure = Structure() if structure_file is None else Structure.read(structure_file)
    except StructureError as error:
        raise click.BadParameter(str(error), param_hint="--structure") from error
    with explained():
        from monitor.lab.comparison import fusions as fusing

        settings = fusing.FusionSettings(structure, tflite_python, rounds, seconds)
        report(lambda: fusing.measure(settings), output, "fusions", rounds, seconds)


@click.command()
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    help="A model's folder; may be given several times. All are told against the first.",
)
@OUTPUT
@click.option(
    "--runtime",
    type=click.Choice(["litert", "tflite-runtime"]),
    default="litert",
    show_default=True,
    help="Which TensorFlow Lite interpreter, the same for all.",
)
@TFLITE_PYTHON
@ROUNDS
@SECONDS
def speed(
    models: tuple[Path, ...],
    output: Path,
    runtime: str,
    tflite_python: Path,
    rounds: int,
    seconds: float,
) -> None:
    """Measure models beside MobileBERT-24 and BERT-base in stock TensorFlow Lite form.

    These two are built with random weights, converted as they stand in transformers, unfused, in
    fp32 and int8. All get the same tokens on one thread: a tweet of 40 tokens alone, and eight of
    32. Writes speed.md, speed.json and speed.png into OUTPUT. Needs the extra [train], 6 GB of
    memory, 1.5 GB in the temporary folder, and about ten minutes, in which nothing else should
    run. Ctrl-C ends it, and nothing has been written then.
    """
    with explained():
        from monitor.inference import ModelError
        from monitor.lab.comparison import speed as speeds

        settings = speeds.SpeedSettings(models, runtime, tflite_python, rounds, seconds)
        try:
            report(lambda: speeds.measure(settings), output, "speed", rounds, seconds)
        except ModelError as error:
            raise click.ClickException(str(error)) from error
