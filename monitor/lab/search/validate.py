"""How well a profile predicts whole exported models, which it was not made from.

    python -m monitor.lab.search.validate profile.json --output validation.json

Draws structures, exports each with random weights as `monitor export` would, measures all of them
in the runtime that the profile was taken with, and says how far the predictions are off.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import numpy as np
import torch

from monitor.console import strict_json
from monitor.lab.profiling.device import runtime_of
from monitor.lab.profiling.predictor import MEASURED_RANGES, Predictor
from monitor.lab.profiling.profile import Profile, ProfileError
from monitor.lab.profiling.rounds import Shape, measure_in_rounds
from monitor.lab.profiling.size import flatbuffer_bytes
from monitor.lab.structure import Structure, StructureError
from monitor.lab.training.export import folded
from monitor.lab.training.student import fresh
from monitor.lab.training.variants import Variant
from monitor.options import OutputFile

SHAPES: Final[tuple[Shape, ...]] = ((1, 40), (8, 32))

STEPS: Final = {
    "hidden": 32,
    "bottleneck": 32,
    "heads": 1,
    "intermediate": 64,
    "stacks": 1,
    "embedding": 32,
}
"""Of the widths that are drawn."""


@dataclass(frozen=True)
class ValidatedStructure:
    """One structure: seconds a call, predicted and measured, by shape; bytes of model.tflite."""

    structure: Structure
    predicted: dict[str, float]
    measured: dict[str, float]
    spread: dict[str, float]
    predicted_bytes: int
    bytes: int


def draw(profile: Profile, count: int, layers: int, seed: int) -> list[Structure]:
    """Return ``count`` structures between the profile's blocks, of up to ``layers`` layers.

    Each is as likely to have few layers as many, by ratio: 1 to 2 as often as 6 to 12.
    """
    choose = random.Random(seed)  # noqa: S311  (a sample, no secret)
    blocks = list(profile.timings)

    def width(name: str) -> int:
        values = [getattr(each, name) for each in blocks]
        return choose.randrange(min(values), max(values) + 1, STEPS[name])

    drawn: list[Structure] = []
    while len(drawn) < count:
        try:
            structure = Structure(
                layers=round(math.exp(choose.uniform(0, math.log(layers)))),
                quantization=profile.quantization,
                **{name: width(name) for name in MEASURED_RANGES},
            )
        except StructureError:  # the heads do not divide the bottleneck
            continue
        if structure not in drawn:
            drawn.append(structure)
    return drawn


def exported(structure: Structure, seed: int) -> bytes:
    """Return the FlatBuffer of a student of ``structure`` that has learnt nothing."""
    from monitor.lab.training.graph import flatbuffer

    torch.manual_seed(seed)
    network = fresh(structure)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):  # all 0 when fresh, and the converter merges what is equal
            torch.nn.init.normal_(parameter, std=0.02)
    variant: Variant = "int8" if structure.quantization == "int8" else "fp32"
    return flatbuffer(folded(network, structure.positions), variant)


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Return Spearman's; there are no ties among times."""
    ranks = [np.argsort(np.argsort(each)) for each in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def validate(
    profile: Profile, runtime: str, structures: Sequence[Structure], rounds: int, seed: int
) -> list[ValidatedStructure]:
    """Export and measure ``structures``, and predict each.

    Raises:
        ProfileError: the profile is of another version of the runtime.
    """
    profile.check_matches(runtime_of(runtime), profile.quantization)
    predictor = Predictor(profile)
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{i}.tflite" for i in range(len(structures))]
        for i, (structure, file) in enumerate(zip(structures, files, strict=True)):
            click.echo(f"exporting {i + 1} of {len(structures)}: {structure}", err=True)
            file.write_bytes(exported(structure, seed))
        with click.progressbar(
            length=rounds * len(files), label="measuring", file=sys.stderr
        ) as bar:
            measured = measure_in_rounds(
                {file.name: file.read_bytes for file in files},
                runtime,
                SHAPES,
                rounds,
                vocabulary=min(each.vocabulary for each in structures),
                tell=lambda: bar.update(1),
            )
        return [
            ValidatedStructure(
                structure,
                {name(shape): predictor.latency(structure, *shape) for shape in SHAPES},
                {name(shape): measured[file.name][shape].median for shape in SHAPES},
                {name(shape): measured[file.name][shape].spread for shape in SHAPES},
                flatbuffer_bytes(structure),
                file.stat().st_size,
            )
            for structure, file in zip(structures, files, strict=True)
        ]


def name(shape: Shape) -> str:
    """Return a shape as tables have it."""
    batch, length = shape
    return f"{batch}x{length}"


def summary(rows: Sequence[ValidatedStructure]) -> dict[str, dict[str, float]]:
    """Return by shape, and for the size, mean and largest relative error, bias and rank."""
    pairs = {
        name(shape): (
            [r.predicted[name(shape)] for r in rows],
            [r.measured[name(shape)] for r in rows],
        )
        for shape in SHAPES
    }
    pairs["bytes"] = ([r.predicted_bytes for r in rows], [r.bytes for r in rows])
    found = {}
    for what, (predicted, measured) in pairs.items():
        errors = np.array(predicted) / np.array(measured) - 1
        found[what] = {
            "mean_absolute_error": float(np.abs(errors).mean()),
            "largest_error": float(np.abs(errors).max()),
            "bias": float(errors.mean()),
            "rank_correlation": rank_correlation(predicted, measured),
        }
    return found


def table(rows: Sequence[ValidatedStructure]) -> str:
    """Return the rows, and what they come to, for people."""
    shapes = [name(shape) for shape in SHAPES]
    lines = [
        f"{'structure':<34}"
        + "".join(f"{shape + ' ms':>10}{'predicted':>10}{'error':>8}" for shape in shapes)
    ]
    for row in sorted(rows, key=lambda each: each.measured[shapes[0]]):
        line = f"{row.structure!s:<34}"
        for shape in shapes:
            found, guess = row.measured[shape], row.predicted[shape]
            line += f"{1000 * found:>10.3f}{1000 * guess:>10.3f}{guess / found - 1:>+8.1%}"
        lines.append(line)
    for what, each in summary(rows).items():
        lines.append(
            f"{what}: mean absolute error {each['mean_absolute_error']:.1%}, largest"
            f" {each['largest_error']:.1%}, bias {each['bias']:+.1%},"
            f" rank correlation {each['rank_correlation']:.4f}"
        )
    return "\n".join(lines)


@click.command()
@click.argument("profile", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--models", type=click.IntRange(2), default=24, show_default=True)
@click.option("--layers", type=click.IntRange(1), default=12, show_default=True, help="The most.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--runtime", type=click.Choice(["auto", "litert", "tflite-runtime"]), default="auto")
@click.option("--output", type=OutputFile(), help="Rows as JSON.")
def main(
    profile: Path,
    models: int,
    layers: int,
    rounds: int,
    seed: int,
    runtime: str,
    output: Path | None,
) -> None:
    """Predict whole models from PROFILE, measure them, and compare."""
    try:
        loaded = Profile.load(profile)
        drawn = draw(loaded, models, layers, seed)
        rows = validate(loaded, runtime, drawn, rounds, seed)
    except ProfileError as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(rows))
    if output:
        result: dict[str, Any] = {
            "runtime": loaded.runtime,
            "device": asdict(loaded.device),
            "seed": seed,
            "rounds": rounds,
            "summary": summary(rows),
            "models": [asdict(row) for row in rows],
        }
        output.write_text(strict_json(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
