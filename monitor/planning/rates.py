"""What one board and one broker do: as measured, or as a board's own measurement says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final

BOARD_TWEETS_PER_S: Final = 760
"""Drained by a daemon with the default model on 2 cores of an AMD EPYC, Zen 4 (`make bench`)."""

SMALL_TIMES: Final = 1.7
"""What it drains with the small model against that, on the same."""

BROKER_MESSAGES_PER_S: Final = 46_000
"""Passed on by one mosquitto on a core of the same, at its CPU time a message (`make group`)."""

DAEMON_SHARE: Final = 0.5
"""Of what the classifier does alone, left to a daemon that also receives and stores."""

_BATCH: Final = 64
_TOKENS: Final = 25
"""The mean tweet."""


class BadBenchError(Exception):
    """A file that does not hold what `monitor bench --json` writes."""


def measured_rate(bench: Path) -> float:
    """Return the tweets a second of a board's daemon that `monitor bench --json` leads to expect.

    Raises:
        BadBenchError: the file cannot be read, or is of something else.
    """
    try:
        measurements = json.loads(bench.read_text(encoding="utf-8"))["measurements"]
        rates = [
            float(m["tweets_per_s"])
            for m in measurements
            if m["batch"] == _BATCH and m["tokens"] == _TOKENS
        ]
        rate = DAEMON_SHARE * max(rate for rate in rates if 0 < rate < math.inf)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBenchError(
            f"{bench}: not what `monitor bench --json` writes: {error!r}"
        ) from error
    return rate
