"""The command ``monitor search``."""

from pathlib import Path

import click

from monitor.lab.options import PRECISION, SEED, SOURCES, explained, model_to_cut
from monitor.options import OutputFolder

EXAMPLES = 160_000
TRIALS = 200


@click.command()
@SOURCES
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="What monitor profile has measured on the board.",
)
@click.option("--latency", metavar="TIME", help="Budget for one tweet, 95th percentile: 10ms.")
@click.option("--size", metavar="SIZE", help="Budget for model and tokenizer: 8MB.")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The network that is cut down, and teaches: a model's folder, or one that monitor distil"
    " has written.  [default: small, in the repository]",
)
@click.option(
    "--output",
    type=OutputFolder(),
    default=Path(".training/search"),
    show_default=True,
    help="Folder for everything; an interrupted search goes on there.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    default=EXAMPLES,
    show_default=True,
    help="Tweets that the weight-sharing network sees in its training.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=2),
    default=TRIALS,
    show_default=True,
    help="Structures that are tried; more may be asked for later.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    help="Structures that are tried side by side; 0: one a core.",
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "litert", "tflite-runtime"]),
    default="auto",
    show_default=True,
    help="The interpreter that the profile was taken with.",
)
@click.option(
    "--show",
    is_flag=True,
    help="Print the front of the trials done so far, and do nothing else.",
)
@PRECISION
@SEED
def search(
    data: tuple[Path, ...],
    profile: Path,
    latency: str | None,
    size: str | None,
    source: Path | None,
    output: Path,
    examples: int,
    trials: int,
    workers: int,
    runtime: str,
    show: bool,
    precision: str,
    seed: int,
) -> None:
    """Find the most accurate model that a board runs within a budget of time and size.

    DATA are tweets, with labels and without, as for monitor train. One network that holds all
    structures is trained to answer as the given one (about half an hour on two cores), structures
    are drawn from it, scored on held-out tweets and predicted from the profile; the best within
    the budget is exported and measured, and the next one, until one keeps it. Run again, it goes
    on where it stopped; with another budget it takes minutes.

    Next: monitor evaluate DATA --model OUTPUT/model, or to train it further,
    monitor distil DATA --from OUTPUT/found.

    Exit codes: 0 found, 1 no structure meets the budget, 2 wrong usage, 130 stopped.
    """
    from monitor.inference import ModelError
    from monitor.lab.profiling.check import Budget
    from monitor.lab.profiling.profile import Profile, ProfileError
    from monitor.lab.profiling.units import UnitError, latency_of, size_of

    try:
        budget = Budget(
            None if latency is None else latency_of(latency),
            None if size is None else size_of(size),
        )
    except UnitError as error:
        raise click.UsageError(str(error)) from error
    with explained():
        from monitor.lab.errors import TrainingError
        from monitor.lab.search import report
        from monitor.lab.search.guarantee import Attempt
        from monitor.lab.search.search import Search, SearchSettings, trials_in
        from monitor.lab.search.train import SupernetSettings

        settings = SearchSettings(
            SupernetSettings(seed=seed, examples=examples, precision=precision),
            seed=seed,
            trials=trials,
            workers=workers,
            runtime=runtime,
        )
        if show:
            click.echo(report.table(trials_in(output)))
            return
        try:
            taken = Profile.load(profile)
            searching = Search(data, source or model_to_cut(), taken, output, settings)
            searching.run()

            def tell(attempt: Attempt, complaints: list[str]) -> None:
                said = "; ".join(complaints) or "within the budget"
                click.echo(
                    f"{attempt.trial.structure}: predicted {1000 * attempt.trial.latency:.3f} ms, "
                    f"measured {1000 * attempt.checked.timing.p95:.3f} ms (p95), "
                    f"{attempt.checked.size / 1e6:.2f} MB: {said}",
                    err=True,
                )

            result = searching.choose(budget, tell)
            report.write(result, taken, budget, output)
        except (ProfileError, ModelError) as error:
            raise TrainingError(str(error)) from error
        except OSError as error:  # a full disk has no filename
            raise TrainingError(f"{error.filename or output}: {error.strerror}") from error
        click.echo(report.table(result.trials, result.chosen))
        if result.chosen is None:
            raise TrainingError(report.impossible(result))
        click.echo(f"{output}/model: {result.chosen.structure}; pictured in {output}/front.png")
        if not result.here:
            wanted = "".join(f" --{n} {v}" for n, v in (("latency", latency), ("size", size)) if v)
            click.echo(
                f"This machine is not the one profiled ({taken.device}), so that is a prediction. "
                f"On the board: monitor profile --check {output}/model{wanted}"
            )
