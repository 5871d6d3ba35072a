"""The front as a table, a file and a picture."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.lab.profiling.check import Budget, Checked
from monitor.lab.profiling.measure import Timing
from monitor.lab.search.guarantee import Attempt
from monitor.lab.search.report import impossible, table, write
from monitor.lab.search.search import SearchResult
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure
from tests.lab.profiling.boards import profile_of

FAST, GOOD, POOR, SMALL = (
    Trial(Structure(layers=2), 0.60, 0.002, 3_000_000),
    Trial(Structure(layers=6), 0.70, 0.008, 7_000_000),
    Trial(Structure(layers=5), 0.55, 0.006, 6_000_000),
    Trial(Structure(layers=3, embedding=64), 0.58, 0.004, 2_000_000),
)
TRIALS = [GOOD, POOR, FAST, SMALL]


def attempt(trial: Trial, p95: float) -> Attempt:
    """Return what measuring ``trial`` gave."""
    return Attempt(trial, Checked(Timing(p95, p95, 100), trial.size))


def test_table() -> None:
    """The front, fastest first, with a star at the chosen one; all lines equally long."""
    lines = table(TRIALS, GOOD).splitlines()

    assert ["macro-recall", "p95 ms", "MB"] == [cell.strip() for cell in lines[0].split("|")[2:5]]
    assert ["2.000", "4.000", "8.000"] == [line.split("|")[3].strip() for line in lines[2:]]
    assert ["", "", "*"] == [line.split("|")[1].strip() for line in lines[2:]]
    assert 1 == len({len(line) for line in lines})


def test_what_was_chosen_is_in_the_table() -> None:
    """A model of the front can be above the budget when measured; the next one is shown too."""
    assert "| * |" in " ".join(table(TRIALS, POOR).split())
    assert 6 == len(table(TRIALS, POOR).splitlines())


def test_files(tmp_path: Path) -> None:
    """Budget, what was chosen, what was measured, and the front; a picture of all."""
    result = SearchResult(TRIALS, FAST, [attempt(GOOD, 0.012), attempt(FAST, 0.0021)], here=True)
    write(result, profile_of(), Budget(latency=0.003), tmp_path)
    content = json.loads((tmp_path / "front.json").read_text())

    assert {"latency_ms": 3, "bytes": None} == content["budget"]
    assert 2 == content["chosen"]["structure"]["layers"]
    assert [12, 2.1] == [each["measured_p95_ms"] for each in content["measured"]]
    assert [2, 4, 8] == [each["latency_ms"] for each in content["front"]]
    assert table(TRIALS, FAST) + "\n" == (tmp_path / "front.md").read_text()
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


def test_files_without_a_choice(tmp_path: Path) -> None:
    """An impossible budget has its front as well."""
    write(SearchResult(TRIALS, None, [], here=False), profile_of(), Budget(), tmp_path)

    assert json.loads((tmp_path / "front.json").read_text())["chosen"] is None


def test_impossible() -> None:
    """The fastest, by what was measured if it was, and the smallest if it is another."""
    assert (
        "impossible: none of 4 structures is within the budget; the fastest is "
        "2x384/128 4x512 e128 v20181 (measured 3.1 ms p95, 3.00 MB), the smallest is "
        "3x384/128 4x512 e64 v20181 (predicted 4 ms p95, 2.00 MB)"
        == impossible(SearchResult(TRIALS, None, [attempt(FAST, 0.0031)], here=True))
    )
    assert "smallest" not in impossible(SearchResult([FAST, GOOD], None, [], here=True))
