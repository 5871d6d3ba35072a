"""What is wanted of all detectors, as ``[alerts]`` says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.standings import Calibration

LASTING_DAYS: Final = 14.0
"""An alert that has held for so long becomes the new usual."""
_OVERSHOOT: Final = 1.6
"""By how much the evidence exceeds its limit, on average, when it first does; less what is lost
where volume spreads. Measured: `monitor.alerts.simulate`."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is wanted of all detectors."""

    rise: float
    """The rise to be found soonest: to this many times the usual share."""
    false_alarm_days: float
    """Mean time between false alarms of an entity, in days."""
    quiet_s: float
    """Least time between two alerts of an entity, in seconds."""
    learn_tweets: int
    """Tweets after which an entity's usual share counts as known."""
    false_positive: float = 0.0
    """How often the classifier calls a tweet negative that is not; 0 if nobody has counted."""

    @property
    def limit(self) -> float:
        """Evidence, in days, at which an alert is raised (`monitor.alerts.detector`)."""
        return self.false_alarm_days / _OVERSHOOT

    @staticmethod
    def false_positives(calibration: Calibration | None) -> float:
        """Return how often other tweets are labelled negative, by the confusion matrix."""
        if calibration is None:
            return 0.0
        others = calibration.confusion[1:]
        return float(others[:, 0].sum() / others.sum())

    def raised(self, share: float, factor: float) -> float:
        """Return the share of negative labels once that of negative tweets is ``factor`` times it.

        Labels rise by less: false positives, by the confusion matrix, are no more than before. At
        least half of an entity's negative labels are taken for right, for the matrix counts the
        mistakes of all entities, and one with fewer negative labels has fewer of them.
        """
        wrong = min(self.false_positive, share / 2)
        return min(share + (factor - 1) * (share - wrong), (1 + share) / 2)
