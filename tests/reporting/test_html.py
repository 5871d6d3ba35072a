"""A report as a page: one file, whole or not at all, that needs no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from sqlite3 import Connection

import pytest

from monitor.reporting import html
from monitor.standings import UnknownEntityError
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.pictures.logs import HOSTILE, write


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Connection]:
    """A log about a hostile entity."""
    tweets = [(NOW - n * 3600, HOSTILE, "negative") for n in range(99)]
    with closing(open_log(write(tmp_path / "log.db", tweets, [NOW - 60]))) as connection:
        yield connection


def _write(path: Path, log: Connection, entity: str | None = None, days: float = 7) -> str:
    html.write(path, log, since=NOW - days * DAY_S, until=NOW, entity=entity, now=NOW)
    return path.read_text("utf-8")


@pytest.mark.parametrize("entity", [None, HOSTILE])
@pytest.mark.parametrize("days", [1, 30, 365])
def test_it_refers_to_nothing_else(
    log: Connection, tmp_path: Path, entity: str | None, days: float
) -> None:
    """No script, no address of anything, whatever the entity is called."""
    text = _write(tmp_path / "report.html", log, entity, days)

    assert HOSTILE in unescape(text)
    assert "<script" not in text
    assert [] == re.findall(r"https?:|(?:src|srcset|action)=|@import", text)
    assert {'href="#content"'} == set(re.findall(r'href="[^"]*"', text))
    assert {"url(#hatch)"} == set(re.findall(r"url\([^)]*\)", text))


def test_the_period_is_the_one_asked_for(log: Connection, tmp_path: Path) -> None:
    """By the hour for a day, with the ends of it."""
    text = _write(tmp_path / "report.html", log, days=1)

    assert "14 Jun 2025, 15:00 to 15 Jun 2025, 15:06 UTC" in text
    assert "By hour" in text


def test_it_replaces_what_was_there_or_leaves_it(
    log: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that fails half-way leaves the old one, and no draft."""
    page = tmp_path / "pages" / "report.html"
    page.parent.mkdir()
    page.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            _write(page, log)
    assert "old" == page.read_text()
    assert [page] == list(page.parent.iterdir())

    assert _write(page, log).startswith("<!DOCTYPE html>")
    assert [page] == list(page.parent.iterdir())


def test_it_may_be_read_like_any_file(log: Connection, tmp_path: Path) -> None:
    """It is made to be passed on: its mode is that of a file made here by anybody."""
    plain = tmp_path / "plain"
    plain.touch()
    _write(tmp_path / "report.html", log)

    assert plain.stat().st_mode == (tmp_path / "report.html").stat().st_mode


def test_no_folder(log: Connection, tmp_path: Path) -> None:
    """It is said by the system's error."""
    with pytest.raises(FileNotFoundError):
        _write(tmp_path / "nowhere" / "report.html", log)


def test_an_unknown_entity_writes_nothing(log: Connection, tmp_path: Path) -> None:
    """The file is not touched."""
    page = tmp_path / "report.html"
    with pytest.raises(UnknownEntityError):
        _write(page, log, "Nobody")

    assert not page.exists()
