"""The simulation measures what it says, on crowds small enough for a test."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from monitor.alerts import simulate
from monitor.alerts.simulate import TUNING, Crowd


@pytest.mark.parametrize(("learnt", "months"), [(False, 480), (True, 60)])
def test_false_alarms_come_as_often_as_set(learnt: bool, months: int) -> None:
    """Within what so few months can tell, at 20 tweets a day."""
    crowd = Crowd(0.2, 20, learnt=learnt, rng=np.random.default_rng(1), tuning=TUNING)
    row = crowd.row(months, 10)

    assert row.false_alarms / months == row.ratio
    assert abs(row.ratio - 1) < 3 / math.sqrt(months)
    assert row.low < row.ratio < row.high


def test_delays_are_those_of_a_rise() -> None:
    """Few tweets for a doubling, more for half as much, and so many an hour."""
    crowd = Crowd(0.2, 240, learnt=False, rng=np.random.default_rng(1), tuning=TUNING)
    double, half = crowd.row(24, 60).delays

    assert 10 < double.median_tweets < half.median_tweets < half.p90_tweets
    assert pytest.approx(double.median_tweets / 10, rel=0.4) == double.median_hours


def test_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It prints a table and writes its numbers, the same again for the same seed."""
    monkeypatch.setattr(simulate, "SHARES", (0.2,))
    monkeypatch.setattr(simulate, "PACES", (20,))
    documents = []
    for name in ("a.json", "b.json"):
        arguments = ["--months", "24", "--rises", "10", "--seed", "3"]
        done = CliRunner().invoke(simulate.main, [*arguments, "--json", str(tmp_path / name)])
        assert 0 == done.exit_code, done.output
        documents.append(json.loads((tmp_path / name).read_text()))
    assert documents[0] == documents[1]
    known, learnt = documents[0]["rows"]
    assert (False, True) == (known["learnt"], learnt["learnt"])
    assert f"| 0.2 | 20 | learnt | {learnt['ratio']:.2f} |" in done.output


def test_what_is_never_noticed_is_said() -> None:
    """A delay without end is no number."""
    assert "never" == simulate._number(math.inf)
    assert ("9.4", "1,235") == (simulate._number(9.4), simulate._number(1234.5678))
