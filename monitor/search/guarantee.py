"""No model is returned that was not exported, measured, and found within its budget."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitor.profiling.check import Budget, Checked
from monitor.search.trial import Trial

MARGIN = 0.15
"""How far above a budget (0-1) a prediction may lie for the model to be worth measuring."""


@dataclass(frozen=True)
class Attempt:
    """One exported model: what was predicted, and what was measured."""

    trial: Trial
    checked: Checked

    @property
    def error(self) -> float:
        """Measured over predicted p95."""
        return self.checked.timing.p95 / self.trial.latency


def settle(
    trials: Iterable[Trial],
    budget: Budget,
    make: Callable[[Trial], Checked],
    tell: Callable[[Attempt, list[str]], None],
) -> Attempt | None:
    """Return the most accurate model within ``budget``, or None: no trial makes one.

    ``make`` exports a trial's model and measures it. One that is found above the budget tells how
    far off the predictions are here; others of which that makes the same likely are passed over,
    until those are all that is left. ``tell`` is called after each, with what is wrong with it.
    """
    left = sorted(
        (trial for trial in trials if trial.within(budget, MARGIN)),
        key=lambda trial: (-trial.accuracy, trial.latency),
    )
    slower = 0.0
    while left:
        hopeful = [
            trial
            for trial in left
            if budget.latency is None or trial.latency * slower <= budget.latency
        ]
        # None is hopeful: then the fastest shows whether the budget can be met at all.
        chosen = hopeful[0] if hopeful else min(left, key=lambda trial: trial.latency)
        attempt = Attempt(chosen, make(chosen))
        complaints = attempt.checked.complaints(budget)
        tell(attempt, complaints)
        if not complaints:
            return attempt
        # One that is only too large says nothing about the others.
        if not hopeful and attempt.checked.timing.p95 > (budget.latency or 0.0):
            return None
        slower = max(slower, attempt.error)
        left = [trial for trial in left if trial.structure != chosen.structure]
    return None
