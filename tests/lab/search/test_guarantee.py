"""Whatever is returned was measured, and kept its budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.profiling.check import Budget, Checked
from monitor.lab.profiling.measure import Timing
from monitor.lab.search.guarantee import MARGIN, Attempt, settle
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure


class Board:
    """A board on which each model takes ``error`` times what was predicted."""

    def __init__(self, errors: dict[Structure, tuple[float, float]]) -> None:
        """Take the factors, of latency and of size, by structure."""
        self.errors = errors
        self.made: list[Trial] = []
        self.told: list[tuple[Attempt, list[str]]] = []

    def make(self, trial: Trial) -> Checked:
        """Measure."""
        self.made.append(trial)
        time, space = self.errors.get(trial.structure, (1.0, 1.0))
        p95 = trial.latency * time
        return Checked(Timing(p95, p95, 100), round(trial.size * space))

    def tell(self, attempt: Attempt, complaints: list[str]) -> None:
        """Note."""
        self.told.append((attempt, complaints))


def trials_of(numbers: list[tuple[int, int, int]]) -> list[Trial]:
    """Return a trial of a structure of its own for each (accuracy, latency, size)."""
    return [
        Trial(Structure(layers=i + 1), accuracy / 100, latency / 1000, size * 1000)
        for i, (accuracy, latency, size) in enumerate(numbers)
    ]


NUMBERS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(80, 120), st.integers(80, 120)), max_size=12
)
ERRORS = st.lists(
    st.tuples(st.sampled_from((0.8, 0.95, 1.0, 1.05, 1.2, 3.0)), st.sampled_from((0.9, 1.0, 1.1))),
    min_size=12,
    max_size=12,
)
BUDGETS = st.sampled_from(
    (Budget(), Budget(0.1), Budget(size=100_000), Budget(0.1, 100_000), Budget(0.001))
)


@given(NUMBERS, ERRORS, BUDGETS)
def test_law(
    numbers: list[tuple[int, int, int]], errors: list[tuple[float, float]], budget: Budget
) -> None:
    """Returned means measured within; none means that even the fastest was measured above."""
    trials = trials_of(numbers)
    board = Board({trial.structure: error for trial, error in zip(trials, errors, strict=False)})
    near = [trial for trial in trials if trial.within(budget, MARGIN)]
    found = settle(trials, budget, board.make, board.tell)

    assert len(board.made) == len({trial.structure for trial in board.made})
    assert board.made == [attempt.trial for attempt, _ in board.told]
    assert set(board.made) <= set(near)
    if found is not None:
        assert (found, []) == board.told[-1]
        assert [] == found.checked.complaints(budget)
        assert all(complaints for _, complaints in board.told[:-1])
    elif near:
        assert min(trial.latency for trial in near) == min(trial.latency for trial in board.made)
        assert all(complaints for _, complaints in board.told)


@given(NUMBERS, BUDGETS)
def test_exact_predictions_lose_nothing(
    numbers: list[tuple[int, int, int]], budget: Budget
) -> None:
    """Where each model takes what was predicted, the most accurate within the budget is found."""
    trials = trials_of(numbers)
    board = Board({})
    found = settle(trials, budget, board.make, board.tell)
    fitting = [trial.accuracy for trial in trials if trial.within(budget)]

    assert max(fitting, default=None) == (found and found.trial.accuracy)


def test_one_too_large_says_nothing_about_the_others() -> None:
    """One was slow, so the fastest comes next; it is only too large, and the one left over fits."""
    trials = trials_of([(9, 99, 90), (8, 98, 90), (7, 97, 100)])
    errors = [(1.04, 1.0), (1.0, 1.0), (1.0, 1.1)]
    board = Board({trial.structure: error for trial, error in zip(trials, errors, strict=True)})
    found = settle(trials, Budget(0.1, 100_000), board.make, board.tell)

    assert [trials[0], trials[2], trials[1]] == board.made
    assert found is not None


def test_slow_boards_are_learnt_from() -> None:
    """One model 10 % too slow: the next that is measured is 10 % below the budget by prediction."""
    trials = trials_of([(9, 105, 1), (8, 100, 1), (7, 95, 1), (6, 90, 1), (5, 80, 1)])
    board = Board({trial.structure: (1.1, 1.0) for trial in trials})
    found = settle(trials, Budget(0.1), board.make, board.tell)

    assert [trials[0], trials[3]] == board.made
    assert found is not None
    assert trials[3] == found.trial


def test_nothing_to_choose_from() -> None:
    """No trial near the budget: nothing is made."""
    board = Board({})

    assert settle(trials_of([(1, 100, 1)]), Budget(0.01), board.make, board.tell) is None
    assert [] == board.made
