"""One structure that was tried, and which of many are worth having."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.lab.profiling.check import Budget
from monitor.lab.structure import Structure


@dataclass(frozen=True)
class Trial:
    """A structure with its macro-recall (0-1), predicted p95 latency (s) and size (bytes)."""

    structure: Structure
    accuracy: float
    latency: float
    size: int

    def beats(self, other: "Trial") -> bool:
        """Say whether this is nowhere worse than ``other``, and somewhere better."""
        mine = (-self.accuracy, self.latency, self.size)
        theirs = (-other.accuracy, other.latency, other.size)
        return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))

    def within(self, budget: Budget, margin: float = 0.0) -> bool:
        """Say whether the prediction is in ``budget``, give or take a ``margin`` (0-1)."""
        return (budget.latency is None or self.latency <= budget.latency * (1 + margin)) and (
            budget.size is None or self.size <= budget.size * (1 + margin)
        )


def front(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials that no other beats (the Pareto front), the fastest first."""
    once = {trial.structure: trial for trial in trials}.values()
    best = [trial for trial in once if not any(other.beats(trial) for other in once)]
    return sorted(best, key=lambda trial: (trial.latency, trial.size))
