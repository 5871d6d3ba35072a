"""The file for node_exporter: whole at any moment, readable by others, written to the last."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry, Gauge

from monitor.metrics import textfile
from monitor.metrics.textfile import Textfile
from tests.processes import wait_until


@pytest.fixture
def registry() -> CollectorRegistry:
    """Something to tell that takes a while to write."""
    registry = CollectorRegistry()
    gauge = Gauge("number", "Many.", ["of"], registry=registry)
    for number in range(100):
        gauge.labels(str(number)).set(number)
    return registry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where node_exporter looks."""
    return tmp_path / "monitor.prom"


def test_is_there_at_once_and_for_all(path: Path, registry: CollectorRegistry) -> None:
    """Under the unit's umask, too, node_exporter can read it, and finds nothing beside it."""
    before = os.umask(0o077)
    try:
        Textfile(path, registry)
    finally:
        os.umask(before)

    assert 0o644 == stat.S_IMODE(path.stat().st_mode)
    assert path.read_text().endswith('number{of="99"} 99.0\n')
    assert [path] == list(path.parent.iterdir())


def test_is_replaced_as_a_whole(
    path: Path, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads while it is written gets all of the old or all of the new."""
    monkeypatch.setattr(textfile, "_EVERY_S", 0.0)
    written = Textfile(path, registry)
    written.start()
    seen: dict[int, str] = {}
    wait_until(
        lambda: seen.setdefault(path.stat().st_mtime_ns, path.read_text()) and len(seen) > 9, "news"
    )
    written.close()

    assert {path.read_text()} == set(seen.values())


def test_has_the_last_word(path: Path, registry: CollectorRegistry) -> None:
    """What happened until the end is in it."""
    gauge = Gauge("last", "Set late.", registry=registry)
    written = Textfile(path, registry)
    written.start()
    gauge.set(7)
    written.close()

    assert "last 7.0" in path.read_text()
    assert "textfile" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.parent.rmdir(), "No such file or directory"),
    ],
)
def test_where_it_cannot_be_written_is_named(
    tmp_path: Path, registry: CollectorRegistry, spoil: Callable[[Path], None], why: str
) -> None:
    """At the start that ends the daemon, with key, path and cause, and nothing is left behind."""
    path = tmp_path / "folder" / "monitor.prom"
    path.parent.mkdir()
    spoil(path)
    with pytest.raises(OSError, match=rf"textfile = '{path}': cannot be written: {why}"):
        Textfile(path, registry)

    assert [] == list(tmp_path.rglob(".*"))


def test_trouble_later_is_a_warning(
    path: Path, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon has other things to do; when the folder is back, so is the file."""
    monkeypatch.setattr(textfile, "_EVERY_S", 0.01)
    aside = path.parent.with_name("aside")
    written = Textfile(path, registry)
    with structlog.testing.capture_logs() as logs:
        path.parent.rename(aside)
        written.start()
        wait_until(lambda: logs, "a warning")
        aside.rename(path.parent)
        path.unlink()
        wait_until(path.exists, "the file")
        written.close()

    assert {("metrics-unwritable", "warning")} == {(e["event"], e["log_level"]) for e in logs}
