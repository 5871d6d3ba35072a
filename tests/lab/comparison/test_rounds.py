"""What becomes of the rounds of a race."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.lab.comparison import bars, rounds
from monitor.lab.comparison.rounds import SHAPES, Racer, RaceResult, Shape
from monitor.lab.comparison.workers import CannotMeasureError, Workers


class Toys(Workers):
    """Answers with the time that stands in the model's name, twice as long in the second round."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def ask(self, job: Mapping[str, Any], python: Path | None = None) -> dict[str, Any]:
        """Return a worker's result."""
        assert python is None
        self.asked.append(f"{job['model']} {job['batches'][0]}")
        if job["model"] == "broken":
            raise CannotMeasureError("no such kernel")
        slow = 1 + (self.asked.count(self.asked[-1]) > 1)
        ms = float(job["model"]) * job["batches"][0] * slow
        speed = {"batch": job["batches"][0], "latency_ms": ms, "busy": 1.0 if slow == 1 else 0.5}
        return {"runtime": "toy 1", "speed": [speed]}


def entry(name: str, model: str, group: str = "") -> Racer:
    """Return someone who races."""
    files: dict[Shape, Path] = dict.fromkeys(SHAPES, Path(model))
    return Racer(name, "int8", "litert", files, group)


@pytest.fixture
def raced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Toys, list[RaceResult]]:
    """Two groups, of two and of three of which one breaks."""
    monkeypatch.setattr(Racer, "size", 8_000_000)
    entries = [
        entry("a", "2", "one"),
        entry("b", "5", "one"),
        entry("c", "4", "two"),
        entry("d", "broken", "two"),
        Racer("e", "int8", "litert", {}, "two", "never made"),
    ]
    toys = Toys()
    return toys, rounds.race(entries, 50, tmp_path, Path("/nowhere"), 2, 0.1, toys)


def test_told_against_the_first_of_the_group_in_the_same_round(
    raced: tuple[Toys, list[RaceResult]],
) -> None:
    """A machine that is slow in a round is slow for both; times are of a tweet."""
    _, results = raced

    assert [1, 2.5, 1] == [result.times[8, 32].ratio for result in results[:3]]
    assert (5, 10) == tuple(results[1].times[8, 32].ms)
    assert 7.5 == results[1].times[8, 32].median_ms
    assert (2.5, 2.5) == results[1].times[8, 32].quartiles
    assert "toy 1" == results[0].runtime


def test_all_once_then_all_again(raced: tuple[Toys, list[RaceResult]]) -> None:
    """And what has failed is not asked again."""
    toys, results = raced
    first = ["2 1", "5 1", "4 1", "broken 1", "2 8", "5 8", "4 8"]

    assert [*first, *(asked for asked in first if "broken" not in asked)] == toys.asked
    assert ["no such kernel", "never made"] == [result.problem for result in results[3:]]
    assert [{}, {}] == [result.times for result in results[3:]]


def test_without_a_first_there_are_times_but_no_ratios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest goes on."""
    monkeypatch.setattr(Racer, "size", 8_000_000)
    entries = [entry("a", "broken"), entry("b", "5")]
    found = rounds.race(entries, 50, tmp_path, Path("/nowhere"), 1, 0.1, Toys())

    assert math.isnan(found[1].times[1, 40].ratio)
    assert 5 == found[1].times[1, 40].median_ms


def test_questions_fit_the_vocabulary() -> None:
    """No padding, no unknown id; always the same."""
    tokens = rounds.questions((8, 32), 50)

    assert (32, 32) == tokens.ids.shape
    assert 1 <= tokens.ids.min() <= tokens.ids.max() < 50
    assert 6 == tokens.types[0].sum()
    assert (tokens.ids == rounds.questions((8, 32), 50).ids).all()


def test_table_json_and_picture(raced: tuple[Toys, list[RaceResult]], tmp_path: Path) -> None:
    """What is missing and what was disturbed is told; a picture comes out."""
    _, results = raced
    lines = bars.as_table(results, 2, 0.1).splitlines()
    bars.draw(results, tmp_path / "bars.png")

    assert {len(lines[0])} == {len(line) for line in lines[:7]}
    assert "2.500 (2.500-2.500)" in lines[3]
    assert "- Not measured: d, int8, litert: no such kernel." in lines
    assert any(line.startswith("- 3 of 3 rows") and "down to 50%:" in line for line in lines)
    report = bars.as_json(results, 2, 0.1)
    assert 2.5 == report["rows"][1]["shapes"][0]["times_the_first"]
    assert "nowhere" not in json.dumps(report)
    assert b"\x89PNG" == (tmp_path / "bars.png").read_bytes()[:4]
