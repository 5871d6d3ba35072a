"""``monitor report``, as typed."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from tests.logs import Said, write_log


def _monitor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of today and yesterday, really."""
    return write_log(
        tmp_path / "monitor.db",
        [Said("Acme", "positive", 9, hours_ago=20), Said("Lumen", "negative", 8, hours_ago=1)],
        now=time.time(),
    )


def test_tells_of_the_last_day(log: Path) -> None:
    """Without options: the last 24 hours, as a table."""
    result = _monitor("--database", str(log))

    assert 0 == result.exit_code, result.output
    assert "Acme" in result.stdout
    assert "Lumen" in result.stdout


def test_reads_the_log_of_the_configuration(log: Path, tmp_path: Path) -> None:
    """[store] path is the log, unless --database says another."""
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{log}"\n')

    assert "Acme" in _monitor("--config", str(config)).stdout


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_writes_data(log: Path, form: str) -> None:
    """As another program reads it; standard output holds nothing else."""
    result = _monitor("--database", str(log), "--format", form)

    assert 0 == result.exit_code
    match form:
        case "json":
            assert {"Acme", "Lumen"} == {
                s["entity"] for s in json.loads(result.stdout)["standings"]
            }
        case "csv":
            rows = csv.DictReader(result.stdout.splitlines())
            assert {"Acme", "Lumen"} == {row["entity"] for row in rows}
        case _:
            assert 4 == sum(line.startswith("|") for line in result.stdout.splitlines())


def test_empty_data_are_data(log: Path) -> None:
    """Nothing in the span: still JSON, and the reason on standard error."""
    result = _monitor(
        "--database", str(log), "--format", "json", "--until", "30d", "--since", "60d"
    )

    assert 0 == result.exit_code
    assert [] == json.loads(result.stdout)["standings"]
    assert "No tweets in that time. The log has tweets from" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (
            ["--entity", "acne"],
            1,
            "nothing about 'acne'; the nearest of 2 entities in the log is 'Acme'",
        ),
        (["--since", "soon"], 2, "'soon' is neither a span such as 24h"),
        (["--since", "1h", "--until", "2h"], 2, "'1h' is no earlier than --until '2h'"),
        (["--by", "year"], 2, "'year' is not one of"),
        (["--correction", "em"], 1, "--correction em: stub 1: the model has no calibration; leave"),
    ],
)
def test_says_what_is_wrong(log: Path, arguments: list[str], code: int, expected: str) -> None:
    """What is wrong and what would do, on standard error, with the exit code."""
    result = _monitor("--database", str(log), *arguments)

    assert code == result.exit_code
    assert expected in result.stderr
    assert "" == result.stdout


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    """Exit code 1, one line."""
    result = _monitor("--database", str(tmp_path / "nowhere.db"))

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "nowhere.db: no such log" in result.stderr


@pytest.fixture
def long_log(tmp_path: Path) -> Path:
    """A log with more entities than a pipe holds lines."""
    log = write_log(tmp_path / "long.db", [Said()], now=time.time())
    with closing(sqlite3.connect(log)) as connection, connection:
        columns = [name for (_, name, *_) in connection.execute("PRAGMA table_info(rollups)")]
        others = ", ".join(column for column in columns if column != "entity")
        connection.execute(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)"
            f" INSERT INTO rollups (entity, {others})"
            f" SELECT 'Entity number ' || n, {others} FROM n, rollups"
        )
    return log


def test_a_pipe_may_be_closed(long_log: Path) -> None:
    """``monitor report | head -1``: one line, and no complaint."""
    command = f"{sys.executable} -m monitor report --database {long_log} | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)

    assert 1 == result.stdout.count("\n")
    assert "" == result.stderr


def test_stopped_by_ctrl_c(long_log: Path) -> None:
    """Exit code 130, and one line that says so."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", "report", "--database", str(long_log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it is in the middle of writing, and nobody reads on
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert (130, b"monitor: stopped\n") == (process.returncode, said)


def test_a_terminal_without_unicode(log: Path) -> None:
    """In the C locale the table is ASCII."""
    result = subprocess.run(
        [sys.executable, "-m", "monitor", "report", "--database", str(log)],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        timeout=60,
    )

    assert 0 == result.returncode
    assert result.stdout.isascii()
    assert b"+-" in result.stdout


def test_imports_little() -> None:
    """Neither the interpreter nor the broker's client: it is asked often, on a small board."""
    script = (
        "import sys, monitor.reporting.command, monitor.standings.report, monitor.reporting.table\n"
        "import monitor.store.reader\n"
        "heavy = {'ai_edge_litert', 'tokenizers', 'paho', 'structlog', 'tenacity', 'curses'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == result.stdout.strip()


def test_writes_a_page(log: Path, tmp_path: Path) -> None:
    """With --html a page is written, about the entity asked for."""
    page = tmp_path / "report.html"
    result = _monitor("--database", str(log), "--html", str(page), "--entity", "Acme")

    assert 0 == result.exit_code, result.output
    assert "Acme" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--by", "day"], 2, "--html takes --since, --until and --entity, and no other option"),
        (["--format", "csv"], 2, "no other option"),
        (["--entity", "acne"], 1, "the nearest of 2 entities in the log is 'Acme'"),
    ],
)
def test_a_page_is_not_written(
    log: Path, tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    """For what it cannot show it is refused, rather than shown without."""
    result = _monitor("--database", str(log), "--html", str(tmp_path / "report.html"), *arguments)

    assert code == result.exit_code
    assert expected in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_page_has_no_place(log: Path, tmp_path: Path) -> None:
    """A folder that is not there: one line, exit code 1."""
    result = _monitor("--database", str(log), "--html", str(tmp_path / "nowhere" / "report.html"))

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert "nowhere/report.html: No such file or directory" in result.stderr
