"""Notices that the broker sends fewer messages ahead than a micro-batch needs to fill.

RabbitMQ sends ten messages before it wants acknowledgements, other brokers one. A batch that waits
for more waits until its time is up, since no message comes before these are acknowledged. Such a
window shows itself: right after an acknowledgement so many messages come at once, then none until
the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_ROUNDS: Final = 3
"""Batches of one size in a row, each filled at once and then closed by the clock, that tell."""
_AT_ONCE_S: Final = 0.25
_AT_ONCE: Final = 0.25
"""Share of the longest wait: what comes within it, or `_AT_ONCE_S`, comes at once."""
_BELIEVED_S: Final = 60.0
"""After so long one batch waits for the clock again, in case the window or the rate has changed."""


class Window:
    """How many messages the broker sends ahead, if fewer than a batch.

    Times are monotonic seconds.
    """

    def __init__(self, delay: float) -> None:
        """Know nothing yet; ``delay`` (s) is how long a batch may wait for its size."""
        self._at_once = min(_AT_ONCE_S, delay * _AT_ONCE)
        self._answered = -math.inf
        self._rounds = 0
        self._checked = -math.inf
        self.size = 0
        """Messages; a guess until as many rounds have shown it."""

    def answering(self, outstanding: int, now: float) -> None:
        """Take note that a batch is about to be acknowledged, beside which so many have come."""
        self._answered = now
        if outstanding:  # so the broker has sent more than a batch of this size
            self._rounds = 0

    def is_full(self, arrived: Sequence[float], now: float) -> bool:
        """Whether no more than these can come before they are answered.

        Args:
            arrived: when each message that waits did, in order.
            now: the time.
        """
        return (
            self._rounds >= _ROUNDS
            and now - self._checked < _BELIEVED_S
            and len(arrived) == self.size
            and self._came_at_once(arrived[-1])
        )

    def closed_by_clock(self, arrived: Sequence[float], now: float) -> None:
        """Take note of a batch that was closed because its time was up."""
        if not self._came_at_once(arrived[-1]):
            self._rounds = 0
        elif len(arrived) == self.size:
            self._rounds += 1
        else:
            self._rounds = 1
        self.size, self._checked = len(arrived), now

    def _came_at_once(self, arrived: float) -> bool:
        return arrived - self._answered <= self._at_once
