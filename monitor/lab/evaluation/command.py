"""The command ``monitor evaluate``."""

from pathlib import Path

import click
from click.core import ParameterSource

from monitor.console import strict_json
from monitor.lab.options import explained
from monitor.options import OutputFolder, configured_entities, entities_option, model_options


def _numbers(_: click.Context, __: click.Parameter, given: str | None) -> tuple[int, ...]:
    """Read "25,50,100" as numbers of labels, each once, the least first."""
    try:
        found = sorted({int(number) for number in given.split(",")}) if given is not None else []
    except ValueError:
        found = [0]
    if found and found[0] < 1:
        raise click.BadParameter("must be whole numbers above 0 with commas between, as 25,50,100")
    return tuple(found)


@click.command()
@click.argument(
    "data", metavar="[DATA]", required=False, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--behaviour",
    is_flag=True,
    help="Instead of DATA: invented cases that come along, under many names.",
)
@click.option(
    "--held-back",
    is_flag=True,
    help="With --behaviour: the other half of the cases, for one look at the end.",
)
@click.option(
    "--file",
    "names",
    multiple=True,
    metavar="NAME_OR_PATH",
    help="Score NAME.jsonl.gz of DATA, or a file of your own, instead of the test sets; may be "
    "repeated.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="What goes to standard output.",
)
@click.option("--by-entity", is_flag=True, help="Let the table show each entity and domain too.")
@click.option(
    "--output",
    metavar="FOLDER",
    type=OutputFolder(),
    help="Also write results.json, results.md and pictures (PNG and SVG) there.",
)
@click.option("--record", is_flag=True, help="Write the figures into the model's model.toml.")
@click.option(
    "--without-entity",
    is_flag=True,
    help="Ask about each tweet as a whole, to see what naming the entity is worth.",
)
@click.option(
    "--owner-labels",
    "--labels",
    "labels",
    metavar="NUMBER,...",
    callback=_numbers,
    help="Also say what so many labels of each entity are worth, for instance 25,50,100: a fit on "
    "those, scored on its other tweets.",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=100),
    default=1000,
    show_default=True,
    help="Bootstrap resamples behind each interval.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resamples and draws.")
@entities_option
@model_options
@click.pass_context
def evaluate(
    context: click.Context,
    data: Path | None,
    behaviour: bool,
    held_back: bool,
    model: str,
    names: tuple[str, ...],
    style: str,
    by_entity: bool,
    output: Path | None,
    record: bool,
    without_entity: bool,
    labels: tuple[int, ...],
    resamples: int,
    seed: int,
    config: Path | None,
    runtime: str,
    workers: int,
) -> None:
    """Score a model on labelled tweets in DATA, through the daemon's own classifier.

    \b
    monitor evaluate DATA           on labelled tweets
    monitor evaluate --behaviour    on what no reader would argue about (docs/behaviour.md)

    DATA is a folder with the files of docs/training.md, of which those test sets are scored that
    are there, or a file of your own (CSV or JSON lines with text, label, entity). Both heads are
    asked; sentiment files are marked for sentiment, those with labels toward an entity for
    reputation, and your own for reputation where they name an entity.

    Where replab2013_train lies beside replab2013_test, the latter is also scored after per-entity
    calibration on RepLab's training tweets ("calibrated").

    Gives accuracy, recall and F1 as means over the classes, RepLab's F(R,S) and the calibration
    error, each with a 95 % interval; each class with its confusions; what withholding unsure
    answers gains; size, speed and memory. Needs no extra, --output and --record aside.

    A model that reads marks is told who is named in a text: whom the file tells of, or those of
    --config, which is how your daemon asks it.

    Test sets are for one look at the end; to choose between models take tweeteval_sentiment_val.
    """
    if record and without_entity:
        raise click.UsageError("--record is for figures with the entities, not --without-entity")
    if held_back and not behaviour:
        raise click.UsageError("--held-back is a half of the cases of --behaviour")
    if behaviour:
        _only_for_data(context)
        _behaviour(model, held_back, style, runtime, workers, record)
        return
    if data is None and names and Path(names[0]).is_file():  # a file of one's own needs no DATA
        data, names = Path(names[0]), names[1:]
    if data is None:
        raise click.UsageError("needs DATA, a file or folder of labelled tweets, or --behaviour")
    entities = configured_entities(config)
    with explained():
        from monitor.inference import ModelError
        from monitor.lab import card
        from monitor.lab.errors import TrainingError
        from monitor.lab.evaluation import evaluate as evaluation
        from monitor.lab.evaluation import report
        from monitor.lab.evaluation.document import as_markdown

        if output is not None:  # matplotlib may be missing: better to know now than at the end
            from monitor.lab.evaluation.folder import write
        try:
            results = evaluation.evaluate(
                data,
                model,
                names,
                runtime=runtime,
                workers=workers,
                resamples=resamples,
                seed=seed,
                with_entity=not without_entity,
                labels=labels,
                entities=entities,
            )
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        if style == "json":
            click.echo(strict_json(report.as_json(results), indent=2))
        elif style == "markdown":
            click.echo(as_markdown(results), nl=False)
        else:
            click.echo(report.as_table(results, by_entity=by_entity))
        if output is not None:
            write(results, output)
            click.echo(f"written to {output}", err=True)
        if record:
            try:
                card.record_metrics(results.model.folder, report.metrics_of(results))
            except OSError as error:
                message = f"cannot write {error.filename}: {error.strerror}"
                raise TrainingError(message) from error


def _only_for_data(context: click.Context) -> None:
    """Refuse what --behaviour would ignore."""
    alone = (
        "data",
        "names",
        "by_entity",
        "output",
        "without_entity",
        "labels",
        "resamples",
        "seed",
        "config",
    )
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "")
        if parameter.name in alone and given is ParameterSource.COMMANDLINE:
            name = parameter.opts[0] if isinstance(parameter, click.Option) else "DATA"
            raise click.UsageError(f"--behaviour has its own cases and names: leave {name} out")


def _behaviour(
    model: str, held_back: bool, style: str, runtime: str, workers: int, record: bool
) -> None:
    with explained():
        from monitor.inference import ModelError
        from monitor.lab.evaluation.behaviour.command import behaviour

        try:
            behaviour(
                model,
                held_back=held_back,
                style=style,
                runtime=runtime,
                workers=workers,
                keep=record,
            )
        except ModelError as error:
            raise click.ClickException(str(error)) from error
