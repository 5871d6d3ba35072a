"""What owners answered, read from the log, and what it makes of the shares in windows."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from monitor.periods import epoch
from monitor.standings.labellers import Labeller
from monitor.standings.owner import LEAST, NO_CLASS, Powered, Sample
from monitor.standings.quantification import Floats, Shares
from monitor.store.owner_labels import OwnerLabel, read
from monitor.verdict import LABELS, POLARITIES

Key: TypeAlias = tuple[float, str]
"""Beginning of a window in seconds since the epoch, and entity."""


def samples(connection: sqlite3.Connection) -> dict[tuple[str, str], Sample]:
    """Read what owners said of tweets drawn at random, by entity and the model's SHA-256.

    It is the reputation that they were asked about.

    Raises:
        StoreError: what the log says of a tweet is not what is written there.
    """
    found: defaultdict[tuple[str, str], list[OwnerLabel]] = defaultdict(list)
    for label in read(connection):
        if label.drawn == "random":
            found[label.entity, label.model_sha256].append(label)
    return {key: sample(labels) for key, labels in found.items()}


def sample(labels: Sequence[OwnerLabel]) -> Sample:
    """Put answers to tweets of one entity into numbers."""
    given = [POLARITIES.index(la.label) if la.label in POLARITIES else NO_CLASS for la in labels]
    said = np.array([la.probabilities[:LABELS] for la in labels], np.float64).reshape(-1, LABELS)
    return Sample(
        answers=np.array(given, np.int64),
        model=said.argmax(axis=1).astype(np.int64),
        at=np.array([epoch(la.received_at) for la in labels], np.float64),
    )


class Owners:
    """What owners' answers say of the shares in windows."""

    def __init__(
        self,
        samples: Mapping[tuple[str, str], Sample],
        models: Mapping[int, Labeller],
        length: float,
    ) -> None:
        self._models = models
        self._length = length
        self._known: dict[tuple[str, int], tuple[Sample, Powered]] = {}
        for (entity, sha256), found in samples.items():
            if found.classes < LEAST:
                continue
            for model_id, model in models.items():
                if model.sha256 == sha256 and model.task == "reputation":
                    mapping = model.calibration.mapping if model.calibration else None
                    self._known[entity, model_id] = found, Powered.by(found, mapping)

    def correct(
        self,
        keys: Sequence[Key],
        counts: Floats,
        model_id: int,
        by_calibration: Shares,
        *,
        known: bool,
    ) -> tuple[Shares, list[int], list[bool]]:
        """Put the shares of entities whose owner has answered into those of a model.

        Args:
            keys: of the windows.
            counts: of the model's labels [windows, 3].
            model_id: whose.
            by_calibration: their shares otherwise.
            known: whether the intervals of these hold whatever the entity; then few answers, which
                say less, change nothing.

        Returns:
            The shares, the answers on which each window rests, and whether these are dated
            [windows].
        """
        answers, dated = [0] * len(keys), [False] * len(keys)
        found = Shares(  # of which two may be one array
            by_calibration.values.copy(),
            by_calibration.covariance.copy(),
            by_calibration.chance.copy(),
        )
        for row, (start, entity) in enumerate(keys):
            if (entity, model_id) not in self._known or not counts[row].any():
                continue
            asked, powered = self._known[entity, model_id]
            shares = powered.shares(counts[row : row + 1])
            # What holds where tweets were asked about may not last.
            inside = ((asked.at >= start) & (asked.at < start + self._length)).mean()
            calibration = self._models[model_id].calibration
            drift = np.zeros((LABELS, LABELS))
            if calibration is not None and calibration.drift is not None:
                drift = calibration.drift
            since = (asked.at < start).mean() * drift
            dated[row] = bool(np.trace(since) > np.trace(shares.covariance[0]))
            covariance = shares.covariance[0] + (1 - inside) * drift
            if known and np.trace(covariance) > np.trace(found.covariance[row]):
                continue
            found.values[row] = shares.values[0]
            found.covariance[row] = covariance
            found.chance[row] = shares.chance[0] + drift
            answers[row] = powered.classes
        return found, answers, dated
