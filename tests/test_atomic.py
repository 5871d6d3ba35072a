"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.atomic import replacing, sync


@pytest.mark.parametrize("durable", [True, False])
def test_the_new_takes_the_place_of_the_old(tmp_path: Path, durable: bool) -> None:
    """Only when it is whole; nothing is left beside it."""
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path, durable=durable) as draft:
        draft.write_text("new")
        assert "old" == path.read_text()

    assert "new" == path.read_text()
    assert [path] == [*tmp_path.iterdir()]


def test_a_failure_leaves_the_old(tmp_path: Path) -> None:
    """Whatever ends the block."""
    path = tmp_path / "file"
    path.write_text("old")

    def stopped() -> None:
        with replacing(path) as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "old" == path.read_text()
    assert [path] == [*tmp_path.iterdir()]


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    """A pipe, or a device as for root, would be gone with a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileExistsError, match="no file"), replacing(pipe) as draft:
        draft.touch()

    assert pipe.is_fifo()
    assert [pipe] == [*tmp_path.iterdir()]


def test_permissions(tmp_path: Path) -> None:
    """As wished, or as the umask leaves them."""
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "mine", mode=0o600) as draft:
            draft.touch()
        with replacing(tmp_path / "usual") as draft:
            draft.touch()
    finally:
        os.umask(before)

    assert 0o600 == (tmp_path / "mine").stat().st_mode & 0o777
    assert 0o640 == (tmp_path / "usual").stat().st_mode & 0o777


def test_what_a_killed_process_left(tmp_path: Path) -> None:
    """A draft of the same name is not written into: others may be able to read it."""
    left = tmp_path / f".mine.{os.getpid()}"
    left.touch(0o644)
    with replacing(tmp_path / "mine") as draft:
        assert left == draft
        assert not draft.exists()
        draft.touch(0o600)

    assert 0o600 == (tmp_path / "mine").stat().st_mode & 0o777


def test_what_cannot_be_replaced(tmp_path: Path) -> None:
    """A folder in the way, and a folder that is not there; nothing is left beside it."""
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"), replacing(tmp_path / "folder") as draft:
        draft.touch()
    assert [tmp_path / "folder"] == [*tmp_path.iterdir()]

    with (
        pytest.raises(FileNotFoundError),
        replacing(tmp_path / "missing" / "file") as draft,
    ):
        draft.write_text("x")
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "missing")
