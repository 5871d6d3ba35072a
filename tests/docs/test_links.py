"""Every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, Page
from tests.processes import REPOSITORY


def _broken(link: str, page: Page) -> bool:
    """Whether a link leads to no file of the repository, or to no heading of it."""
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    if not target.exists():
        return True
    if not anchor:
        return False
    if target.suffix != ".md":
        return True
    return anchor not in Page(str(target.relative_to(REPOSITORY))).anchors


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Page) -> None:
    """Relative links lead to files and headings that are there."""
    ours = [link for link in page.links if not re.match(r"https?://|mailto:", link)]

    assert [] == [link for link in ours if _broken(link, page)]


def test_every_page_is_linked() -> None:
    """Whoever begins at the README finds every page."""
    found, ahead = set[Path](), [REPOSITORY / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in found:
            continue
        found.add(path)
        links = (link.partition("#")[0] for link in Page(str(path.relative_to(REPOSITORY))).links)
        ahead += [
            target
            for link in links
            if link.endswith(".md") and (target := (path.parent / link).resolve()).exists()
        ]

    assert [] == [str(page) for page in PAGES if page.path.resolve() not in found]


def test_pages_that_the_code_names_are_there() -> None:
    """Code, settings and units refer to pages that exist."""
    files = [
        *REPOSITORY.glob("monitor/**/*.py"),
        *REPOSITORY.glob("systemd/*"),
        REPOSITORY / "config.toml",
        REPOSITORY / "Makefile",
    ]
    named = {
        (str(file.relative_to(REPOSITORY)), name)
        for file in files
        if file.is_file()
        for name in re.findall(r"\b(?:docs|systemd)/[\w/-]+\.md", file.read_text(encoding="utf-8"))
    }

    assert len(named) > 5
    assert [] == sorted((file, name) for file, name in named if not (REPOSITORY / name).exists())
