"""Files are put in place and taken away, but for what their owner has changed."""

from __future__ import annotations

import stat
from pathlib import Path

from monitor.installing.files import (
    beside,
    is_somebodys,
    kept,
    put,
    put_once,
    remove,
    remove_folder,
)
from monitor.installing.stamp import is_unchanged
from monitor.installing.step import Step


def _do(*steps: Step) -> list[str]:
    """Do what there is to do, and return what was done or left."""
    for step in steps:
        if step.do:
            step.do()
    return [step.verb for step in steps]


def test_nothing_happens_before_its_time(tmp_path: Path) -> None:
    """A step that is not done changes nothing."""
    put(tmp_path / "unit", "one\n")
    put_once(tmp_path / "config", "one\n", 0o640)

    assert [] == list(tmp_path.iterdir())


def test_ours_is_replaced(tmp_path: Path) -> None:
    """A file that nobody touched becomes the new one; the same again is left alone."""
    path = tmp_path / "made" / "on the way" / "unit"

    assert ["write"] == _do(put(path, "one\n"))
    assert 0o644 == stat.S_IMODE(path.stat().st_mode)
    assert ["keep"] == _do(put(path, "one\n"))
    assert ["write"] == _do(put(path, "two\n"))
    assert path.read_text().startswith("two\n")
    assert is_unchanged(path.read_text())


def test_changed_is_kept(tmp_path: Path) -> None:
    """A file that was changed by hand stays, and ours is put beside it, once."""
    path = tmp_path / "unit"
    path.write_text("mine\n")

    assert ["write"] == _do(put(path, "one\n"))
    assert ["keep"] == _do(put(path, "one\n"))
    assert ["write"] == _do(put(path, "two\n"))
    assert "mine\n" == path.read_text()
    assert beside(path).read_text().startswith("two\n")


def test_changed_and_nothing_new(tmp_path: Path) -> None:
    """Ours, changed by hand, is all there is to say until ours is another one."""
    path = tmp_path / "unit"
    _do(put(path, "one\n"))
    path.write_text(path.read_text().replace("one", "mine"))
    assert is_somebodys(path)

    assert ["keep"] == _do(put(path, "one\n"))
    assert not beside(path).exists()
    assert ["write"] == _do(put(path, "two\n"))
    assert path.read_text().startswith("mine\n")
    assert beside(path).read_text().startswith("two\n")


def test_put_by_hand_is_ours(tmp_path: Path) -> None:
    """The file as it came along, copied by hand, needs nothing."""
    path = tmp_path / "unit"
    path.write_text("one\n")

    assert ["keep"] == _do(put(path, "one\n"))


def test_any_bytes_are_somebody_elses(tmp_path: Path) -> None:
    """A file that is no text was not ours."""
    path = tmp_path / "unit"
    path.write_bytes(b"\xff\xfe")

    assert ["write"] == _do(put(path, "one\n"))
    assert b"\xff\xfe" == path.read_bytes()


def test_once_is_once(tmp_path: Path) -> None:
    """The configuration is its owner's from the first moment, with the mode it was given."""
    path = tmp_path / "config"

    assert ["write"] == _do(put_once(path, "one\n", 0o640))
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)
    assert ["keep"] == _do(put_once(path, "two\n", 0o640))
    assert "one\n" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_removal(tmp_path: Path) -> None:
    """Ours goes, with what was put beside it; what was changed stays, unless it is forced."""
    path = tmp_path / "unit"
    _do(put(path, "one\n"))
    assert ["remove"] == _do(*remove(path))
    assert [] == remove(path)

    path.write_text("mine\n")
    _do(put(path, "one\n"))
    assert ["remove", "keep"] == _do(*remove(path))
    assert [path] == list(tmp_path.iterdir())
    assert ["remove"] == _do(*remove(path, force=True))
    assert [] == list(tmp_path.iterdir())


def test_folders(tmp_path: Path) -> None:
    """A folder goes with all it holds; of a link to one, which is a disk's, the link alone."""
    folder, disk, link = tmp_path / "folder", tmp_path / "disk", tmp_path / "link"
    for path in (folder, disk):
        path.mkdir()
        (path / "log").touch()
    link.symlink_to(disk)

    assert ["keep", "keep"] == _do(*kept(folder, link, tmp_path / "none"))
    assert ["remove"] == _do(*remove_folder(folder))
    assert ["remove"] == _do(*remove_folder(link))
    assert [] == remove_folder(tmp_path / "none")
    assert [disk / "log"] == [path for path in tmp_path.rglob("*") if path != disk]
