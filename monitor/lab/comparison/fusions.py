"""What each fusion of the exporter gains: all of them, each one left out, and none."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from tqdm import tqdm

from monitor.lab.comparison.rounds import SHAPES, Racer, RaceResult, race
from monitor.lab.comparison.workers import Workers
from monitor.lab.structure import Structure
from monitor.lab.training.export import unfolded
from monitor.lab.training.fusion import FUSIONS, NO_FUSIONS, Fusions
from monitor.lab.training.student import fresh
from monitor.lab.training.variants import Variant

ENGINES: Final = ("litert", "tflite-runtime")
VARIANTS: Final[tuple[Variant, ...]] = ("int8", "fp32")
FORMS: Final[dict[str, Fusions]] = {
    "all": FUSIONS,
    **{f"without {fusion}": FUSIONS - {fusion} for fusion in sorted(FUSIONS)},
    "none": NO_FUSIONS,
}
"""By name, what is fused; the others are told against the first."""


@dataclass(frozen=True)
class FusionSettings:
    """What to measure, and for how long; see `rounds.race`."""

    structure: Structure
    tflite_python: Path
    rounds: int
    seconds: float


def measure(settings: FusionSettings) -> list[RaceResult]:
    """Measure a network of random weights in every form, for every runtime."""
    from monitor.lab.training.graph import flatbuffer

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = fresh(settings.structure)
    arrays = unfolded(network, settings.structure.positions)
    with tempfile.TemporaryDirectory(prefix="monitor-fusions-") as temporary, Workers() as workers:
        folder = Path(temporary)
        files = {}
        forms = [(variant, name) for variant in VARIANTS for name in FORMS]
        with tqdm(forms, desc="making files", unit="file") as progress:
            for variant, name in progress:
                files[variant, name] = folder / f"{variant}-{name}.tflite"
                files[variant, name].write_bytes(flatbuffer(arrays, variant, (), FORMS[name]))
        entries = [
            Racer(name, variant, engine, dict.fromkeys(SHAPES, path), f"{engine}, {variant}")
            for engine in ENGINES
            for (variant, name), path in files.items()
        ]
        return race(
            entries,
            settings.structure.vocabulary,
            folder,
            settings.tflite_python,
            settings.rounds,
            settings.seconds,
            workers,
        )
