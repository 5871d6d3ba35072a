"""No model is returned that was not exported, measured, and found within its budget."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitor.lab.profiling.check import Budget, Checked
from monitor.lab.search.trial import Trial

MARGIN = 0.15
"""How far above a budget (0-1) a prediction may lie for the model to be worth measuring."""

STEP = 0.8
"""How much faster (0-1) than one that was too slow the next has to be predicted, at most."""


@dataclass(frozen=True)
class Attempt:
    """One exported model: what was predicted, and what was measured."""

    trial: Trial
    checked: Checked


def settle(
    trials: Iterable[Trial],
    budget: Budget,
    make: Callable[[Trial], Checked],
    tell: Callable[[Attempt, list[str]], None],
) -> Attempt | None:
    """Return the most accurate model within ``budget``, or None: no trial makes one.

    ``make`` exports a trial's model and measures it. One that is found too slow tells how far off
    the predictions are here; others of which that makes the same likely are passed over, until
    those are all that is left. ``tell`` is called after each, with what is wrong with it.
    """
    left = sorted(
        (trial for trial in trials if trial.within(budget, MARGIN)),
        key=lambda trial: (-trial.accuracy, trial.latency),
    )
    limit = math.inf
    while left:
        hopeful = [trial for trial in left if trial.latency <= limit]
        # None is hopeful: then the fastest shows whether the budget can be met at all.
        chosen = hopeful[0] if hopeful else min(left, key=lambda trial: trial.latency)
        attempt = Attempt(chosen, make(chosen))
        complaints = attempt.checked.complaints(budget)
        tell(attempt, complaints)
        if not complaints:
            return attempt
        measured = attempt.checked.timing.p95
        # One that is only too large says nothing about the others.
        if budget.latency is not None and measured > budget.latency:
            if not hopeful:
                return None
            # A machine disturbed for a moment must not send the search to the smallest at once.
            step = max(STEP, budget.latency / measured)
            limit = min(limit, chosen.latency * step)
        left = [trial for trial in left if trial.structure != chosen.structure]
    return None
