"""`monitor export`: convert a network to TensorFlow Lite."""

from pathlib import Path

import click

from monitor.lab.options import explained
from monitor.lab.training.fusion import FUSIONS, Fusion
from monitor.lab.training.variants import VARIANTS, Variant
from monitor.options import OutputFolder


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
