"""``monitor topics``, as typed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from monitor.clock import utc
from tests.factories import NOW
from tests.topics.invented import LEAK_BEGAN, Said, leak, usual, write


def _monitor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["topics", *arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of the last weeks, really, with an alert."""
    shift = time.time() - NOW
    said = usual(200, since=NOW - 1e6, until=LEAK_BEGAN - 86_400) + leak()
    path = write(tmp_path / "monitor.db", [replace(one, at=one.at + shift) for one in said])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO alerts (id, entity, model_id, since, raised_at, usual_share, share,"
            " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES (7, 'Acme', 1, ?, ?, 0.2, 0.9, 9, 8, 1, '', 1, '')",
            (utc(LEAK_BEGAN + shift), utc(LEAK_BEGAN + shift + 3600)),
        )
    return path


@pytest.mark.parametrize(
    "arguments",
    [[], ["--entity", "acme"], ["--since", "24h"], ["--alert", "7"], ["--until", "now"]],
    ids=" ".join,
)
def test_tells_of_the_leak(log: Path, arguments: list[str]) -> None:
    """Of all tweets, an entity in any case, a time, an alert."""
    result = _monitor("--database", str(log), *arguments)

    assert (0, "") == (result.exit_code, result.stderr), result.exception
    assert "data leak" in result.stdout


def test_writes_json(log: Path) -> None:
    """As another program reads it; so many stories as are asked for."""
    result = _monitor("--database", str(log), "--alert", "7", "--format", "json", "--top", "1")
    document = json.loads(result.stdout)

    assert ("Acme", 7, 1) == (document["entity"], document["alert"], len(document["stories"]))


def test_reads_aliases_of_the_configuration(log: Path, tmp_path: Path) -> None:
    """And the log that it names; what an entity is called is no topic."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[store]\npath = "{log}"\n[[entities]]\nname = "Acme"\naliases = ["passwords"]\n'
    )
    with_, without = (
        _monitor("--entity", "Acme", "--format", "json", *arguments)
        for arguments in (("--config", str(config)), ("--database", str(log)))
    )

    assert '"topic": "passwords"' in without.stdout
    assert "data leak" in with_.stdout
    assert '"topic": "passwords"' not in with_.stdout


def test_says_that_there_are_no_texts(tmp_path: Path) -> None:
    """As a table; as JSON, which stays JSON, on standard error."""
    log = write(tmp_path / "monitor.db", [Said(time.time() - 60, None)])
    table, data = (_monitor("--database", str(log), "--format", f) for f in ("table", "json"))

    assert 'store_text = "none"' in " ".join(table.stdout.split())
    assert 'store_text = "none"' in data.stderr
    assert (1, []) == tuple(json.loads(data.stdout)[key] for key in ("without_text", "stories"))


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--entity", "acne"], 1, "the nearest of 1 entity in the log is 'Acme'"),
        (["--alert", "8"], 1, "the log has no alert 8; the latest is 7"),
        (["--alert", "7", "--entity", "Acme"], 2, "--alert has an entity and a time of its own"),
        (["--alert", "7", "--since", "7d"], 2, "--alert has an entity and a time of its own"),
        (["--since", "soon"], 2, "'soon' is neither a span such as 24h"),
        (["--since", "1h", "--until", "3h"], 2, "'1h' is no earlier than --until '3h'"),
        (["--top", "201"], 2, "201 is not in the range 1<=x<=200"),
    ],
)
def test_says_what_is_wrong(log: Path, arguments: list[str], code: int, expected: str) -> None:
    """What is wrong and what would do, on standard error, with the exit code."""
    result = _monitor("--database", str(log), *arguments)

    assert code == result.exit_code
    assert expected in result.stderr
    assert "" == result.stdout


def test_imports_little() -> None:
    """Neither the interpreter nor the broker's client: it is asked on a small board."""
    script = (
        "import sys, monitor.topics.command, monitor.topics.reading, monitor.topics.table\n"
        "import monitor.standings.report, monitor.store.reader\n"
        "heavy = {'ai_edge_litert', 'tokenizers', 'paho', 'structlog', 'tenacity', 'curses'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == result.stdout.strip()
