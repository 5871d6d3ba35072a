"""The command ``monitor quantify``."""

from pathlib import Path

import click

from monitor.console import strict_json
from monitor.lab.options import DATA, explained
from monitor.options import OutputFolder, runtime_option, workers_option


@click.command()
@DATA
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="A model's folder, such as models/accurate.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@click.option(
    "--output",
    metavar="FOLDER",
    type=OutputFolder(),
    help="Also write quantification.json and quantification.png there.",
)
@click.option(
    "--record",
    is_flag=True,
    help="Write what was fitted into the model's model.toml: the shares are then corrected by it.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of resamples and artificial windows."
)
@runtime_option
@workers_option
def quantify(
    data: Path,
    model: Path,
    as_json: bool,
    output: Path | None,
    record: bool,
    seed: int,
    runtime: str,
    workers: int,
) -> None:
    """Fit how counts of labels become shares of polarity, and measure what that is worth.

    DATA is a folder with the files of docs/training.md. The fit takes tweets that were learnt from
    and tweets that were held out, none of the test sets. RepLab's test set is scored entity by
    entity, by every method; then windows with artificial mixtures of the classes are.

    docs/quantification.md tells what the figures mean.
    """
    with explained():
        from monitor.inference import ModelError
        from monitor.lab.card import record_shares
        from monitor.lab.quantifying import report
        from monitor.lab.quantifying.study import study

        if output is not None:  # matplotlib may be missing: better to know now than at the end
            from monitor.lab.quantifying.plot import draw
        try:
            found = study(data, model, runtime=runtime, workers=workers, seed=seed)
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        content = strict_json(report.as_json(found), indent=2, ensure_ascii=False)
        click.echo(content if as_json else report.as_table(found))
        if output is not None:
            try:
                output.mkdir(parents=True, exist_ok=True)
                (output / "quantification.json").write_text(content + "\n", encoding="utf-8")
                draw(found, output / "quantification.png")
            except OSError as error:
                raise click.ClickException(f"{error.filename}: {error.strerror}") from error
            click.echo(f"written to {output}", err=True)
        if record:
            record_shares(model, found.shares)
            click.echo(f"recorded in {model / 'model.toml'}", err=True)
