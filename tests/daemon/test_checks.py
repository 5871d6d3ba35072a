"""``monitor check``: what it says of the log and its disk, and that it makes neither."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from monitor.daemon import checks
from monitor.store import Store, StoreError, open_log
from tests.factories import query
from tests.logs import Said, write_log
from tests.processes import free_port


def _check(folder: Path, path: str, more: str = "") -> dict[str, tuple[str, str]]:
    """Check a configuration; part to how it is and what is said of it."""
    lines: list[str] = []
    settings = folder / "my.toml"
    settings.write_text(
        f'[mqtt]\nport = {free_port()}\n[model]\npath = "small"\n[store]\npath = "{path}"\n{more}'
    )
    checks.run(settings, lambda line: lines.append(str(line)))
    words = [line.split(maxsplit=2) for line in lines]
    return {part: (state, what) for part, state, what in words}


def test_no_log_is_made(tmp_path: Path) -> None:
    """Nor its key: a path may be mistyped. `monitor run` makes it, and that is said."""
    path = tmp_path / "monitor.db"
    found = _check(tmp_path, str(path))

    assert ("ok", f"{path}: not there yet; `monitor run` makes it") == found["database"]
    assert "ok" == found["disk"][0]
    assert ["my.toml"] == [file.name for file in tmp_path.iterdir()]


def test_a_folder_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    """More often a mistake than a wish; none of it is made."""
    state, what = _check(tmp_path, f"{tmp_path}/stat/monitr/monitor.db")["database"]

    assert "WARNING" == state
    assert "not there yet, nor is its folder" in what
    assert not (tmp_path / "stat").exists()


def test_where_none_can_be_made(tmp_path: Path) -> None:
    """Below a file, or without permission: it says so before the daemon does."""
    (tmp_path / "file").touch()
    state, what = _check(tmp_path, f"{tmp_path}/file/monitor.db")["database"]

    assert "FAILED" == state
    assert f"cannot be made: {tmp_path}/file is no folder" in what


def test_a_folder_that_may_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for another user than root, for whom there is no such folder."""
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    state, what = _check(tmp_path, str(tmp_path / "monitor.db"))["database"]

    assert "FAILED" == state
    assert f"no permission to write in {tmp_path}" in what


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link that leads to itself", "a device"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    """It is said at once what is there; of a pipe SQLite would wait for the other end."""
    path = tmp_path / "there"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path if "link" in kind else "/dev/null")
    expected = f"{path}: is {kind}, and no file; set [store] path to a file"

    assert ("FAILED", expected) == _check(tmp_path, str(path))["database"]
    with pytest.raises(StoreError, match=kind):
        Store(path)


def test_a_key_that_is_none(tmp_path: Path) -> None:
    """It is looked at although there is no log yet, and where it has a place of its own."""
    path = tmp_path / "monitor.db"
    (tmp_path / "monitor.db.key").write_bytes(b"short")
    short = _check(tmp_path, str(path))
    nowhere = _check(tmp_path, str(path), f'[privacy]\nkey_file = "{tmp_path}/no/key"\n')

    assert "FAILED" == short["database"][0]
    assert "is not a key" in short["database"][1]
    assert ("FAILED", f"{tmp_path}/no/key: the key of pseudonyms cannot be made there") == (
        nowhere["database"]
    )


def test_a_log_is_counted_and_its_key_is_not_made(tmp_path: Path) -> None:
    """One tweet is no tweets."""
    path = write_log(tmp_path / "monitor.db", [Said()])
    found = _check(tmp_path, str(path))

    assert ("ok", f"{path}: 1 tweet") == found["database"]
    assert "0 entities" in found["configuration"][1]
    one = _check(tmp_path, str(path), '[[entities]]\nname = "Acme"\n')
    assert one["configuration"][1].endswith(", 1 entity")
    assert not Path(f"{path}.key").exists()


def test_a_copy_without_its_write_ahead_log(tmp_path: Path) -> None:
    """Made while the daemon runs: all is in the other file, and no version has to do with it."""
    path = tmp_path / "monitor.db"
    copy = tmp_path / "copy.db"
    with closing(Store(path)):
        shutil.copy(path, copy)
    state, what = _check(tmp_path, str(copy))["database"]

    assert "WARNING" == state
    assert "copied without copy.db-wal" in what
    assert [] == query(copy, "SELECT name FROM sqlite_master")
    with pytest.raises(StoreError, match=r"copied without copy.db-wal.*`monitor backup`"):
        open_log(copy)


def test_an_older_log_is_still_brought_up_to_date(tmp_path: Path) -> None:
    """As the readers ask for it."""
    path = write_log(tmp_path / "monitor.db", [Said()])
    with closing(Store(path)) as store:
        store._connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm011_plain_views'")

    assert "ok" == _check(tmp_path, str(path))["database"][0]
    open_log(path).close()


def test_a_write_ahead_log_beside_an_empty_file_stays(tmp_path: Path) -> None:
    """What is left of a log whose file was cut to nothing is not deleted by looking at it."""
    path = tmp_path / "monitor.db"
    with closing(Store(path)):
        kept = Path(f"{path}-wal").read_bytes()
    path.write_bytes(b"")
    Path(f"{path}-wal").write_bytes(kept)

    assert "FAILED" == _check(tmp_path, str(path))["database"][0]
    with pytest.raises(StoreError, match="its write-ahead log is here"):
        open_log(path)
    assert kept == Path(f"{path}-wal").read_bytes()
