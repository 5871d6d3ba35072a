"""The cases: texts with placeholders, each with its kind and its labels, in two files."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.filling import ROLES, unknown_placeholder
from monitor.verdict import POLARITIES

FOLDER: Final = Path(__file__).parent

HALVES: Final = ("open", "held_back")
"""Files of cases: one to work with, and one that is scored when a model is done."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text, and what it does to the reputation of whom it names (head of open.toml)."""

    id: str
    kind: str
    text: str
    label: str
    """Toward ``{name}``."""
    other: str | None = None
    """Toward ``{other}``; None if the text has one entity only."""
    plain: str | None = None
    """Of a negation: the same said without it, whose label is the opposite."""

    def labels(self) -> dict[str, str]:
        """Return the right label by role: ``name`` and, if there are two entities, ``other``."""
        roles = zip(ROLES, (self.label, self.other), strict=True)
        return {role: label for role, label in roles if label is not None}


def read_table(path: Path) -> dict[str, Any]:
    """Return what a TOML file of this package holds.

    Raises:
        TrainingError: it is missing or broken.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: not valid TOML: {error}") from error


def read_cases(half: str, folder: Path = FOLDER) -> list[Case]:
    """Return the cases of one of `HALVES`, in the order of the file.

    Raises:
        TrainingError: the file is missing or broken, or a case is not one.
    """
    path = folder / f"{half}.toml"
    rows = read_table(path).get("cases")
    if not isinstance(rows, list) or not rows:
        raise TrainingError(f"{path}: needs a list `cases`")
    cases = [_case(row, f"{path}: case {number}") for number, row in enumerate(rows, start=1)]
    known: set[str] = set()
    for case in cases:
        if case.id in known:
            raise TrainingError(f"{path}: two cases have the id {case.id}; rename one")
        known.add(case.id)
    return cases


def fingerprint(half: str, folder: Path = FOLDER) -> str:
    """Return the SHA-256 of what is asked: the half's cases and the names.

    Raises:
        TrainingError: a file cannot be read.
    """
    try:
        content = [(folder / f"{name}.toml").read_bytes() for name in (half, "names")]
    except OSError as error:
        raise TrainingError(f"cannot read {error.filename}: {error.strerror}") from error
    return hashlib.sha256(b"\0".join(content)).hexdigest()


def _case(row: object, where: str) -> Case:
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        raise TrainingError(f"{where}: must be a table of strings")
    try:
        case = Case(**row)
    except TypeError as error:
        raise TrainingError(
            f"{where}: needs id, kind, text and label, and may have other and plain: {error}"
        ) from error
    where = f"{where} ({case.id})"
    for label in case.labels().values():
        if label not in POLARITIES:
            raise TrainingError(f"{where}: {label!r} must be one of {', '.join(POLARITIES)}")
    for text in (case.text, case.plain or ""):
        if wrong := unknown_placeholder(text):
            raise TrainingError(f"{where}: {wrong} is no placeholder; see the head of open.toml")
    if case.plain is not None and case.label == "neutral":
        raise TrainingError(f"{where}: neutral has no opposite; leave `plain` out")
    return case
