"""How a teacher fares on entities and domains that it has never learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.lab.data import read, read_rows
from monitor.lab.training import network as networks
from monitor.lab.training.measure import measure
from monitor.lab.training.teacher import TeacherSettings, train

EVERY = 4
"""Of RepLab's entities, in alphabetical order, every fourth is left out together."""


def groups(data: Path) -> dict[str, tuple[str, ...]]:
    """Return what is left out in turn: each RepLab domain, and a quarter of the entities."""
    rows = list(read_rows(data, "replab2013_train"))
    domains = sorted({str(row["domain"]) for row in rows})
    entities = sorted({str(row["entity"]) for row in rows})
    return {domain: (domain,) for domain in domains} | {"entities": tuple(entities[::EVERY])}


def transfer(
    data: Path, output: Path, settings: TeacherSettings, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Train one teacher with everything and one without each of `groups`, and compare the two.

    Both answer the same held-out tweets of what was left out. ``tell`` gets a line before each
    training.

    Raises:
        Interrupted: asked to stop; calling again goes on.
        TrainingError: data or the pretrained encoder are missing.
    """

    def figures(folder: Path, left_out: Sequence[str]) -> dict[str, Any]:
        network, tokenizer, _ = networks.load(folder)
        dev = {"left_out": read([data], left_out).dev["left_out"]}
        scores: dict[str, Any] = measure(
            network.to(networks.device()), tokenizer, dev, settings.max_length
        )["left_out_reputation"]
        return scores

    tell("with all entities")
    train([data], output / "all", settings)
    results = []
    for name, left_out in groups(data).items():
        tell(f"without {name}")
        train([data], output / name, replace(settings, leave_out=left_out))
        seen, unseen = figures(output / "all", left_out), figures(output / name, left_out)
        results.append(
            {
                "left_out": name,
                "tweets": seen["tweets"],
                **{f"seen_{key}": seen[key] for key in ("accuracy", "macro_f1")},
                **{f"unseen_{key}": unseen[key] for key in ("accuracy", "macro_f1")},
            }
        )
    return results
