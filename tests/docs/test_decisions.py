"""The records of decisions are numbered, dated, complete and listed."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, Page, page

RECORDS = [one for one in PAGES if one.name.startswith("docs/decisions/")]


def test_numbers_have_no_gap() -> None:
    """Each record has the next number, in its name and its title."""
    numbers = [int(record.path.name[:4]) for record in RECORDS]

    assert len(RECORDS) > 20
    assert list(range(1, len(RECORDS) + 1)) == numbers


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_it_is_whole(record: Page) -> None:
    """Number, title, date, and the three sections in order, none of them empty."""
    found = re.fullmatch(
        r"# (\d{4})\. \S[^\n]*\n\n\*\d{4}-\d\d-\d\d(?:;[^\n*]+)?\*\n\n"
        r"## Context\n\n\S.*\n\n## Decision\n\n\S.*\n\n## Consequences\n\n\S.*\n",
        record.text,
        re.DOTALL,
    )

    assert found, "not in the form of the other records"
    assert record.path.name[:4] == found[1]


def test_list_is_complete() -> None:
    """docs/design.md lists each record with its number, title and date."""
    listed = re.findall(
        r"^\| (\d{4}) \| \[(.+)\]\((decisions/.+\.md)\) \| (\S+) \|$",
        page("docs/design.md").text,
        re.MULTILINE,
    )
    heads = [
        (
            record.path.name[:4],
            re.findall(r"^# \d{4}\. (.+)$", record.text, re.MULTILINE)[0],
            f"decisions/{record.path.name}",
            re.findall(r"^\*(\d{4}-\d\d-\d\d)", record.text, re.MULTILINE)[0],
        )
        for record in RECORDS
    ]

    assert heads == sorted(listed)
