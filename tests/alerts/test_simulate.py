"""The simulation measures what it says, on crowds small enough for a test."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from monitor.alerts import simulate
from monitor.alerts.simulate import measured


def test_what_is_measured() -> None:
    """False alarms as a multiple of the setting, and hours that are fewer the greater a rise is."""
    row = measured(0.2, 20, lives=5, rises=10, rng=np.random.default_rng(1))
    doubled, storm, both = row.delays

    assert 60 == row.months
    assert abs(row.ratio - 1) < 3 / math.sqrt(60)
    assert row.low < row.ratio < row.high
    assert doubled[0] > storm[0] > both[0] > 0.5
    assert all(median <= late for median, late in row.delays)


def test_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It prints a table and writes its numbers, the same again for the same seed."""
    monkeypatch.setattr(simulate, "SHARES", (0.2,))
    monkeypatch.setattr(simulate, "PACES", (20,))
    documents = []
    for name in ("a.json", "b.json"):
        arguments = ["--tweets", "1000", "--rises", "10", "--seed", "3"]
        done = CliRunner().invoke(simulate.main, [*arguments, "--json", str(tmp_path / name)])
        assert 0 == done.exit_code, done.output
        documents.append(json.loads((tmp_path / name).read_text()))
    assert documents[0] == documents[1]
    (row,) = documents[0]["rows"]
    assert f"| 20 | 0.2 | 24 | {row['ratio']:.2f} |" in done.output


def test_what_is_never_noticed_is_said() -> None:
    """A delay without end is no number."""
    assert "never" == simulate._number(math.inf)
    assert ("9.4", "1,235") == (simulate._number(9.4), simulate._number(1234.5678))
