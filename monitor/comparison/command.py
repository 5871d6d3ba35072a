"""The command ``monitor compare``. Importing it is cheap, as with the others."""

import json
from pathlib import Path

import click

from monitor.training.options import INTERRUPTED, explained

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("data", metavar="DATA", type=FOLDER)
@click.option(
    "--teacher", type=FOLDER, required=True, help="Folder that monitor train has written."
)
@click.option(
    "--student", type=FOLDER, required=True, help="Folder that monitor distil has written."
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    required=True,
    help="The model's folder that monitor export has made of the student: what is shipped.",
)
@click.option(
    "--tflite-runtime-python",
    "tflite_python",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".venv-tflite-runtime/bin/python"),
    show_default=True,
    help="A Python where this program is installed with the extra [tflite-runtime].",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for compare.md, compare.json and compare.png.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
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
    teacher: Path,
    student: Path,
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
        from monitor.comparison import compare as comparing
        from monitor.comparison import onnx
        from monitor.comparison import report as compare_report
        from monitor.model import ModelError

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
            click.echo("stopped; nothing was written", err=True)
            raise SystemExit(INTERRUPTED) from stop
        table = compare_report.as_table(result)
        report = json.dumps(compare_report.as_json(result), indent=2)
        if output is not None:
            from monitor.comparison import plot as compare_plot

            output.mkdir(parents=True, exist_ok=True)
            (output / "compare.md").write_text(table + "\n", encoding="utf-8")
            (output / "compare.json").write_text(report + "\n", encoding="utf-8")
            compare_plot.draw(result, output / "compare.png")
        click.echo(report if as_json else table)
