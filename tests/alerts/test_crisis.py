"""The crisis of a small brand is told as it was (tests/alerts/crisis.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerts.crisis import suffered


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 20), marks=pytest.mark.study)])
def test_it_is_told_as_it_was(tmp_path: Path, seeds: range) -> None:
    """Within hours, from its beginning on, with its own tweets, and over once it is over."""
    found = [suffered(tmp_path / f"{seed}.db", seed) for seed in seeds]
    most = len(seeds) - len(seeds) // 8

    assert sum(one.delay_hours <= 3 for one in found) >= most
    assert sum(abs(one.off_hours) <= 2 for one in found) >= most
    assert sum(one.about_it >= 0.8 for one in found) >= most
    assert sum(one.over_hours <= 24 for one in found) >= most
    assert sum(not one.others for one in found) >= most - len(seeds) // 8
