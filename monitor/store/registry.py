"""The models that labels are of, each with a row of its own, ours and those of other boards."""

from __future__ import annotations

import sqlite3
from typing import Final

from monitor.console import strict_json
from monitor.inference import Model
from monitor.store.rows import ModelRow
from monitor.tweets import OTHERS

_FIND_MODEL: Final = "SELECT id FROM models WHERE sha256 = ? AND runtime = ? AND task = ?"
_INSERT_MODEL: Final = (  # what is known of a model's mistakes holds wherever it is run
    "INSERT INTO models (sha256, name, version, runtime, task, first_used_at, calibration)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT max(calibration) FROM models WHERE sha256 = ?1))"
)

MOST_MODELS: Final = 100
"""How many models a log knows before those that other boards name for the first time share a row:
whatever counts labels looks at all of them."""


def register(
    connection: sqlite3.Connection, model: Model, runtime: str, task: str, now: str
) -> int:
    """Find or add the row of a model, as it is run here, and return its id."""
    row = ModelRow(model.sha256, model.name, model.version, runtime, task)
    model_id = _id_of(connection, row, now)
    connection.execute(
        "UPDATE models SET calibration = ? WHERE sha256 = ?",
        (strict_json(model.calibration) if model.calibration else None, model.sha256),
    )
    return model_id


def of_another_board(connection: sqlite3.Connection, model: ModelRow, now: str) -> int:
    """Find or add the row of a model that another board names, or that of those too many."""
    execute = connection.execute
    known = execute(_FIND_MODEL, (model.sha256, model.runtime, model.task)).fetchone()
    if not known and execute("SELECT count(*) FROM models").fetchone()[0] >= MOST_MODELS:
        model = ModelRow("0" * 64, OTHERS, "-", "-", model.task)
    return int(known[0]) if known else _id_of(connection, model, now)


def _id_of(connection: sqlite3.Connection, model: ModelRow, now: str) -> int:
    key = (model.sha256, model.runtime, model.task)
    if row := connection.execute(_FIND_MODEL, key).fetchone():
        return int(row[0])
    columns = (model.sha256, model.name, model.version, model.runtime, model.task, now)
    added = connection.execute(_INSERT_MODEL, columns).lastrowid
    assert added is not None
    return added
