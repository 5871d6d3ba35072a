"""A log in which single values are damaged, as cards damage them: shown as far as it goes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.dashboard.server import make_app
from tests import spoiled
from tests.factories import query
from tests.logs import Said, write_log

_VIEWS = (
    ["report"],
    ["report", "--format", "json"],
    ["report", "--html", "page.html"],
    ["report", "--html", "page.html", "--entity", "Acme"],
    ["watch", "--once"],
)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of now, in the current folder."""
    monkeypatch.chdir(tmp_path)
    said = [Said("Acme", "negative", 3), Said("Odd", "neutral", 3)]
    return write_log(tmp_path / "monitor.db", said, now=time.time())


def _front(log: Path) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=make_app(log, loopback=True))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/")

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("models", name) for name in ("name", "version", "runtime")),
        *(("tweets", name) for name in ("text", "received_at", "lang", "topic")),
        *(("labels", "entity"), ("rollups", "entity"), ("batches", "started_at")),
    ],
)
def test_a_text_of_which_a_bit_has_changed_is_shown(log: Path, table: str, column: str) -> None:
    """It is no UTF-8 any more; whatever else there is, stands as before."""
    where = " WHERE entity = 'Odd'" if column == "entity" else ""
    spoiled.change(log, f"UPDATE {table} SET {column} = CAST(x'4163ed6d65' AS TEXT){where}")

    for arguments in (*_VIEWS, ["topics"], ["topics", "--entity", "Acme", "--format", "json"]):
        result = CliRunner().invoke(main, [*arguments, "--database", str(log)])
        assert 0 == result.exit_code, (arguments, result.exception or result.stderr)
    assert 200 == _front(log).status_code


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("calibration", value) for value in ("{", "[]", "7", '{"reputation": 7}', b"\xff")),
        *(("calibration", f'{{"reputation": {{"confusion": {c}}}}}') for c in ('"x"', "{}")),
        *(("task", value) for value in ("", "1; --", "reputatioN", "\0", 7)),
    ],
)
def test_what_is_said_of_a_model_is_not_guessed(log: Path, column: str, value: object) -> None:
    """Every figure depends on it: there is one line that says what is damaged, and no figure."""
    spoiled.change(log, f"UPDATE models SET {column} = ?", value)

    for arguments in _VIEWS:
        result = CliRunner().invoke(main, [*arguments, "--database", str(log)])
        assert (1, "") == (result.exit_code, result.stdout), (arguments, result.exception)
        assert [True] == [column in line for line in result.stderr.splitlines()], result.stderr
    assert 503 == _front(log).status_code


def test_a_damaged_page_is_one_line(log: Path) -> None:
    """SQLite finds it when it is read, after the log has been opened."""
    ((page, size),) = query(
        log, "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'models'"
    )
    with log.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    for arguments in (*_VIEWS, ["topics"]):
        result = CliRunner().invoke(main, [*arguments, "--database", str(log)])
        assert (1, "") == (result.exit_code, result.stdout), (arguments, result.exception)
        assert 1 == len(result.stderr.splitlines()), result.stderr
