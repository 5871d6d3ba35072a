"""Models beside the yardsticks of arXiv 2009.06823: MobileBERT-24 and BERT-base, unfused.

The yardsticks' weights are random: speed and size do not depend on what they are.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer
from tqdm import tqdm

from monitor.inference import Model
from monitor.lab.comparison.rounds import SHAPES, Racer, RaceResult, Shape, race
from monitor.lab.comparison.workers import CannotMeasureError, Workers
from monitor.lab.training.variants import Variant

VARIANTS: Final[tuple[Variant, ...]] = ("fp32", "int8")


@dataclass(frozen=True)
class Yardstick:
    """A network to be built by a ``module`` of this package, `stock` or `bert`.

    ``config`` is what differs from the configuration that transformers defaults to.
    """

    name: str
    module: str
    config: Mapping[str, Any] = field(default_factory=dict)


YARDSTICKS: Final = (Yardstick("MobileBERT-24", "stock"), Yardstick("BERT-base", "bert"))


@dataclass(frozen=True)
class SpeedSettings:
    """What to measure, and for how long; see `rounds.race`."""

    models: Sequence[Path]
    engine: str
    tflite_python: Path
    rounds: int
    seconds: float


def measure(settings: SpeedSettings) -> list[RaceResult]:
    """Measure the models and the yardsticks, in this order.

    Raises:
        monitor.inference.model.ModelError: a model cannot be used.
    """
    models = [Model.load(folder) for folder in settings.models]
    entries = [
        Racer(
            model.name,
            "as it is",
            settings.engine,
            dict.fromkeys(SHAPES, model.folder / "model.tflite"),
        )
        for model in models
    ]
    vocabularies = [Tokenizer.from_str(model.tokenizer).get_vocab_size() for model in models]
    with tempfile.TemporaryDirectory(prefix="monitor-speed-") as temporary, Workers() as workers:
        folder = Path(temporary)
        with tqdm(YARDSTICKS, desc="making files", unit="network") as progress:
            for yardstick in progress:
                progress.set_postfix_str(yardstick.name)
                entries += made(yardstick, settings.engine, folder, workers)
        return race(
            entries,
            min(vocabularies),
            folder,
            settings.tflite_python,
            settings.rounds,
            settings.seconds,
            workers,
        )


def made(yardstick: Yardstick, engine: str, folder: Path, workers: Workers) -> list[Racer]:
    """Return a yardstick in each variant, whose files have been written into ``folder``.

    In a process of its own: BERT-base leaves gigabytes behind in TensorFlow.
    """
    files: dict[Variant, dict[Shape, Path]] = {
        variant: {
            (batch, length): folder / f"{yardstick.name}-{variant}-{batch}x{length}.tflite"
            for batch, length in SHAPES
        }
        for variant in VARIANTS
    }
    forms = [
        {"variant": variant, "batch": batch, "length": length, "path": str(path)}
        for variant, own in files.items()
        for (batch, length), path in own.items()
    ]
    problem = None
    try:
        workers.ask({"make": yardstick.module, "config": dict(yardstick.config), "files": forms})
    except CannotMeasureError as error:
        problem = str(error)
    return [
        Racer(yardstick.name, variant, engine, {} if problem else own, problem=problem)
        for variant, own in files.items()
    ]
