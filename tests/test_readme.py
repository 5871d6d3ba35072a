"""The README is read in two minutes; `tests/docs` runs what it shows."""

from __future__ import annotations

import re

from tests.docs.pages import page

README = page("README.md")
MOST_WORDS = 700
"""Pictures not counted: what is longer belongs into docs/."""


def test_it_takes_two_minutes() -> None:
    """Whoever meets the program reads it to the end."""
    without_pictures = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", README.text)

    assert len(without_pictures.split()) <= MOST_WORDS


def test_first_command_is_the_demonstration() -> None:
    """Nobody has to read on to see it work."""
    assert README.blocks_of("sh")[0].text.startswith("make demo\n")


def test_limits_come_before_the_first_command() -> None:
    """Language, how often labels are right, and boards not timed are said before it is tried."""
    beginning = README.text.partition("```")[0]

    assert [] == [said for said in ("English", "labels in ten", "Arm") if said not in beginning]
