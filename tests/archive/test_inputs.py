"""``monitor.archive.inputs``: which files arguments mean."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from monitor.archive.csv_rows import CsvRows
from monitor.archive.inputs import InputError, find
from monitor.archive.json_lines import JsonLines


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def test_names_tell_the_format(tmp_path: Path) -> None:
    """JSON lines under three names and CSV, gzipped or not, and Parquet."""
    names = ["a.jsonl", "b.ndjson.gz", "c.json", "d.csv", "e.csv.gz", "f.parquet"]
    _touch(tmp_path, *names)
    found = find(str(tmp_path / name) for name in names)

    assert names == [one.name for one in found]
    assert [JsonLines(False), JsonLines(True), JsonLines(False), CsvRows(False), CsvRows(True)] == [
        one.format for one in found[:5]
    ]


def test_a_folder_means_the_known_files_in_it(tmp_path: Path) -> None:
    """In order of their names, others left out, folders below too."""
    _touch(tmp_path, "b.jsonl", "a.csv", "README.md", ".c.jsonl.monitor-part", "below/d.jsonl")

    assert ["a.csv", "b.jsonl"] == [one.name for one in find([str(tmp_path)])]


def test_patterns_that_the_shell_has_left(tmp_path: Path) -> None:
    """They are expanded, unless a file has that very name."""
    _touch(tmp_path, "a1.jsonl", "a2.jsonl", "b.jsonl", "[x].jsonl", "x.jsonl")

    assert ["a1.jsonl", "a2.jsonl"] == [one.name for one in find([str(tmp_path / "a*.jsonl")])]
    assert ["[x].jsonl"] == [one.name for one in find([str(tmp_path / "[x].jsonl")])]


def test_the_same_file_twice_is_one(tmp_path: Path) -> None:
    """Given itself and by its folder, or by a link to it."""
    _touch(tmp_path, "a.jsonl")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "a.jsonl")

    assert 1 == len(find([str(tmp_path), str(tmp_path / "a.jsonl")]))


def test_what_it_was_like(tmp_path: Path) -> None:
    """Size, time and permissions are noted, and the path is absolute."""
    _touch(tmp_path, "a.jsonl")
    (tmp_path / "a.jsonl").chmod(0o640)
    os.utime(tmp_path / "a.jsonl", ns=(1, 2))
    (one,) = find([os.path.relpath(tmp_path / "a.jsonl")])

    assert (2, 2, 0o640) == (one.size, one.mtime_ns, one.mode)
    assert one.path.is_absolute()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.jsonl"], "no such file"),
        (["README.md"], "not one of \\*.jsonl"),
        (["a.jsonl.bz2"], "not one of"),
        (["empty"], "no \\*.jsonl.* there"),
        (["*.csv"], "no such file|no \\*.jsonl"),
        (["x/a.jsonl", "y/a.jsonl"], "the same name as that of .*x/a.jsonl"),
        (["x/a.jsonl", "x/a.jsonl.rejected.jsonl"], "the same name"),
    ],
)
def test_what_cannot_be_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    """It is refused before anything begins."""
    _touch(tmp_path, "README.md", "a.jsonl.bz2", "x/a.jsonl", "y/a.jsonl")
    _touch(tmp_path, "x/a.jsonl.rejected.jsonl")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=reason):
        find(arguments)


def test_parquet_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named; other formats do not need it."""
    _touch(tmp_path, "a.parquet", "b.jsonl")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    find([str(tmp_path / "b.jsonl")])
    with pytest.raises(InputError, match=r"a\.parquet: .*\[ray\]"):
        find([str(tmp_path)])
