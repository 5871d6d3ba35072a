"""The pages as they are served: hostile words, wrong addresses, a log that is replaced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import httpx
import pytest

from monitor.dashboard.queries import METADATA
from monitor.dashboard.server import make_app
from tests.factories import NOW
from tests.pictures.logs import HOSTILE, write

UNTIL = "until=2025-06-15T15:06:40"

Get: TypeAlias = Callable[[str], tuple[int, str]]


def _serving(runner: asyncio.Runner, path: Path, *, sql: bool = False) -> Get:
    """Return what asks the dashboard of a log, in this process."""
    transport = httpx.ASGITransport(app=make_app(path, loopback=True, sql=sql))
    client = httpx.AsyncClient(
        transport=transport, base_url="http://localhost", follow_redirects=True
    )

    def get(address: str) -> tuple[int, str]:
        answer = runner.run(client.get(address))
        return answer.status_code, answer.text

    return get


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def serve(runner: asyncio.Runner) -> Callable[[Path], Get]:
    """Serve logs."""
    return lambda path: _serving(runner, path)


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory, runner: asyncio.Runner) -> Get:
    """Ask for pages of a log whose file name and words are hostile."""
    path = tmp_path_factory.mktemp("logs") / "a b?c#d%20é.sqlite"
    write(path, [(NOW - n * 3600, HOSTILE, "negative") for n in range(50)], [NOW])
    return _serving(runner, path, sql=True)


def test_the_front_page(get: Get) -> None:
    """It answers, whatever the file is called, with the entity's name as text."""
    status, text = get(f"/?{UNTIL}")

    assert 200 == status
    assert HOSTILE in unescape(text)
    assert "<script" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/log",
        "/log/tweets",
        "/log/labels",
        "/log/labelled",
        "/log/dead_letters",
        "/log/reputation_by_entity",
        "/log?sql=select+text+from+tweets",
        *(f"/log/{name}?entity={quote(HOSTILE)}&until=9" for name in METADATA["queries"]),
        f"/?entity={quote(HOSTILE)}&{UNTIL}",
        f"/?entity={quote(HOSTILE)}x",
        f"/?span={quote(HOSTILE)}",
        f"/alert?number={quote(HOSTILE)}",
        "/alert?number=7",
        f"/?until={quote(HOSTILE)}",
        f"/{quote(HOSTILE)}",
        f"/log?sql={quote(HOSTILE)}",
    ],
)
def test_no_page_has_a_script(get: Get, path: str) -> None:
    """Datasette's neither; hostile words are text, in errors, too."""
    status, text = get(path)

    assert status in (200, 400, 404)
    assert "<script" not in text
    assert "Reputation monitor" in text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/?span=2h", 400, "must be one of 24h, 7d, 30d, 1y"),
        ("/?until=tomorrow", 400, "neither a span such as 24h"),
        ("/?entity=Nobody", 404, "the nearest of 1 entity in the log"),
        ("/log/nothing", 404, "not found"),
        ("/alert", 400, "must be an alert's number"),
        ("/alert?number=%D9%A7", 400, "must be an alert's number"),
        ("/alert?number=999999999999999", 404, "The log has no alert 999999999999999."),
        ("/log?sql=delete+from+tweets", 400, "must be a SELECT"),
        ("/log.db", 403, "download is forbidden"),
    ],
)
def test_what_cannot_be_answered_is_said(get: Get, path: str, status: int, said: str) -> None:
    """With the way out."""
    answered, text = get(path)

    assert (status, True) == (answered, said in unescape(text))


def test_data_for_programs(get: Get) -> None:
    """The queries answer as JSON, too."""
    _, text = get(f"/log/negative-tweets.json?_shape=array&entity={quote(HOSTILE)}")

    assert 50 == len(json.loads(text))


def test_a_slow_query_is_given_up(get: Get) -> None:
    """Nobody waits for ever, and the board does not work for ever."""
    endless = "with recursive n(x) as (select 1 union all select x+1 from n) select count(*) from n"
    status, text = get(f"/log?sql={quote(endless)}")

    assert 400 == status
    assert "It took too long" in text


def test_another_file_takes_the_place(tmp_path: Path, serve: Callable[[Path], Get]) -> None:
    """A restored or begun-again log is what is shown next; while there is none, that is said."""
    path = write(tmp_path / "log.db", [(NOW, "Before", "negative")])
    get = serve(path)
    front = f"/?{UNTIL}"
    first = get(front)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    missing = get(front)
    write(path, [(NOW, "After", "negative")])
    second = get(front)

    assert (200, True) == (first[0], "Before" in first[1])
    assert (503, True) == (missing[0], "no such log" in missing[1])
    assert (200, True, False) == (second[0], "After" in second[1], "Before" in second[1])


def test_a_foreign_file_takes_the_place(tmp_path: Path, serve: Callable[[Path], Get]) -> None:
    """It is refused with the reader's words, and the server goes on."""
    path = write(tmp_path / "log.db")
    get = serve(path)
    (tmp_path / "other").write_bytes(b"not a log" * 500)
    (tmp_path / "other").replace(path)

    status, text = get("/")
    assert 503 == status
    assert "The log cannot be read" in text
    assert 503 == get("/")[0]


def test_what_is_written_meanwhile_is_seen(tmp_path: Path, serve: Callable[[Path], Get]) -> None:
    """The next look shows it."""
    path = write(tmp_path / "log.db", [(NOW, "Acme", "negative")])
    get = serve(path)
    get(f"/?{UNTIL}")
    write(path, [(NOW, "Acme", "negative"), (NOW, "Later", "negative")])

    assert "Later" in get(f"/?{UNTIL}")[1]
