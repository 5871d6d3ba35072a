"""Figures in model.toml, and as Markdown made from them."""

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.document import as_markdown
from monitor.lab.evaluation.behaviour.figures import figures
from monitor.lab.evaluation.behaviour.record import recorded, write
from monitor.lab.evaluation.behaviour.run import Answered
from tests.lab.evaluation.behaviour.answers import CASES, answered, saying, shipped


def copied(tmp_path: Path, half: str) -> Answered:
    """Return answers of a copy of the shipped model."""
    if not (tmp_path / "model").exists():
        copytree(shipped().folder, tmp_path / "model")
    model = Model.load(tmp_path / "model")
    return replace(answered(lambda _: saying("negative"), half=half), model=model)


def test_both_halves_are_kept(tmp_path: Path) -> None:
    """One does not push the other out, nothing else changes, and the model still loads."""
    before = tomllib.loads((shipped().folder / "model.toml").read_text())
    for half in ("open", "held_back"):
        found = copied(tmp_path, half)
        write(found, figures(found))
    after = tomllib.loads((tmp_path / "model" / "model.toml").read_text())

    assert {"open", "held_back"} == set(after["behaviour"])
    kept = after["behaviour"]["open"]
    assert 1.0 == kept["accuracy"]["complaint"] == kept["level"]["complaint"]
    assert 0.0 == kept["accuracy"]["praise"] == kept["both"]["comparison"]
    assert shipped().sha256 == kept["model"]
    without = {key: value for key, value in before.items() if key != "behaviour"}
    assert without == {key: value for key, value in after.items() if key != "behaviour"}
    assert DEFAULT_MODEL == Model.load(tmp_path / "model").name


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A file that cannot be written, or a folder that is gone, is told in one line."""
    found = copied(tmp_path, "open")
    draft = f".model.toml.{os.getpid()}"
    (tmp_path / "model" / draft).mkdir()
    with pytest.raises(TrainingError, match=f"cannot write .*{re.escape(draft)}: Is a directory"):
        write(found, figures(found))
    (tmp_path / "model").rename(tmp_path / "elsewhere")
    with pytest.raises(TrainingError, match=r"cannot write .*model\.toml.*: No such file"):
        write(found, figures(found))


def test_markdown_is_made_from_what_is_kept() -> None:
    """All rows of a table have as many cells as its heading, and each half its tables."""
    found = answered(lambda _: saying("negative"))
    kept = recorded(found, figures(found))
    document = as_markdown({"held_back": kept, "open": kept})

    assert document.index("Open half") < document.index("Half that is held back")
    tables = re.findall(r"(?:^\|.*\n)+", document, flags=re.MULTILINE)
    assert 6 == len(tables)
    for block in tables:
        assert 1 == len({line.count("|") for line in block.splitlines()}), block
    assert f"| comparison | 1 | {0.5:.3f} | {0.5:.3f} | 0.000 |" in document
    assert f"| all | {len(CASES)} | 0.500 |" in document
    assert "Half" not in as_markdown({"open": kept})
    assert "" == as_markdown({}).strip()
