"""``monitor.archive.draft``: all of it, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.archive.draft import Draft, clear
from monitor.archive.formats import LabelledChunk
from tests.archive.files import source


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Until then it is hidden; rejected rows appear with it."""
    folder = tmp_path / "out"
    folder.mkdir()
    draft = Draft(source(tmp_path / "a.jsonl", b""), folder)
    draft.write(LabelledChunk(b"one\n", 1, ()))
    draft.write(LabelledChunk(b"two\n", 1, ('{"line": 3}', '{"line": 4}')))

    assert [".a.jsonl.monitor-part", ".a.jsonl.rejected.jsonl.monitor-part"] == _names(folder)
    assert 8 == draft.finish()
    draft.publish()
    assert ["a.jsonl", "a.jsonl.rejected.jsonl"] == _names(folder)
    assert "one\ntwo\n" == (folder / "a.jsonl").read_text()
    assert '{"line": 3}\n{"line": 4}\n' == (folder / "a.jsonl.rejected.jsonl").read_text()
    assert (2, 2) == (draft.count, draft.rejections)


def test_old_rejects_go(tmp_path: Path) -> None:
    """They belong to the output that is replaced."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.jsonl.rejected.jsonl").write_text("{}")
    draft = Draft(source(tmp_path / "a.jsonl", b""), folder)
    draft.finish()
    draft.publish()

    assert ["a.jsonl"] == _names(folder)


def test_nothing_is_left_of_what_is_discarded(tmp_path: Path) -> None:
    """Neither of it nor of its rejected rows."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("a.jsonl.gz", "a.parquet"):
        draft = Draft(source(tmp_path / "a.jsonl.gz", b""), folder)
        draft.write(LabelledChunk(b"one\n", 1, ("{}",)))
        draft.discard()
        assert [] == _names(folder), name


def test_what_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    """Its beginning does not end up in the output, and `clear` removes it."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        Draft(source(tmp_path / name, b""), folder).write(LabelledChunk(b"old\n", 1, ("{}",)))
    draft = Draft(source(tmp_path / "a.jsonl", b""), folder)
    draft.finish()
    draft.publish()
    (folder / ".other").touch()
    clear(folder)

    assert [".other", "a.jsonl"] == _names(folder)
    assert "" == (folder / "a.jsonl").read_text()


def test_permissions_are_those_of_the_input(tmp_path: Path) -> None:
    """Who may not read the tweets may not read the output, nor whom the umask keeps out."""
    folder = tmp_path / "out"
    folder.mkdir()
    source(tmp_path / "a.jsonl", b"").path.chmod(0o664)
    before = os.umask(0o027)
    try:
        draft = Draft(source(tmp_path / "a.jsonl", b""), folder)
        draft.write(LabelledChunk(b"", 0, ("{}",)))
        draft.finish()
        draft.publish()
    finally:
        os.umask(before)

    assert [0o640, 0o640] == [path.stat().st_mode & 0o777 for path in folder.iterdir()]
