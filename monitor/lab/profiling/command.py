"""The command ``monitor profile``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.lab.structure import QUANTIZATIONS
from monitor.options import OutputFile

ROUNDS = 5


@click.command()
@click.option(
    "--output",
    type=OutputFile(),
    default=Path("profile.json"),
    show_default=True,
    help="Where the profile goes.",
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "litert", "tflite-runtime"]),
    default="auto",
    show_default=True,
    help="Which interpreter is measured; take the daemon's.",
)
@click.option(
    "--quantization",
    type=click.Choice(QUANTIZATIONS),
    default=QUANTIZATIONS[0],
    show_default=True,
    help="How the blocks' weights are kept.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    default=ROUNDS,
    show_default=True,
    help="Rounds over all blocks.",
)
@click.option(
    "--check",
    "model",
    metavar="MODEL",
    help="Take no profile: measure this model (a folder, or the name of one that came along).",
)
@click.option("--latency", metavar="TIME", help="With --check: what p95 may be, such as 10ms.")
@click.option("--size", metavar="SIZE", help="With --check: what its files may be, such as 8MB.")
@click.option(
    "--profile",
    "beside",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --check: show beside it what this profile predicts.",
)
def profile(
    output: Path,
    runtime: str,
    quantization: str,
    repeats: int,
    model: str | None,
    latency: str | None,
    size: str | None,
    beside: Path | None,
) -> None:
    """Measure what the building blocks of a network take on this board.

    For `monitor search`, here or elsewhere, to find the network that fits. Takes minutes; a busy
    machine measures slow, so stop the daemon first. Needs no extra.

    With --check it measures one model instead, a call for one tweet of 40 tokens, and exits with 1
    if it is above the budget: what the search promised, on the board itself.

    \b
    monitor profile --output pi4.json
    monitor profile --check models/NAME --latency 10ms --size 8MB --profile pi4.json
    """
    if model is None:
        if latency or size or beside:
            raise click.UsageError("--latency, --size and --profile go with --check MODEL")
        _take(output, runtime, quantization, repeats)
    else:
        _check(model, runtime, latency, size, beside)


def _take(output: Path, runtime: str, quantization: str, repeats: int) -> None:
    """Measure the blocks, write a profile, and say what it says."""
    from monitor.inference import ModelError
    from monitor.lab.profiling.blocks import ours
    from monitor.lab.profiling.predictor import Predictor
    from monitor.lab.profiling.profile import ProfileError, take
    from monitor.lab.structure import Structure

    if not os.access(output.parent, os.W_OK | os.X_OK):  # to know it now, not after minutes
        raise click.BadParameter(f"cannot write into {output.parent}", param_hint="--output")
    try:
        calls = repeats * len(ours().of(quantization))
        with click.progressbar(length=calls, label="measuring", file=sys.stderr) as bar:
            taken = take(runtime, quantization, repeats, tell=lambda: bar.update(1))
        taken.save(output)
    except (ModelError, ProfileError) as error:
        raise click.ClickException(str(error)) from error
    predictor = Predictor(taken)
    shipped = Structure(quantization=quantization)
    click.echo(f"{output}: {taken.device}, {taken.runtime}, {quantization}")
    click.echo(
        f"{shipped}: {1000 * predictor.latency(shipped):.3g} ms for a tweet of 40 tokens"
        f" (p95 {1000 * predictor.p95(shipped):.3g} ms), predicted;"
        f" blocks predicted from the others are off by {predictor.left_out():.1%}"
    )
    if taken.busy:
        click.echo(
            f"monitor: warning: rounds lie {taken.spread:.0%} apart: the machine was busy; stop"
            " what else runs (the daemon?) and take the profile again",
            err=True,
        )


def _check(
    name: str, runtime: str, latency: str | None, size: str | None, beside: Path | None
) -> None:
    """Measure one model, and exit with 1 if it is above its budget."""
    from monitor.inference import Model, ModelError
    from monitor.lab.profiling.check import Budget, check, structure_of
    from monitor.lab.profiling.device import runtime_of
    from monitor.lab.profiling.predictor import Predictor, UnmeasuredError
    from monitor.lab.profiling.profile import Profile, ProfileError
    from monitor.lab.profiling.units import UnitError, latency_of, size_of
    from monitor.lab.structure import StructureError

    try:
        budget = Budget(
            None if latency is None else latency_of(latency),
            None if size is None else size_of(size),
        )
    except UnitError as error:
        raise click.UsageError(str(error)) from error
    try:
        model = Model.load(name)
        predictor = beside and Predictor(Profile.load(beside))
        structure = structure_of(model) if predictor else None
        if predictor and structure:
            predictor.profile.check_matches(runtime_of(runtime), structure.quantization)
        elif predictor:
            click.echo("monitor: model.toml tells no structure to predict", err=True)
        found = check(model, runtime)
        timing = found.timing
        click.echo(
            f"{model.name}: median {1000 * timing.median:.3g} ms, p95 {1000 * timing.p95:.3g} ms"
            f" for a tweet of 40 tokens, {found.size / 1e6:.2f} MB"
        )
        if predictor and structure:
            click.echo(
                f"predicted: median {1000 * predictor.latency(structure):.3g} ms,"
                f" p95 {1000 * predictor.p95(structure):.3g} ms,"
                f" {predictor.size(structure) / 1e6:.2f} MB"
            )
    except (ModelError, ProfileError, StructureError, UnmeasuredError) as error:
        raise click.ClickException(str(error)) from error
    for complaint in (complaints := found.complaints(budget)):
        click.echo(f"monitor: {model.name}: {complaint}", err=True)
    sys.exit(bool(complaints))
