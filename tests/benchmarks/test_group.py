"""The benchmark of groups runs, on next to nothing."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import group


@pytest.mark.usefixtures("mosquitto")  # skips where there is none
def test_measures_boards_and_broker(capsys: pytest.CaptureFixture[str]) -> None:
    """Every tweet is stored once, and every figure is there."""
    sizes = ["--boards", "1", "--tweets", "64", "--messages", "2000"]
    group.main([*sizes, "--json"])
    report = json.loads(capsys.readouterr().out)

    (drained,), (passed,) = report["drained"], report["passed"]
    assert [64] == drained["split"]
    assert drained["tweets_per_s"] > 0
    assert 1 == passed["subscribers"]
    assert passed["messages_per_s"] > 0
