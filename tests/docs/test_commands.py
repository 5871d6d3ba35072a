"""Every command shown is run, parsed, or excused, and says what is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence

import click
import pytest

from monitor.cli import main
from tests.docs.excuses import EXCUSES, HARMLESS, excuse
from tests.docs.pages import PAGES, Block, Page, page
from tests.docs.sandbox import INSIDE, Sandbox, check_options
from tests.docs.shape import differences
from tests.docs.shell import Command, commands
from tests.processes import REPOSITORY

SHELL = ("sh", "bash")


def _commands(page: Page) -> list[Command]:
    blocks = [b for b in page.blocks if b.language in SHELL or b.text.startswith("$ ")]
    return [command for block in blocks for command in commands(block)]


ALL = {page: _commands(page) for page in PAGES}


def _stages() -> list[tuple[Command, list[str]]]:
    return [(command, stage) for of in ALL.values() for command in of for stage in command.stages]


def test_nothing_is_shown_that_is_neither_run_nor_excused() -> None:
    """A new command in the documentation has to be run, or needs a reason why not."""
    assert [] == [
        str(command)
        for command, stage in _stages()
        if stage[0] not in {*HARMLESS, *INSIDE} and not excuse(stage)
    ]


def test_no_excuse_is_left_over() -> None:
    """Each excuse is of a command that some page shows."""
    used = {excuse(stage) for _, stage in _stages()}

    assert [] == [" ".join(words) for words in EXCUSES if words not in used]


def test_commands_hide_in_no_output() -> None:
    """Blocks without a language are output: what is to be run is marked as shell."""
    blocks: list[Block] = [b for page in PAGES for b in page.blocks if b.language in ("", "text")]
    called = re.compile(
        r"^(?:\S*/)?(?:monitor [a-z-]+(?: \S|$)|(?:make|sqlite-utils|pip|sudo) )", re.MULTILINE
    )

    assert [] == [
        str(block)
        for block in blocks
        if not block.text.startswith("$ ") and called.search(block.text)
    ]


def test_options_are_those_of_the_commands() -> None:
    """`monitor COMMAND` is shown with arguments and options that it takes, run or not."""
    checked = 0
    for command, stage in _stages():
        if stage[0] == "monitor" and command.shown is None:
            arguments = [word for words in stage[1:] for word in shlex.split(words)]
            try:
                check_options(main, arguments)
            except Exception as error:  # noqa: BLE001  (told with its place)
                pytest.fail(f"{command}: {error}")
            checked += 1

    assert checked > 30


def test_commands_are_all_named() -> None:
    """The table of docs/commands.md has every command, and none that is not there."""
    table = page("docs/commands.md").section("All commands")
    rows = re.findall(r"^\| (`monitor .*?`.*?) \|", table, re.MULTILINE)
    named = [
        name for row in rows for name in re.findall(r"`(?:monitor )?([a-z][a-z-]+)[^`]*`", row)
    ]

    assert set(main.list_commands(click.Context(main))) == set(named)


def test_targets_are_in_the_makefile() -> None:
    """`make TARGET NAME=value` is shown with targets and variables that the Makefile has."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z$()./A-Z_]+(?: [a-z]+)*):(?!=)", makefile, re.MULTILINE))
    known = {name.replace("$(VENV)", ".venv") for names in targets for name in names.split()}
    variables = set(re.findall(r"\$\((?:or |if )?\$?\(?([A-Z]+)", makefile))

    def wrong(words: Sequence[str]) -> list[str]:
        return [
            word
            for word in words
            if word.partition("=")[0] not in (variables if "=" in word else known)
        ]

    shown = [(command, stage[1:]) for command, stage in _stages() if stage[0] == "make"]
    assert len(shown) > 10
    assert [] == [f"{command}: {wrong(words)}" for command, words in shown if wrong(words)]


@pytest.mark.parametrize("page", [page for page in PAGES if ALL[page]], ids=str)
def test_commands_run(page: Page, request: pytest.FixtureRequest) -> None:
    """What is not excused is run, in order, in one folder for each page, and says what is shown."""
    runnable = [c for c in ALL[page] if not any(excuse(stage) for stage in c.stages)]
    if not runnable:
        return
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    for program in {stage[0] for command in runnable for stage in command.stages} - set(INSIDE):
        if not shutil.which(program):
            message = f"{program} is not installed"
            (pytest.fail if os.environ.get("MONITOR_REQUIRE_BROKER") else pytest.skip)(message)
    for command in runnable:
        said = sandbox.run(command)
        assert [] == differences(command.shown or "", said), f"{command} says:\n{said}"
