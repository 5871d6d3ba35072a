"""What the README shows works as it is shown."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.store import Store
from monitor.tweet import Reason

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_queries_and_views_are_there(tmp_path: Path) -> None:
    """Every query shown, and every view named, is one that the log understands."""
    path = tmp_path / "monitor.db"
    Store(path).close()
    queries = [
        query
        for block in re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
        for query in block.split(";")
        if query.strip()
    ]
    views = re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE)
    with closing(sqlite3.connect(path)) as connection:
        named = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
        for query in queries:
            connection.execute(query)

    assert len(queries) >= 2
    assert set(views) <= set(named)
    assert len(views) >= 5


def test_reasons_are_all_named() -> None:
    """The README names every reason for which a payload is no tweet."""
    assert [] == [reason for reason in Reason if f"`{reason}`" not in README]


@pytest.mark.parametrize("name", ["run", "check", "classify", "publish", "bench", "demo"])
def test_commands_are_all_named(name: str) -> None:
    """The README's commands exist."""
    assert f"`monitor {name}" in README
    assert main.get_command(None, name) is not None  # type: ignore[arg-type]
