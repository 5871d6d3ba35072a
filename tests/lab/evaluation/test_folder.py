"""The folder that --output writes."""

import json
from pathlib import Path

import pytest

from monitor import DEFAULT_MODEL
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation import folder as writing
from tests.lab.evaluation.evaluations import results


def test_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON for programs, Markdown that shows the pictures, and nothing of this machine's paths."""
    monkeypatch.setattr(writing, "draw", lambda *_: ["sts_gold-confusion.png"])
    writing.write(results(), tmp_path / "new")
    content = (tmp_path / "new" / "results.json").read_text(encoding="utf-8")
    document = (tmp_path / "new" / "results.md").read_text(encoding="utf-8")

    assert DEFAULT_MODEL == json.loads(content)["model"]["name"]
    assert "![sts_gold-confusion.png](sts_gold-confusion.png)" in document
    assert str(results().model.folder.absolute()) not in content + document


def test_unwritable(tmp_path: Path) -> None:
    """The message names what is in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match=r"cannot write .*folder: Not a dir"):
        writing.write(results(), tmp_path / "file" / "folder")
