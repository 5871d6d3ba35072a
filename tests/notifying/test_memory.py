"""``monitor.notifying.memory``: what was told outlives the program, whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.notifying.memory import Memory, MemoryFileError, alone
from monitor.notifying.news import Told

TOLD = Told(((6, "a"), (7, "b")), ((3, "c"),), ((7, "b"),), 1_750_000_000.5)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """By who comes next; those who are no recipients any more are forgotten."""
    path = tmp_path / "notify.json"
    memory = Memory(path, ["one", "two"])
    assert memory["one"] is None
    memory.put("one", TOLD)
    memory.put("two", Told())
    later = Memory(path, ["one"])

    assert TOLD == later["one"]
    assert later["two"] is None
    assert Memory(path, ["one", "two"])["two"] is None
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"{}",
        b'{"format": 1}',
        b'{"format": "x", "recipients": []}',
        b'{"format": 1, "recipients": {"one": {}}}',
        (
            b'{"format": 1, "recipients": {"one": {"latest": [[1]], "owed": [], "holding": [],'
            b' "summary": null}}}'
        ),
        (
            b'{"format": 1, "recipients": {"one": {"latest": [], "owed": [], "holding": [],'
            b' "summary": "then"}}}'
        ),
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    """It is kept, told, and nobody has been told anything."""
    path = tmp_path / "notify.json"
    path.write_bytes(content)
    with capture_logs() as logs:
        memory = Memory(path, ["one"])

    assert memory["one"] is None
    assert ["told-forgotten"] == [log["event"] for log in logs]
    assert content == (tmp_path / "notify.json.damaged").read_bytes()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "notify.json"
    path.write_text('{"format": 2, "people": []}')

    with pytest.raises(MemoryFileError, match="newer version"):
        Memory(path, [])
    assert '{"format": 2, "people": []}' == path.read_text()


def test_a_place_that_cannot_be_written_is_found_out_at_once(tmp_path: Path) -> None:
    """Before the first message, which could not be noted."""
    with pytest.raises(MemoryFileError, match="state_file"):
        Memory(tmp_path / "absent" / "notify.json", [])
    with pytest.raises(MemoryFileError, match="state_file"), alone(tmp_path / "absent" / "x"):
        pass


def test_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    """What was told is remembered meanwhile, and written when it can be."""
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "notify.json"
    memory = Memory(path, ["one"])
    folder.rename(tmp_path / "away")
    with capture_logs() as logs:
        memory.put("one", TOLD)
        assert TOLD == memory["one"]
        memory.keep()
        memory.keep()
        (tmp_path / "away").rename(folder)
        memory.keep()
        memory.keep()

    assert ["told-unwritten", "told-written"] == [log["event"] for log in logs]
    assert TOLD == Memory(path, ["one"])["one"]


def test_two_do_not_share_one(tmp_path: Path) -> None:
    """The second is told; when the first has ended, it may."""
    path = tmp_path / "notify.json"
    with alone(path), pytest.raises(MemoryFileError, match="another"), alone(path):
        pass
    with alone(path):
        pass
