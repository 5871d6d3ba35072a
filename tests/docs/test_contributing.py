"""What CONTRIBUTING.md and the pre-commit hooks say is what the Makefile does."""

from __future__ import annotations

import re

import yaml  # type: ignore[import-untyped]

from tests.docs.pages import page
from tests.processes import REPOSITORY

CONTRIBUTING = page("CONTRIBUTING.md")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def test_hooks_are_what_make_check_runs() -> None:
    """The same commands in the same order, on the whole project."""
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    checks = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (repo,) = yaml.safe_load(text)["repos"]

    assert checks == [hook["entry"] for hook in repo["hooks"]]
    assert {("system", False)} == {(h["language"], h["pass_filenames"]) for h in repo["hooks"]}


def test_targets_it_names_are_there() -> None:
    """`make TARGET` in a table or a sentence is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+)(?: [a-z]+)*:", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", CONTRIBUTING.text))

    assert {"check", "test", "docs"} <= named
    assert set() == named - targets - {"help"}
