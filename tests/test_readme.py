"""The README is short and names every command; `tests/docs` runs what it shows."""

from __future__ import annotations

import re

import click

from monitor.cli import main
from tests.docs.pages import page

README = page("README.md")
LONGEST = 200
"""Lines: what is longer belongs into docs/."""


def test_it_is_short() -> None:
    """Whoever meets the program reads it to the end."""
    assert README.text.count("\n") <= LONGEST


def test_commands_are_all_named() -> None:
    """The table has every command, and none that is not there."""
    rows = re.findall(r"^\| (`monitor .*?`.*?) \|", README.section("Commands"), re.MULTILINE)
    named = [
        name for row in rows for name in re.findall(r"`(?:monitor )?([a-z][a-z-]+)[^`]*`", row)
    ]

    assert set(main.list_commands(click.Context(main))) == set(named)
