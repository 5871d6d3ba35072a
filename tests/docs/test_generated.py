"""What is generated is up to date, and has everything in it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from monitor.settings import Settings
from monitor.tweets import Entity
from tests.docs.configuration import comments
from tests.docs.generated import GENERATED, Part
from tests.docs.modules import packages
from tests.docs.pages import page
from tests.processes import REPOSITORY


@pytest.mark.parametrize("part", GENERATED, ids=lambda part: str(part.page))
def test_up_to_date(part: Part) -> None:
    """The page is what `make docs` would write."""
    fresh = part.renewed() == page(part.page).text
    assert fresh, f"run `make docs`: {part.page} is out of date"


def test_every_key_is_described() -> None:
    """Each has a comment in the sample, or the reference would be silent about it."""
    said = comments((REPOSITORY / "config.toml").read_text(encoding="utf-8"))
    keys = [
        (section.name, key.name)
        for section in dataclasses.fields(Settings)
        if section.name != "entities"
        for key in dataclasses.fields(getattr(Settings(), section.name))
    ]

    assert len(keys) > 40
    assert [] == [key for key in keys if not said.get(key)]
    reference = page("docs/configuration.md").text.partition("## Every key")[2]
    rows = re.findall(r"^\| `(\w+)` \|", reference, re.MULTILINE)
    assert [*(key for _, key in keys), *(f.name for f in dataclasses.fields(Entity))] == rows


def test_comments_are_read_to_their_end() -> None:
    """A '#' in a value begins no comment; a comment goes on in the lines below its key."""
    sample = '[mqtt] # of all\ntopics = ["a/#"]  # filters\n   # and more\n\n# alone\nqos = 1\n'

    assert {("mqtt", ""): "of all", ("mqtt", "topics"): "filters and more"} == comments(sample)


def test_every_module_is_there() -> None:
    """Every file of the package has its row."""
    rows = re.findall(
        r"^\| \[(\S+)\]\(\S+\) \| [^|]+ \| ([\w, ]*) \|$",
        page("docs/architecture.md").section("Every file"),
        re.MULTILINE,
    )
    listed = [f"{folder}/{name}.py" for folder, names in rows for name in names.split(", ")]
    root = REPOSITORY / "monitor"
    modules = {str(p.relative_to(REPOSITORY)) for p in root.rglob("*.py")}

    assert {name for name in modules if not name.endswith("__init__.py")} == set(listed)
    assert len(packages(root)) > 10
