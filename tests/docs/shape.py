"""Whether a command says what the documentation shows of it, whatever the figures are."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_TOLERANCE: Final = 0.02
"""Of a probability: processors round differently."""


def differences(shown: str, said: str) -> list[str]:
    """List what is shown and was not said.

    JSON has to have the same keys and words, and numbers about the same. Of other output, lines
    without a figure have to be there as they are, and of lines with figures the words. "…" stands
    for what was left out.
    """
    if shown.startswith("{"):
        return [] if _alike(json.loads(shown), json.loads(said)) else [f"not {said}"]
    lines = {_plain(line) for line in said.splitlines()}
    words = set(_WORD.findall(said))
    missing: list[str] = []
    for line in filter(None, map(_plain, shown.splitlines())):
        if re.search(r"\d|…", line):
            missing += [word for word in _WORD.findall(line) if word not in words]
        elif line not in lines:
            missing.append(line)
    return missing


def _plain(line: str) -> str:
    return " ".join(line.split())


def _alike(shown: Any, said: Any) -> bool:  # noqa: ANN401  (any JSON value)
    if isinstance(shown, dict) and isinstance(said, dict):
        return shown.keys() == said.keys() and all(_alike(shown[k], said[k]) for k in shown)
    if isinstance(shown, float) and isinstance(said, float):
        return abs(shown - said) <= _TOLERANCE
    return bool(shown == said)
