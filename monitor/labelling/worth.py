"""What an owner's answers are worth so far, in a line."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.standings.answers import sample
from monitor.standings.labellers import labellers
from monitor.standings.owner import LEAST, Powered, student
from monitor.standings.quantification import Floats, Z
from monitor.store.owner_labels import OwnerLabel, read
from monitor.verdict import LABELS, POLARITIES

MORE: Final = 25
"""Answers that a sitting adds, of which is said what they would bring."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What all answers about an entity say."""

    answers: Counter[str]
    """By label, of every sitting."""
    random: int
    """Of these drawn at random, and classes."""
    agreed: int
    """In how many of those that are classes the model's label was the owner's."""
    of: int
    """Tweets that can be drawn."""
    negative: float | None
    """Share among all tweets that can be drawn; None with fewer than `LEAST` answers."""
    half: float | None
    """Half of its 95 % interval."""

    @property
    def classes(self) -> int:
        """Answers that are classes."""
        return sum(self.answers[polarity] for polarity in POLARITIES)

    @property
    def half_with_more(self) -> float | None:
        """Half of the interval that `MORE` answers would give, as far as can be foreseen."""
        if self.half is None:
            return None
        now, then = self.random, self.random + MORE
        return self.half * math.sqrt(now / then) * student(then - 1) / student(now - 1)


def worth(connection: sqlite3.Connection, entity: str, counts: Floats) -> Worth:
    """Count the answers about an entity, and estimate its negative share from them.

    Args:
        connection: to the log.
        entity: '' for tweets as a whole.
        counts: from `counted`, which reads all of the entity's tweets: once a sitting is enough.
    """
    labels = read(connection, entity)
    classes = [label for label in labels if label.label in POLARITIES]
    drawn = [label for label in labels if label.drawn == "random"]
    asked = sample(drawn)
    negative = half = None
    if asked.classes >= LEAST and counts.sum():
        known = [m.calibration for m in labellers(connection, "reputation").values()]
        mapping = next((c.mapping for c in known[::-1] if c and c.mapping is not None), None)
        shares = Powered.by(asked, mapping).shares(counts[None, :])
        negative = float(shares.values[0, 0])
        half = float(Z * np.sqrt(shares.covariance[0, 0, 0]))
    return Worth(
        answers=Counter(label.label for label in labels),
        random=asked.classes,
        agreed=sum(_model(label) == label.label for label in classes),
        of=int(counts.sum()),
        negative=negative,
        half=half,
    )


def _model(label: OwnerLabel) -> str:
    said = label.probabilities[:LABELS]
    return POLARITIES[said.index(max(said))]


def counted(connection: sqlite3.Connection, entity: str) -> Floats:
    """Count the model's labels of all tweets that can be drawn [3]."""
    found = dict(
        connection.execute(
            "SELECT l.reputation, count(*) FROM labels AS l CROSS JOIN tweets AS t"
            " ON t.id = l.tweet_id WHERE l.entity = ? AND NOT t.is_retweet"
            " AND t.text IS NOT NULL GROUP BY 1",
            (entity,),
        )
    )
    return np.array([found.get(polarity, 0) for polarity in POLARITIES], np.float64)
