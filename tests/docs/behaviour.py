"""The tables of a model's card on the behaviour cases, from what its model.toml keeps."""

from __future__ import annotations

import tomllib

from monitor.lab.evaluation.behaviour.document import as_markdown
from tests.processes import REPOSITORY


def tables(folder: str) -> str:
    """Make them, as Markdown, for a model's folder in the repository."""
    text = (REPOSITORY / folder / "model.toml").read_text(encoding="utf-8")
    return as_markdown(tomllib.loads(text).get("behaviour", {}))
