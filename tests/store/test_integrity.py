"""``monitor.store.integrity``: damage is noticed, and what is damaged is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import DamagedLogError, Store, StoreError, integrity
from tests.factories import batch_row, register, tweet_row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of a few hundred pages, closed as it should be."""
    path = tmp_path / "monitor.db"
    with closing(Store(path)) as store:
        register(store)
        for number in range(20):
            rows = [tweet_row(f"{number}-{i}", "Acme") for i in range(100)]
            store.write(batch_row(100), rows, [])
    return path


def _overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def _leave_wal(path: Path) -> None:
    """Leave a write-ahead log as a kill does."""
    wal = Path(f"{path}-wal")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO subscriptions VALUES ('b', 'c', 't')")
    content = wal.read_bytes()
    connection.close()
    wal.write_bytes(content)


def test_after_a_crash_damage_is_found(path: Path) -> None:
    """A page of rubbish in the middle is found at the start that follows a kill."""
    _overwrite(path, path.stat().st_size // 2 // 4096 * 4096, b"\xff" * 4096)
    _leave_wal(path)

    with pytest.raises(DamagedLogError, match=r"monitor\.db: the log is damaged: .*recover"):
        Store(path)


def test_after_a_crash_a_sound_log_opens(path: Path) -> None:
    """A write-ahead log that was left behind is no damage."""
    _leave_wal(path)
    assert integrity.ended_uncleanly(path)
    with closing(Store(path)) as store:
        assert 2000 == store.tweets()
    assert not integrity.ended_uncleanly(path)


def test_a_check_is_cut_short(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log too large to be looked through in time is taken as it is."""
    _overwrite(path, path.stat().st_size // 2 // 4096 * 4096, b"\xff" * 4096)
    assert integrity.find_damage(path)
    monkeypatch.setattr(integrity, "_CHECK_S", 0.0)
    monkeypatch.setattr(integrity, "_CHECK_EVERY", 1)

    assert integrity.find_damage(path) is None


def test_damage_in_the_first_page_is_damage(path: Path) -> None:
    """The header still tells that it is ours, the rest of the page is rubbish."""
    _overwrite(path, 100, b"\xff" * 900)

    with pytest.raises(DamagedLogError):
        Store(path)


@pytest.mark.parametrize("content", [b"\0" * 4096, b"Dear diary, " * 100])
def test_what_cannot_be_told_to_be_ours_is_not_called_damaged(
    tmp_path: Path, content: bytes
) -> None:
    """A file that may be anybody's is refused, and never put aside."""
    path = tmp_path / "monitor.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store(path)

    assert not isinstance(caught.value, DamagedLogError)
    assert content == path.read_bytes()


def test_damage_while_running_is_told(path: Path) -> None:
    """A page that turns to rubbish under a running writer ends it, with nothing half-written."""
    with closing(Store(path)) as store:
        store._connection.execute("PRAGMA cache_size = 0")
        size = path.stat().st_size
        _overwrite(path, 4096, b"\xff" * (size - 4096))
        with pytest.raises(DamagedLogError):
            store.write(batch_row(1), [tweet_row("new")], [])


@pytest.mark.parametrize("deleted", [True, False])
def test_a_log_that_is_gone_is_told(path: Path, deleted: bool) -> None:
    """Deleted, or moved away as for rotation: what is written then is not where people look."""
    with closing(Store(path)) as store:
        if deleted:
            path.unlink()
        else:
            path.rename(path.with_name("yesterday.db"))
        with pytest.raises(StoreError, match="moved away or deleted"):
            store.write(batch_row(1), [tweet_row("new")], [])


def test_a_log_that_was_moved_is_complete(path: Path) -> None:
    """Moved away while in use, and closed: what was committed is in the file that was moved."""
    moved = path.with_name("yesterday.db")
    with closing(Store(path)) as store:
        store.write(batch_row(1), [tweet_row("before")], [])
        path.rename(moved)
    with closing(sqlite3.connect(moved)) as connection:
        assert [(2001,)] == connection.execute("SELECT count(*) FROM tweets").fetchall()


def test_a_wal_without_its_file_is_damage(path: Path) -> None:
    """A log taken away after a kill leaves tweets behind, which must not be deleted."""
    _leave_wal(path)
    path.rename(path.with_name("yesterday.db"))

    with pytest.raises(DamagedLogError, match="write-ahead log"):
        Store(path)
    assert Path(f"{path}-wal").stat().st_size


def test_setting_aside_keeps_everything(path: Path) -> None:
    """The file and its write-ahead log get a new name together; twice in a second, two names."""
    names = []
    for content in (b"first", b"second"):
        path.write_bytes(content)
        Path(f"{path}-wal").write_bytes(content + b" wal")
        names.append(integrity.set_aside(path))

    assert not path.exists()
    assert not Path(f"{path}-wal").exists()
    assert [b"first", b"second"] == [name.read_bytes() for name in names]
    assert [b"first wal", b"second wal"] == [Path(f"{n}-wal").read_bytes() for n in names]
