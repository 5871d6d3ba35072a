"""The artificial-prevalence protocol: windows resampled so that every mixture of classes occurs.

Forman 2008; as in QuaPy, each window has exactly the shares that were drawn. A class's tweets are
the same everywhere then, which adjusted counts and EM suppose, and which entities are not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.standings.quantification import Floats
from monitor.verdict import LABELS

WINDOWS: Final = 1000
TWEETS: Final = 200


def windows(confusion: NDArray[np.int64], seed: int) -> tuple[Floats, Floats]:
    """Draw windows of tweets with replacement, class by class, uniformly over the simplex.

    Args:
        confusion: labels (columns) of the tweets to draw from, by true class (rows) [3, 3].
        seed: the same gives the same windows.

    Returns:
        Counts of labels and true shares [windows, 3].
    """
    chance = np.random.default_rng(seed)
    wanted = np.cumsum(chance.dirichlet(np.ones(LABELS), WINDOWS), axis=1) * TWEETS
    drawn = np.diff(np.round(wanted), axis=1, prepend=0.0)
    rates = confusion / confusion.sum(axis=1, keepdims=True)
    counts = sum(
        (chance.multinomial(drawn[:, i].astype(np.int64), rates[i]) for i in range(LABELS)),
        np.zeros((WINDOWS, LABELS), np.int64),
    )
    return counts.astype(np.float64), drawn / TWEETS
