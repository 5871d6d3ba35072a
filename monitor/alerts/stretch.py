"""Many tweets at once: what `Chart.take` does to each of them, for simulations of months."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.chart import Chart, Event, refresh_due
from monitor.alerts.design import Tuning
from monitor.standings.quantification import Floats

_CHUNK: Final = 4096
_DAY_S: Final = 86_400.0


def take_all(
    chart: Chart, negatives: NDArray[np.bool_], times: Floats, tuning: Tuning
) -> list[tuple[int, Event]]:
    """Take a stretch of tweets, and return which of them (by index) did what.

    Args:
        chart: changed as by `Chart.take`, tweet by tweet.
        negatives: the labels [tweets].
        times: when they came, in seconds since the epoch [tweets].
        tuning: what is wanted.
    """
    events: list[tuple[int, Event]] = []
    first = 0
    while first < len(negatives):
        last = min(first + _CHUNK, len(negatives))
        if chart.phase == "watching":
            first += _watched(chart, negatives[first:last], times[first:last])
        if first < last and (
            event := chart.take(bool(negatives[first]), float(times[first]), tuning)
        ):
            events.append((first, event))
        first += first < last
    return events


def _watched(chart: Chart, negatives: NDArray[np.bool_], times: Floats) -> int:
    """Take tweets before the first that does more than move the score; return how many."""
    walk = chart.score + np.cumsum(np.where(negatives, chart.up, -chart.down))
    scores = walk - np.minimum(np.minimum.accumulate(walk), 0)
    pauses = np.diff(times, prepend=chart.at)
    new = chart.new_tweets + np.arange(1, len(negatives) + 1)
    stops = (
        (scores >= chart.threshold)
        | ((scores == 0) & (new >= refresh_due(chart)))
        | ~((pauses >= 0) & (pauses <= _DAY_S))
    )
    count = int(np.argmax(stops)) if stops.any() else len(negatives)
    if count == 0:
        return 0
    negatives, times, scores = negatives[:count], times[:count], scores[:count]
    chart.new_tweets += count
    chart.new_negatives += int(negatives.sum())
    # One after another, as tweet by tweet, to the last bit.
    chart.seconds = float(np.cumsum(np.append(chart.seconds, pauses[:count]))[-1])
    chart.since_raised_s = float(np.cumsum(np.append(chart.since_raised_s, pauses[:count]))[-1])
    chart.pauses = float(chart.pauses + count)
    chart.at = float(times[-1])
    zeros = np.flatnonzero(scores == 0)
    start = int(zeros[-1]) + 1 if len(zeros) else 0
    if len(zeros) or chart.score == 0:
        chart.begun_at = float(times[start]) if start < count else math.nan
        chart.begun_negatives = chart.begun_tweets = 0
    chart.begun_negatives += int(negatives[start:].sum())
    chart.begun_tweets += count - start
    chart.score = int(scores[-1])
    return count
