"""``monitor.archive.manifest``: what is complete, and one run at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.archive.manifest import NAME, Entry, Manifest, ManifestError


def _entry(name: str, tweets: int = 1) -> Entry:
    return Entry(name, 10, tweets, 0, f"/in/{name}", 5, 6, {"task": "reputation", "entity": None})


def test_entries_are_kept(tmp_path: Path) -> None:
    """The last of a name counts; names need not be UTF-8."""
    odd = "\udcff.jsonl"
    with Manifest(tmp_path / "new" / "out") as manifest:
        for entry in (_entry("a.jsonl", 1), _entry(odd), _entry("a.jsonl", 2)):
            manifest.add(entry)

    with Manifest(tmp_path / "new" / "out") as manifest:
        assert {"a.jsonl": _entry("a.jsonl", 2), odd: _entry(odd)} == manifest.entries


def test_half_a_line_is_forgotten(tmp_path: Path) -> None:
    """A run that was killed while it wrote has completed one file less."""
    with Manifest(tmp_path) as manifest:
        manifest.add(_entry("a.jsonl"))
    with (tmp_path / NAME).open("a") as file:
        file.write('{"name": "b.js')

    with Manifest(tmp_path) as manifest:
        assert ["a.jsonl"] == list(manifest.entries)
        manifest.add(_entry("c.jsonl"))
    with Manifest(tmp_path) as manifest:
        assert ["a.jsonl", "c.jsonl"] == list(manifest.entries)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    """A second is refused while the first lasts."""
    with Manifest(tmp_path), pytest.raises(ManifestError, match="another run"):
        Manifest(tmp_path)
    with Manifest(tmp_path):
        pass


@pytest.mark.parametrize("content", ["notes\n", '{"other": 1}\n', "[]\n"])
def test_a_file_of_somebody_else(tmp_path: Path, content: str) -> None:
    """It is refused, and stays as it is."""
    (tmp_path / NAME).write_text(content)

    with pytest.raises(ManifestError, match="not written by this program"):
        Manifest(tmp_path)
    assert content == (tmp_path / NAME).read_text()
