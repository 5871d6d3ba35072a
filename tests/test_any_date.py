"""What shows a log shows it whatever its dates say: clocks go wrong, and logs are joined."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.dashboard.queries import METADATA
from monitor.dashboard.server import make_app
from monitor.periods import epoch
from monitor.pictures.spans import NAMES
from tests.logs import Said, write_log

ODD = (
    "0001-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "9998-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23",
    "2026-02-30T25:61:61.000Z",
    "2025-06-15T15:06:40.000+99:99",
    "20250615",
    "soon",
    "\x1b[2J\x9b31m",
    "~",
    "",
)
_DATES = (
    ("tweets", "received_at"),
    ("batches", "started_at"),
    ("throughput", "started_at"),
    ("dead_letters", "received_at"),
    ("rollups", "hour"),
    ("alerts", "since"),
    ("alerts", "raised_at"),
    ("alerts", "ended_at"),
    ("models", "first_used_at"),
)


@pytest.fixture(params=ODD)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A log of now, each of whose tables ends with a row of an odd date."""
    now = time.time()
    path = write_log(tmp_path / "monitor.db", [Said("Acme", "negative", 9)], now=now)
    odd = write_log(tmp_path / "odd.db", [Said("Acme", "positive", 3), Said("Odd", "neutral")])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ATTACH ? AS odd", (str(odd),))
        _minute(connection, "odd.throughput")
        connection.execute(
            "INSERT INTO odd.dead_letters (digest, received_at, topic, reason, detail, size)"
            " VALUES ('d', '2025', 't', 'empty', 'It is empty.', 0)"
        )
        for id_, ended_at in ((1, "'2025'"), (2, "NULL")):
            connection.execute(
                "INSERT INTO odd.alerts VALUES"
                f" (?, 'Acme', 1, '2025', '2025', {ended_at}, NULL, 0.1, 0.3, 9, 3, 1, '', 2, '',"
                " NULL, NULL, 'both', '2025', '2025', 35.0, 140.0,"
                " '2025', 90, 40, 'leak', '[]')",
                (id_,),
            )
        for table, column in _DATES:
            if table != "models":
                where = " WHERE ended_at IS NOT NULL" if column == "ended_at" else ""
                connection.execute(f"UPDATE odd.{table} SET {column} = ?{where}", (request.param,))
        connection.execute("UPDATE odd.tweets SET id = 'odd ' || id, batch_id = batch_id + 100")
        connection.execute(
            "UPDATE odd.labels SET tweet_id = 'odd ' || tweet_id, batch_id = batch_id + 100"
        )
        connection.execute("UPDATE odd.batches SET id = id + 100")
        connection.execute("UPDATE odd.throughput SET id = id + 100")
        for table in ("batches", "tweets", "labels", "throughput", "dead_letters", "alerts"):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM odd.{table}")
        # Of the hours that two rows share in the odd log one is left.
        connection.execute("INSERT OR IGNORE INTO main.rollups SELECT * FROM odd.rollups")
        connection.execute("UPDATE main.models SET first_used_at = ?", (request.param,))
    return path


def _minute(connection: sqlite3.Connection, table: str) -> None:
    connection.execute(
        f"INSERT INTO {table} (id, started_at, seconds, received, labelled, duplicates, rejected,"
        " tweets_per_s, queue_depth) VALUES (1, '2025', 60, 1, 1, 0, 0, 1, 0)"
    )


_EVER = ["--since", "0001-01-01", "--until", "9999-12-31"]
_REPORTS: tuple[list[str], ...] = (
    [],
    ["--by", "hour"],
    ["--by", "day", "--since", "2000-01-01"],
    [*_EVER, "--by", "week"],
    [*_EVER, "--entity", "Acme"],
    [*_EVER, "--by", "hour", "--format", "json"],
    [*_EVER, "--by", "day", "--format", "csv"],
    [*_EVER, "--by", "week", "--format", "markdown"],
)


def test_it_is_reported(log: Path) -> None:
    """In each form, over any span; nothing that steers a terminal is in it."""
    for arguments in _REPORTS:
        result = CliRunner().invoke(main, ["report", "--database", str(log), *arguments])

        assert (0, "") == (result.exit_code, result.stderr), (arguments, result.exception)
        assert result.stdout
        assert not {"\x1b", "\x9b"} & set(result.stdout), arguments


def test_it_is_drawn(log: Path) -> None:
    """As a page in a file."""
    page = log.parent / "page.html"
    for asked in ([], _EVER, ["--entity", "Acme"], [*_EVER, "--entity", "Acme"]):
        arguments = ["report", "--database", str(log), "--html", str(page), *asked]
        result = CliRunner().invoke(main, arguments)

        assert 0 == result.exit_code, (arguments, result.exception)
        assert "Acme" in page.read_text("utf-8")


def test_its_topics_are_told(log: Path) -> None:
    """Of any span and of alerts, as a table and as data."""
    for asked in ([], _EVER, [*_EVER, "--entity", "Acme"], ["--alert", "1"], ["--alert", "2"]):
        for form in ("table", "json"):
            arguments = ["topics", "--database", str(log), "--format", form, *asked]
            result = CliRunner().invoke(main, arguments)

            assert 0 == result.exit_code, (arguments, result.exception, result.stderr)
            assert not {"\x1b", "\x9b"} & set(result.stdout), arguments


def test_it_is_watched(log: Path) -> None:
    """With the tweets of an odd date among the last."""
    result = CliRunner().invoke(main, ["watch", "--database", str(log), "--once"])

    assert 0 == result.exit_code, result.exception
    assert "Acme" in result.stdout
    assert not {"\x1b", "\x9b"} & set(result.stdout)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all."""
    with asyncio.Runner() as running:
        yield running


def test_it_is_served(log: Path, runner: asyncio.Runner, capfd: pytest.CaptureFixture[str]) -> None:
    """Each page of the dashboard answers, and the terminal says nothing of it."""
    transport = httpx.ASGITransport(app=make_app(log, loopback=True))
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    asked = [
        *(f"/?span={name}" for name in NAMES),
        *(f"/?span={name}&entity=Acme" for name in NAMES),
        *(
            f"/?span={name}&until={until}"
            for name in NAMES
            for until in ("1970-01-01", "2025-06-16", "9999-12-31")
        ),
        *(f"/log/{name}?entity=Acme&until=9&alert=1" for name in METADATA["queries"]),
        *(f"/log/{table}" for table in ("tweets", "labels", "rollups", "alerts", "throughput")),
        *(f"/log/{view}" for view in ("labelled", "reputation_by_day", "throughput_by_hour")),
    ]
    answered = {address: runner.run(client.get(address)).status_code for address in asked}

    assert dict.fromkeys(asked, 200) == answered
    assert ("", "") == capfd.readouterr()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01.500Z", 1.5),
        ("1970-01-01T01", 3600.0),
        ("1970-01-02", 86_400.0),
        ("1969-12-31T23:59:59.999Z", 0.0),
        ("9999-12-31T23:59:59.999Z", 253_370_764_800.0),
        ("1970-02-30", 0.0),
        ("\0", 0.0),
        (None, 0.0),
    ],
)
def test_a_moment_is_found_in_any_text(text: str | None, expected: float) -> None:
    """Within what calendars can be reckoned with; what is no time is 1970."""
    assert expected == epoch(text)
