"""docs/configuration.md says truly where names are found, and where an alias is needed."""

from __future__ import annotations

import re

import pytest

from monitor.tweets import Entity, EntityMatcher
from tests.docs.pages import page

ROWS = re.findall(
    r"^\| (`.*) \| (`.*) \| (`.*) \|$",
    page("docs/configuration.md").section("Entities"),
    re.MULTILINE,
)


def _examples(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("name", "found", "not_found"), ROWS)
def test_names_are_found_as_shown(name: str, found: str, not_found: str) -> None:
    """Each example of a row."""
    (configured,) = _examples(name)
    matcher = EntityMatcher([Entity("Other", (configured,))])

    assert [] == [text for text in _examples(found) if matcher.match(text) != ("Other",)]
    assert [] == [text for text in _examples(not_found) if matcher.match(text)]


def test_the_table_was_found() -> None:
    """It has its rows."""
    assert len(ROWS) >= 10
