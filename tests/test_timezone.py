"""``--timezone`` of the commands that tell people times, as real processes; data stay UTC."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.logs import Said, write_log
from tests.warm import run

_TIMEZONE = ("--timezone", "Asia/Kolkata")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tweets of 19:00 UTC, which in Delhi is half past midnight of the next day."""
    evening = 1_764_529_200.0
    path = tmp_path_factory.mktemp("log") / "monitor.db"
    return write_log(path, [Said(count=12, hours_ago=0)], now=evening)


def _said(log: Path, *arguments: str, zone: str = "UTC") -> str:
    environment = {**os.environ, "TZ": zone}
    result = run(*arguments, "--database", str(log), cwd=log.parent, env=environment)
    assert 0 == result.returncode, result.stderr
    return result.stdout.decode()


_SPAN = ("--since", "2025-11-29", "--until", "2025-12-03")


@pytest.mark.parametrize(
    ("command", "there", "utc"),
    [
        (["report", *_SPAN, "--by", "day", "--entity", "Acme"], "2025-12-01 ", "2025-11-30 "),
        (
            ["report", *_SPAN, "--by", "day", "--format", "markdown"],
            "| 2025-11-30 23:30 |",
            "| 2025-11-30 00:00 |",
        ),
        (["topics", *_SPAN], "2025-12-01 00:30", "2025-11-30 19:00"),
        (["watch", "--once"], "the latest of 2025-12-01", "the latest of 2025-11-30"),
    ],
)
def test_times_are_told_there(log: Path, command: list[str], there: str, utc: str) -> None:
    """By the option, or else by where the board is."""
    assert utc in _said(log, *command)
    assert there in _said(log, *command, *_TIMEZONE)
    assert there in _said(log, *command, zone="Asia/Kolkata")
    assert utc in _said(log, *command, "--timezone", "UTC", zone="Asia/Kolkata")


def test_data_are_utc(log: Path) -> None:
    """The day is the one there, from midnight to midnight, written as UTC (to the hour)."""
    asked = ("report", *_SPAN, "--by", "day", "--format", "json")
    document = json.loads(_said(log, *asked, *_TIMEZONE))
    (day,) = document["standings"]

    assert ("2025-11-30T18:00:00.000Z", "2025-12-01T18:00:00.000Z") == (day["start"], day["end"])
    assert "IST" == document["timezone"]
    assert "2025-11-28T18:30:00.000Z" == document["since"]


@pytest.mark.parametrize("command", ["report", "topics", "watch", "label", "notify"])
@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "\x1b[31m"])
def test_says_that_there_is_no_such_zone(tmp_path: Path, command: str, zone: str) -> None:
    """In a line that says what would do."""
    result = run(command, "--timezone", zone, cwd=tmp_path)

    assert 2 == result.returncode
    assert b"is no time zone that this system knows" in result.stderr
    assert b"Traceback" not in result.stderr
    assert b"\x1b" not in result.stderr
