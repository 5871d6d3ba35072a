"""How long a Bernoulli CUSUM runs on average until it signals, exactly.

The CUSUM (Page 1954; Reynolds and Stoumbos 1999) walks on whole numbers: ``up`` at an event,
``down`` otherwise, never below 0, and signals at a threshold. So it is a Markov chain, and the
average run lengths from its states solve a linear system (Brook and Evans 1972).

Counted from the threshold downwards, the system is the same whatever the threshold is, but for its
lowest ``down`` states. So the states are eliminated one after another from above, which leaves, at
each depth, a system of [down, down] for the threshold that is so far away: one pass serves all
thresholds. Everything added is positive, so nothing cancels out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from monitor.standings.quantification import Floats

_NEVER: Final = 1e-13
"""What comes less often than this a trial drowns in rounding, and is taken to come so often."""


class RunLengths:
    """Average run lengths of one CUSUM under several shares of events."""

    def __init__(self, shares: Floats, up: int, down: int) -> None:
        """Prepare.

        Args:
            shares: how often the event happens, each in (0, 1) [shares].
            up: step at an event.
            down: step otherwise.
        """
        self._p = np.asarray(shares, np.float64)
        self._up, self._down = up, down
        self.least = max(up, down) + 1
        """The lowest threshold: one event alone is never enough."""
        # Of the next state and of those from which an event leads there or higher: trials, and
        # where they end among the next `down` states, all that is higher passed through.
        self._trials: Floats = np.ones((up + 1, len(self._p)))
        self._leads: Floats = np.zeros((up + 1, len(self._p), down))
        self._leads[-1, :, 0] = self._p
        self._lowest = [self._near()]

    def average(self, threshold: int) -> Floats:
        """Return how many trials pass on average from 0 until the threshold is reached [shares].

        Args:
            threshold: at least `least`.
        """
        up, down = self._up, self._down
        while len(self._lowest) <= threshold - down:
            self._eliminate()
            self._lowest.append(self._near())
        trials, leads = self._lowest[threshold - down]
        known = len(trials)
        constant = np.ones((len(self._p), down))
        constant[:, :known] = trials.T
        system = np.zeros((len(self._p), down, down))
        system[:, :known] = -leads.transpose(1, 0, 2)
        for state in range(known, down):
            system[:, state, state - up] = -self._p
        system[:, :, -1] -= 1 - self._p[:, None]  # whatever lies below 0 is 0
        system += (1 + _NEVER) * np.eye(down)
        return np.asarray(np.linalg.solve(system, constant[:, :, None])[:, -1, 0], np.float64)

    def _near(self) -> tuple[Floats, Floats]:
        """Return what is known of the next `down` states, should they be the lowest."""
        known = min(self._up + 1, self._down)
        return self._trials[:known].copy(), self._leads[:known].copy()

    def _eliminate(self) -> None:
        """Put what is expected of the next state into the states that lead there."""
        trials, leads = self._trials, self._leads
        elsewhere = 1 / (1 - leads[0, :, 0])
        on = np.empty_like(leads[0])
        on[:, :-1] = leads[0, :, 1:]
        on[:, -1] = 1 - self._p
        through = leads[1:, :, 0] * elsewhere
        self._trials, self._leads = np.ones_like(trials), np.zeros_like(leads)
        self._trials[:-1] = trials[1:] + through * trials[0]
        self._leads[:-1, :, :-1] = leads[1:, :, 1:]
        self._leads[:-1] += through[:, :, None] * on
        self._leads[-1, :, 0] = self._p
