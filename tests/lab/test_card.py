"""model.toml."""

import tomllib
from pathlib import Path

from monitor.lab.card import (
    name_of,
    record_metrics,
    record_shares,
    without_folders,
    write_card,
    write_file,
)


def test_metrics_are_added(tmp_path: Path) -> None:
    """New figures join the old ones and replace those of the same name; the rest stays."""
    write_card(tmp_path, {"name": "toy", "metrics": {"a": 0.1, "b": 0.2}})
    record_metrics(tmp_path, {"b": 0.3, "c": 0.4})

    card = tomllib.loads((tmp_path / "model.toml").read_text())
    assert {"name": "toy", "metrics": {"a": 0.1, "b": 0.3, "c": 0.4}} == card


def test_shares_are_recorded(tmp_path: Path) -> None:
    """They replace what was fitted before, or take it away; temperature and confusion stay."""
    before = {"temperature": 1.0, "shares": {"mapping": [[1.0]], "within": [[1.0]]}}
    write_card(tmp_path, {"name": "toy", "calibration": {"a": before, "b": before}})
    record_shares(tmp_path, {"a": {"mapping": [[0.5]]}, "b": None})

    calibration = tomllib.loads((tmp_path / "model.toml").read_text())["calibration"]
    assert {"temperature": 1.0, "shares": {"mapping": [[0.5]]}} == calibration["a"]
    assert {"temperature": 1.0} == calibration["b"]


def test_file_is_replaced_by_rename(tmp_path: Path) -> None:
    """Whoever has the old file open keeps the old content; the hash is of the new one."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")
    with path.open("rb") as old:
        digest = write_file(path, b"new")
        assert b"old" == old.read()

    assert "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437" == digest
    assert ["model.tflite"] == [file.name for file in tmp_path.iterdir()]


def test_records_tell_no_folders() -> None:
    """Where a checkpoint lay on the machine that trained is nobody's business."""
    record = {"settings": {"checkpoint": "/somewhere/tiny", "seed": 1, "none": None}}

    assert {"settings": {"checkpoint": "tiny", "seed": 1}} == without_folders(record)
    assert "google/mobilebert-uncased" == name_of("google/mobilebert-uncased")
