"""What owners answered, read from the log, and what it makes of the shares in windows."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
        ends: Callable[[float], float],
    ) -> None:
        self._models = models
        self._ends = ends
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
            aged = self._aged(self._known[entity, model_id], start, counts[row : row + 1], model_id)
            dated[row] = aged.dated
            if known and np.trace(aged.covariance) > np.trace(found.covariance[row]):
                continue
            found.values[row] = aged.values
            found.covariance[row] = aged.covariance
            found.chance[row] = aged.chance
            answers[row] = aged.classes
        return found, answers, dated

    def _aged(
        self, of: tuple[Sample, Powered], start: float, counts: Floats, model_id: int
    ) -> _Aged:
        """Return what answers say of one window [1, 3], the further away the less."""
        asked, powered = of
        calibration = self._models[model_id].calibration
        drift = np.zeros((LABELS, LABELS))
        mapping = None
        if calibration is not None:
            mapping = calibration.mapping
            drift = drift if calibration.drift is None else calibration.drift
        inside = (asked.at >= start) & (asked.at < self._ends(start))
        recent, others = asked.of(inside), asked.of(~inside)
        shares = powered.shares(counts)
        chance = shares.chance[0]
        # What holds where tweets were asked about may not last.
        values, covariance = shares.values[0], shares.covariance[0] + (~inside).mean() * drift
        if min(recent.classes, others.classes) >= LEAST:
            here, elsewhere = (
                Powered.by(each, mapping).shares(counts) for each in (recent, others)
            )
            # Each with the weight that leaves least open; what counts leave open both share.
            open_here = here.covariance[0] - here.chance[0]
            open_elsewhere = elsewhere.covariance[0] - elsewhere.chance[0] + drift
            part = np.trace(open_elsewhere) / np.trace(open_here + open_elsewhere)
            values = part * here.values[0] + (1 - part) * elsewhere.values[0]
            covariance = chance + part**2 * open_here + (1 - part) ** 2 * open_elsewhere
        before = (asked.at < start).mean() * drift
        return _Aged(
            values=values,
            covariance=covariance,
            chance=chance + drift,
            classes=powered.classes,
            dated=recent.classes < LEAST
            and bool(np.trace(before) > np.trace(shares.covariance[0])),
        )


@dataclass(frozen=True, slots=True)
class _Aged:
    """Shares of a window, as an owner's answers have them."""

    values: Floats
    """[3]"""
    covariance: Floats
    """[3, 3]"""
    chance: Floats
    """[3, 3]"""
    classes: int
    """Answers on which they rest."""
    dated: bool
    """Whether it is time for more."""
