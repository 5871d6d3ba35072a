"""The pages of the documentation, and what is in them: fenced blocks, headings, links."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.processes import REPOSITORY

_FENCED: Final = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1``` *$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")
_CODE: Final = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    page: str
    line: int
    language: str
    """"" for what no language is given: output, a table, a drawing."""
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page of Markdown, by its path in the repository."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where it lies."""
        return REPOSITORY / self.name

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        return [
            Block(
                self.name,
                self.text.count("\n", 0, found.start()) + 1,
                found[2],
                textwrap.dedent(found[3]),
            )
            for found in _FENCED.finditer(self.text)
        ]

    def blocks_of(self, *languages: str) -> list[Block]:
        """Its blocks in some languages."""
        return [block for block in self.blocks if block.language in languages]

    @cached_property
    def prose(self) -> str:
        """What is outside of fenced blocks."""
        return _FENCED.sub("", self.text)

    @cached_property
    def anchors(self) -> set[str]:
        """What a link can lead to: its headings, as GitHub makes anchors of them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    @cached_property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return _LINK.findall(_CODE.sub("", self.prose))

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one of its level or a higher one."""
        found = re.search(rf"^(#+) +{re.escape(heading)} *$", self.text, re.MULTILINE)
        assert found, f"{self.name} has no heading {heading!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", _FENCED.sub(_blank, rest), re.MULTILINE)
        return rest[: end.start()] if end else rest


def _anchor(heading: str) -> str:
    """Make an anchor as GitHub does: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _blank(found: re.Match[str]) -> str:
    """As long as what was found, so that places stay, and without headings."""
    return " " * len(found[0])


PAGES: Final = [
    Page(str(path.relative_to(REPOSITORY)))
    for pattern in (
        *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
        *("docs/*.md", "docs/decisions/*.md", "systemd/README.md", "models/*/README.md"),
    )
    for path in sorted(REPOSITORY.glob(pattern))
]


def page(name: str) -> Page:
    """Find a page by its path."""
    (found,) = (one for one in PAGES if one.name == name)
    return found
