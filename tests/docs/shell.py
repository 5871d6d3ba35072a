"""Commands as the documentation shows them: taken out of blocks and apart."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.docs.pages import Block

_PROMPT: Final = "$ "
_HEREDOC: Final = re.compile(r"<<-?\s*'?(\w+)'?")
_TOKEN: Final = re.compile(
    r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s|&;<>()'"\\#]|(?<=\S)\#)+|[|&;<>()]+|\#.*"""
)
_ASSIGNMENT: Final = re.compile(r"\w+=")
_SEPARATORS: Final = frozenset({"|", "||", "&&", ";", "&", "(", ")"})
_REDIRECTIONS: Final = frozenset({"<", ">", ">>", "<<"})
_SUDO: Final = re.compile(r"(?<!\S)sudo (?:-u \w+ )?(?:env -C \S+ )?")
_FOLDERS: Final = (
    "/var/lib/monitor/",
    "/etc/monitor/",
    "/opt/monitor/bin/",
    "~/monitor/bin/",
    ".venv/bin/",
)
"""Where a board has things that the tests have in one folder."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line of shell, several lines of text perhaps, and the output shown for it."""

    block: Block
    line: str
    shown: str | None
    """None if no output is shown."""

    @property
    def stages(self) -> list[list[str]]:
        """The simple commands in it, as words that still have their quotes, without files."""
        stages: list[list[str]] = [[]]
        words = iter(tokens(self.line))
        for word in words:
            if word in _SEPARATORS:
                stages.append([])
            elif word in _REDIRECTIONS:
                next(words)
            else:
                stages[-1].append(word)
        return [stage for stage in map(_bare, stages) if stage]

    def __str__(self) -> str:
        return f"{self.block}: {self.line}"


def tokens(line: str) -> list[str]:
    """Split a line into words, which keep their quotes, and operators; without its comments."""
    found = _TOKEN.findall(line.replace("\\\n", " "))
    return [token for token in found if not token.startswith("#")]


def commands(block: Block) -> Iterator[Command]:
    """Take the commands out of a block.

    A block that begins with a prompt shows commands with their output; any other of shell holds
    commands alone.
    """
    if block.text.startswith(_PROMPT):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line = next(_lines(part))
            shown = part[len(line) :].strip("\n")
            yield Command(block, localised(line), shown or None)
        return
    for line in _lines(block.text):
        if tokens(line):
            yield Command(block, localised(line), None)


def localised(line: str) -> str:
    """Put what a line names on a board into the folder that the tests run it in, as their user."""
    line = _SUDO.sub("", line)
    for folder in _FOLDERS:
        line = re.sub(rf"(?<![\w/.]){re.escape(folder)}(?=[ ;]|$)", "./", line)
        line = re.sub(rf"(?<![\w/.]){re.escape(folder)}", "", line)
    return line


def _lines(text: str) -> Iterator[str]:
    """Join what belongs together: continued lines, open quotes, pipes, documents that follow."""
    line = ""
    until = None
    for part in text.splitlines():
        line = f"{line}\n{part}" if line else part
        if until:
            if part.strip() == until:
                yield line
                line, until = "", None
        elif found := _HEREDOC.search(part):
            until = found[1]
        elif not part.endswith(("\\", "|")) and _is_whole(line):
            yield line
            line = ""
    assert not line.strip(), f"has no end: {line}"


def _is_whole(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def _bare(stage: list[str]) -> list[str]:
    """Leave out the variables that stand before a command."""
    return list(itertools.dropwhile(_ASSIGNMENT.match, stage))
