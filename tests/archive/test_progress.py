"""``monitor.archive.progress``: how far it is, and not too often."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from monitor.archive.progress import Progress
from tests.archive.files import source


def test_a_line_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no terminal: tweets, speed, files, share and time left."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    one, two = (source(tmp_path / name, b"x" * 1000) for name in ("a.jsonl", "b.jsonl"))
    with Progress([one, two]) as progress:
        for tick in range(1, 101):
            now += 1.5
            progress.advance(one, tick / 100, 30)
        progress.end(one)
        now += 60
        progress.advance(two, 0.5, 1500)

    assert [
        "1,200 tweets, 20 a second, 0 of 2 files, 20%, 4 min left",
        "2,400 tweets, 20 a second, 0 of 2 files, 40%, 3 min left",
        "4,500 tweets, 21 a second, 1 of 2 files, 75%, 1 min left",
    ] == capsys.readouterr().err.splitlines()


def test_a_bar_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reaches its end, and what is said meanwhile stands above it."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    one = source(tmp_path / "a.jsonl", b"x" * 1000)
    with Progress([one]) as progress:
        progress.advance(one, 0.25, 100)
        progress.say("something")
        progress.end(one)

    said = capsys.readouterr().err
    assert "25%" in said
    assert "100%" in said
    assert "1 of 1 file" in said
    assert "\r\x1b[Ksomething\n" in said
