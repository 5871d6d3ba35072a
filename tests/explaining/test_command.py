"""``monitor explain``, as typed."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from monitor.cli import main


def _monitor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


def test_explains_on_the_terminal(model_path: str) -> None:
    """A line a word, in the order of the text."""
    result = _monitor("--model", model_path, "--entity", "Acme", "Acme is the worst company ever")

    words = [line.split()[0] for line in result.stdout.splitlines() if "|" in line]
    assert 0 == result.exit_code, result.output
    assert ["[TARGET]", "is", "the", "worst", "company", "ever"] == words


def test_explains_as_json(model_path: str) -> None:
    """With the label that `monitor classify` gives, and the other task if it is asked for."""
    text = "So happy that my old Veloria finally died and I could buy a Lumen"
    classified = CliRunner().invoke(
        main, ["classify", "--model", model_path, "--task", "sentiment", "--entity", "Lumen", text]
    )
    result = _monitor(
        *("--model", model_path, "--task", "sentiment", "--entity", "Lumen", "--json", text)
    )

    expected, found = json.loads(classified.stdout), json.loads(result.stdout)
    assert (expected["label"], "sentiment") == (found["label"], found["task"])
    assert text.replace("Lumen", "[TARGET]").split() == [word["word"] for word in found["words"]]


def test_bytes_that_are_no_text(model_path: str) -> None:
    """An argument need not be UTF-8: what is not becomes a question mark."""
    result = _monitor("--model", model_path, "--json", "bad \udcff word")

    assert 0 == result.exit_code
    assert "bad ? word" == json.loads(result.stdout)["text"]


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    """Exit code 1, one line."""
    result = _monitor("--model", str(tmp_path / "nowhere"), "text")

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "no model there" in result.stderr


def test_usage() -> None:
    """Without a text: exit code 2."""
    assert 2 == _monitor().exit_code
