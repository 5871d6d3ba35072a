"""Figures of the behaviour cases as model.toml keeps them, under ``[behaviour.HALF]``."""

from __future__ import annotations

import tomllib
from typing import Any

from monitor.lab import card
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.figures import BehaviourFigures
from monitor.lab.evaluation.behaviour.run import Answered


def recorded(answered: Answered, figures: BehaviourFigures) -> dict[str, Any]:
    """Return the table of a half; shares are 0 to 1 with four decimals.

    ``level`` is the accuracy that the tests hold; ``fingerprint`` and ``model`` are the SHA-256 of
    what was asked and of the FlatBuffer that answered: figures of others are out of date.
    """
    kinds = figures.kinds
    first, last = figures.names[0], figures.names[-1]
    return {
        "fingerprint": answered.fingerprint,
        "model": answered.model.sha256,
        "names": len(figures.names),
        "questions": len(answered.questions),
        "truth": round(figures.truth, 4),
        "least_negative": round(first.negative, 4),
        "most_negative": round(last.negative, 4),
        "cases": {one.kind: one.cases for one in kinds},
        "accuracy": {one.kind: round(one.accuracy, 4) for one in kinds},
        "worst_name": {one.kind: round(one.worst, 4) for one in kinds},
        "both": {one.kind: round(one.both, 4) for one in kinds if one.both is not None},
        "level": {one.kind: round(one.level, 4) for one in kinds},
        "invariance_failed": {
            one.test: round(one.failed, 4) for one in figures.checks if not one.directional
        },
        "direction_failed": {
            one.test: round(one.failed, 4) for one in figures.checks if one.directional
        },
    }


def write(answered: Answered, figures: BehaviourFigures) -> None:
    """Put the figures into the model.toml of the model that was asked.

    Raises:
        TrainingError: tomli-w is not installed, or the file cannot be written.
    """
    folder = answered.model.folder
    try:
        content = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
        content.setdefault("behaviour", {})[answered.half] = recorded(answered, figures)
        card.write_card(folder, content)
    except OSError as error:
        raise TrainingError(f"cannot write {error.filename}: {error.strerror}") from error
