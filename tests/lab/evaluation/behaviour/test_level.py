"""What the shipped models have reached is held, kind by kind."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from monitor.inference import Model
from monitor.lab.evaluation.behaviour.cases import HALVES, fingerprint
from monitor.lab.evaluation.behaviour.figures import figures
from monitor.lab.evaluation.behaviour.run import run
from tests.docs.generated import MODELS
from tests.processes import REPOSITORY

SLACK = 0.03
"""Share of a kind's answers that another processor's rounding may tip."""

RECORD = "run `monitor evaluate --behaviour --record --model {}`, then `make docs`"


def kept(model: str, half: str) -> dict[str, Any]:
    """Return what a model's card says of a half; empty if nothing."""
    card = tomllib.loads((REPOSITORY / model / "model.toml").read_text(encoding="utf-8"))
    found = card.get("behaviour", {}).get(half, {})
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("model", MODELS)
def test_figures_are_of_this_model_and_these_cases(model: str) -> None:
    """A card without figures, or with those of another file or of other cases, is out of date."""
    assert kept(model, "open"), RECORD.format(model)
    for half in HALVES:
        if found := kept(model, half):
            assert Model.load(REPOSITORY / model).sha256 == found["model"], RECORD.format(model)
            assert fingerprint(half) == found["fingerprint"], RECORD.format(model)


@pytest.mark.parametrize("model", MODELS)
def test_level_is_held(model: str) -> None:
    """Asked every case under four names, no kind is less often right than it was recorded."""
    for half in HALVES:
        if found := kept(model, half):
            level = {
                kind.kind: kind.level
                for kind in figures(run(REPOSITORY / model, half, whole=False)).kinds
            }
            worse = {
                kind: (share, level.get(kind))
                for kind, share in found["level"].items()
                if level.get(kind, 0.0) < share - SLACK
            }
            assert {} == worse
