"""Many tweets at once: what `Cusum.take` does to each of them, for simulations of months."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.cusum import Cusum, Event, refresh_due
from monitor.alerts.design import Tuning
from monitor.standings.quantification import Floats

_CHUNK: Final = 4096
_DAY_S: Final = 86_400.0


def take_all(
    cusum: Cusum, negatives: NDArray[np.bool_], times: Floats, tuning: Tuning
) -> list[tuple[int, Event]]:
    """Take a stretch of tweets, and return which of them (by index) did what.

    Args:
        cusum: changed as by `Cusum.take`, tweet by tweet.
        negatives: the labels [tweets].
        times: when they came, in seconds since the epoch [tweets].
        tuning: what is wanted.
    """
    events: list[tuple[int, Event]] = []
    first = 0
    while first < len(negatives):
        last = min(first + _CHUNK, len(negatives))
        if cusum.phase == "watching":
            first += _watched(cusum, negatives[first:last], times[first:last])
        if first < last and (
            event := cusum.take(bool(negatives[first]), float(times[first]), tuning)
        ):
            events.append((first, event))
        first += first < last
    return events


def _watched(cusum: Cusum, negatives: NDArray[np.bool_], times: Floats) -> int:
    """Take tweets before the first that does more than move the score; return how many."""
    walk = cusum.score + np.cumsum(np.where(negatives, cusum.up, -cusum.down))
    scores = walk - np.minimum(np.minimum.accumulate(walk), 0)
    pauses = np.diff(times, prepend=cusum.at)
    new = cusum.new_tweets + np.arange(1, len(negatives) + 1)
    stops = (
        (scores >= cusum.threshold)
        | ((scores == 0) & (new >= refresh_due(cusum)))
        | ~((pauses >= 0) & (pauses <= _DAY_S))
    )
    count = int(np.argmax(stops)) if stops.any() else len(negatives)
    if count == 0:
        return 0
    negatives, times, scores = negatives[:count], times[:count], scores[:count]
    cusum.new_tweets += count
    cusum.new_negatives += int(negatives.sum())
    # One after another, as tweet by tweet, to the last bit.
    cusum.seconds = float(np.cumsum(np.append(cusum.seconds, pauses[:count]))[-1])
    cusum.since_raised_s = float(np.cumsum(np.append(cusum.since_raised_s, pauses[:count]))[-1])
    cusum.pauses = float(cusum.pauses + count)
    cusum.at = float(times[-1])
    zeros = np.flatnonzero(scores == 0)
    start = int(zeros[-1]) + 1 if len(zeros) else 0
    if len(zeros) or cusum.score == 0:
        cusum.begun_at = float(times[start]) if start < count else math.nan
        cusum.begun_negatives = cusum.begun_tweets = 0
    cusum.begun_negatives += int(negatives[start:].sum())
    cusum.begun_tweets += count - start
    cusum.score = int(scores[-1])
    return count
