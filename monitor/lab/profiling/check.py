"""One finished model against a budget, on this machine."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass

from monitor.inference import Model
from monitor.lab.profiling.measure import Timing, measure
from monitor.lab.profiling.predictor import PROMISED
from monitor.lab.structure import Structure


@dataclass(frozen=True)
class Budget:
    """What a model may take: seconds, for the 95th percentile of a call, and bytes; None: any."""

    latency: float | None = None
    size: int | None = None


@dataclass(frozen=True)
class Checked:
    """What a model does take: a call at the `PROMISED` shape, and the bytes of its files."""

    timing: Timing
    size: int

    def complaints(self, budget: Budget) -> list[str]:
        """Return what is above ``budget``, a sentence each."""
        found = []
        if budget.latency is not None and self.timing.p95 > budget.latency:
            found.append(
                f"latency {1000 * self.timing.p95:.3g} ms (p95) is above"
                f" {1000 * budget.latency:.3g} ms"
            )
        if budget.size is not None and self.size > budget.size:
            found.append(f"size {self.size / 1e6:.2f} MB is above {budget.size / 1e6:.2f} MB")
        return found


def check(model: Model, runtime: str) -> Checked:
    """Measure ``model`` at the `PROMISED` shape.

    Raises:
        ModelError: the runtime is missing or refuses the model.
    """
    timing = measure(model.flatbuffer, runtime, *PROMISED, vocabulary=words_of(model))
    return Checked(timing, len(model.flatbuffer) + len(model.tokenizer.encode()))


def words_of(model: Model) -> int:
    """Return how many words the model's tokenizer knows."""
    return len(json.loads(model.tokenizer)["model"]["vocab"])


def structure_of(model: Model) -> Structure | None:
    """Return the structure that the model.toml of an exported model tells.

    None: it tells none, or has no bottlenecks, of which a profile knows nothing.

    Raises:
        StructureError: what it tells is none.
    """
    path = model.folder / "model.toml"
    settings = (
        tomllib.loads(path.read_text(encoding="utf-8")).get("training", {}).get("settings", {})
    )
    # Models distilled before there was a `Structure` call it their shape.
    table = settings.get("structure", settings.get("shape"))
    if not table or table.get("bottleneck") == 0:
        return None
    return Structure.of({"vocabulary": words_of(model)} | table, str(path))
