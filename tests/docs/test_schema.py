"""docs/schema.md has every table, view and column of a log, and its queries find something."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store
from tests.docs.pages import PAGES, Block, page

SCHEMA = page("docs/schema.md")
INTERNAL = re.findall(r"`(\w+)`", SCHEMA.section("The daemon's own"))
DESCRIBED = {
    name: re.findall(
        r"`(\w+)`",
        " ".join(re.findall(r"^\| (`[^|]+) \|", SCHEMA.section(f"`{name}`"), re.MULTILINE)),
    )
    for name in re.findall(r"^### `(\w+)`$", SCHEMA.text, re.MULTILINE)
}
QUERIES = [block for one in PAGES for block in one.blocks_of("sql")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A log as it is when the daemon starts for the first time."""
    path = tmp_path_factory.mktemp("fresh") / "monitor.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def test_tables_and_views_are_all_described(fresh: sqlite3.Connection) -> None:
    """Each has a heading, or is named among those that are the daemon's own."""
    names = fresh.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")

    assert sorted([*DESCRIBED, *INTERNAL]) == sorted(name for (name,) in names)


@pytest.mark.parametrize("name", DESCRIBED)
def test_columns_are_all_described(fresh: sqlite3.Connection, name: str) -> None:
    """A table's columns are those that are described, in their order where there is one."""
    columns = [row[1] for row in fresh.execute(f"PRAGMA table_info({name})")]

    assert sorted(columns) == sorted(DESCRIBED[name])


@pytest.mark.parametrize("block", QUERIES, ids=str)
def test_queries_find_something(log: Path, block: Block) -> None:
    """Each query shown is understood by a log, and finds rows in one that has a week of tweets."""
    queries = [query for query in block.text.split(";") if query.strip()]
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as connection:
        found = {query: len(connection.execute(query).fetchall()) for query in queries}

    assert queries
    assert [] == [query for query, rows in found.items() if not rows]
