"""Whether the disk has room for what is to be stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest

from monitor.store import disk, open_log
from tests.logs import write_log


def test_a_file_that_is_not_there_has_a_disk(tmp_path: Path) -> None:
    """That of the first folder above it that is."""
    assert tmp_path == disk.nearest_folder(tmp_path / "no" / "such" / "monitor.db")
    assert 0 < disk.free_bytes(tmp_path / "no" / "monitor.db")


def test_a_log_that_is_open_has_a_disk(tmp_path: Path) -> None:
    """Read from the connection; one in memory has none."""
    with closing(open_log(write_log(tmp_path / "monitor.db"))) as log:
        left = disk.left(log)
    with closing(sqlite3.connect(":memory:")) as memory:
        assert None is disk.left(memory)

    assert left is not None
    assert left > 0


@pytest.mark.parametrize(("free", "full"), [(None, False), (0, True), (2**20, False)])
def test_full(free: int | None, full: bool) -> None:
    """Below what a batch may take; what cannot be told is not full."""
    assert full is disk.is_full(free)


def test_trying_leaves_nothing(tmp_path: Path) -> None:
    """A disk that is well says nothing."""
    disk.see_that_writable(tmp_path / "monitor.db")

    assert [] == [*tmp_path.iterdir()]


def test_what_only_trying_shows(tmp_path: Path) -> None:
    """A quota, or a card that dies: there is room, and it is not taken."""
    failure = OSError(122, "Disk quota exceeded")
    with (
        mock.patch("os.fsync", side_effect=failure),
        pytest.raises(OSError, match="nothing can be written there: Disk quota exceeded"),
    ):
        disk.see_that_writable(tmp_path / "monitor.db")

    assert [] == [*tmp_path.iterdir()]
