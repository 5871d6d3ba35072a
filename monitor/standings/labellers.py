"""Which models labelled the tweets of a log, and what is known of their mistakes."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from monitor.standings.quantification import Calibration, Method
from monitor.store import StoreError
from monitor.verdict import TASKS

Task = Literal["reputation", "sentiment"]


@dataclass(frozen=True, slots=True)
class Labeller:
    """A model that labelled tweets of the log, as it was run."""

    name: str
    """With its version."""
    task: Task
    """The task (`monitor.verdict.TASKS`) whose answer is taken as the label."""
    calibration: Calibration | None
    """What is known of its mistakes at that task."""
    sha256: str = ""
    """Of its file."""

    @property
    def method(self) -> Method:
        """What corrects its counts unless another is asked for."""
        return self.calibration.best if self.calibration else "none"


def labellers(connection: sqlite3.Connection, task: Task | None = None) -> dict[int, Labeller]:
    """Read which models the log knows, by id.

    Args:
        connection: from `reader.open_log`.
        task: whose labels are asked for; None for the task that each model was run for.

    Raises:
        StoreError: what the log says of a model is not what is written there.
    """
    found = {}
    for model_id, name, version, own_task, card, sha256 in connection.execute(
        "SELECT id, name, version, task, calibration, sha256 FROM models"
    ):
        asked: Task = task or own_task
        try:
            table: dict[str, Any] = json.loads(card) if card else {}
            calibration = Calibration.of(table.get(asked))
        except (ValueError, AttributeError, TypeError):
            raise StoreError(f"the log is damaged: the calibration of model {model_id}") from None
        if asked not in TASKS:
            raise StoreError(f"the log is damaged: the task of model {model_id}")
        found[model_id] = Labeller(f"{name} {version}", asked, calibration, sha256)
    return found
