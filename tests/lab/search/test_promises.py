"""Budgets asked for, and the table of what came of them."""

from __future__ import annotations

from monitor.lab.profiling.check import Budget, Checked
from monitor.lab.profiling.measure import Timing
from monitor.lab.search.promises import Promise, budgets, table
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure

TRIALS = [
    Trial(Structure(layers=layers), 0.6 + layers / 100, layers / 1000, layers * 1_000_000)
    for layers in (1, 2, 4, 8)
]


def promise(p95: float) -> Promise:
    """Return a promise of 5 ms whose model was measured at ``p95`` seconds the second time."""
    again = Checked(Timing(p95, p95, 100), 2_000_000)
    return Promise(Budget(0.005, 3_000_000), TRIALS[1], 1, again)


def test_budgets_span_the_front() -> None:
    """Evenly by ratio from a little above the fastest to the slowest, every second with a size."""
    found = budgets(TRIALS, 4)

    assert [1.2, 2.258, 4.251, 8.0] == [round(1000 * (b.latency or 0), 3) for b in found]
    assert [None, 3_000_000, None, 3_000_000] == [b.size for b in found]


def test_a_promise_is_kept_if_measured_so_again() -> None:
    """Above the budget the second time is not kept, nor is nothing."""
    assert promise(0.004).kept
    assert not promise(0.006).kept
    assert not Promise(Budget(0.005), None, 3, None).kept


def test_table_tells_each() -> None:
    """Kept, broken and impossible ones have a line each."""
    lines = table([promise(0.004), promise(0.006), Promise(Budget(0.005), None, 3, None)])
    kept, broken, impossible = lines.split("\n")[2:]

    assert kept.endswith("| 2.000 | 4.000 | 2.00 | 1 | yes |")
    assert broken.endswith("| 6.000 | 2.00 | 1 | no |")
    assert impossible.startswith("| 5.000 | any | impossible |")
