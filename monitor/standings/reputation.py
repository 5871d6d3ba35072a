"""From labels to what they say about an entity: counts, corrected shares and net, with intervals.

Everything is read from the rollups, so a year is answered as fast as a day. Windows are whole
hours, days or weeks; of days and weeks those of the zone that people are told times in.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.clock import utc
from monitor.periods import Window, beginning, ending, following, preceding
from monitor.standings.answers import Key, Owners, samples
from monitor.standings.labellers import Labeller, Task, labellers
from monitor.standings.quantification import Floats, Method, Shares, Z, correct
from monitor.standings.standing import NET, Basis, Estimate, Standing
from monitor.standings.tallies import Ranking, Tally, ranking, tallies
from monitor.tweets import OTHERS
from monitor.verdict import LABELS

Counts: TypeAlias = NDArray[np.int64]
COMPARABLE: Final = 10
"""Tweets that a time must have to be compared with."""


def standings(
    connection: sqlite3.Connection,
    since: float,
    until: float,
    *,
    window: Window | None = None,
    entity: str | None = None,
    task: Task | None = None,
    correction: Method | None = None,
    retweets: bool = False,
    among: Collection[str] | None = None,
    others: bool = False,
    compared: bool = True,
) -> list[Standing]:
    """Return how entities stand: the latest window first, in it the entity with most tweets first.

    Each is compared with the window before it, as long as itself. Windows without tweets are left
    out. `OTHERS` come last.

    Args:
        connection: from `reader.open_log`.
        since: seconds since the epoch; rounded down to a whole hour.
        until: the same; rounded up.
        window: split the time into hours, days or weeks; None for all of it as one. The first one
            may have begun before the span, and the last one may not be over.
        entity: only this one; "" for tweets about no entity.
        task: whose labels; None for the task that each model was run for.
        correction: None for the best there is: an owner's answers, where there are enough of an
            entity, else the best that each model's calibration has.
        retweets: count them as tweets of their own.
        among: only these; None for all, of which there may be as many as messages have named, a
            kilobyte each and more.
        others: add up the rest as `OTHERS`; tweets about no entity stay apart.
        compared: compare with the window before.

    Raises:
        ValueError: if a model's calibration does not hold what ``correction`` needs.
    """
    if entity is not None:
        among = (entity,)
    first, last = beginning(since, window or "hour"), ending(until, window or "hour")

    def ends(start: float) -> float:
        return following(start, window) if window else last

    before = preceding(first, window) if window else 2 * first - last
    models = labellers(connection, task)
    by_task: defaultdict[Task, list[int]] = defaultdict(list)
    for model_id, model in models.items():
        by_task[model.task].append(model_id)
    # Of the first window what lies before the span is left out, as it is without windows.
    begin = beginning(since, "hour")
    parts = [(before, first), (begin, last)] if compared else [(begin, last)]
    cells = _cells(
        (
            tally
            for asked, ids in by_task.items()
            for part in parts
            for tally in tallies(connection, part, window, asked, ids, among, others=others)
        ),
        retweets,
    )
    # Owners were asked about the reputation, and not about retweets.
    asked_owners = correction is None and not retweets and "reputation" in by_task
    owners = Owners(samples(connection) if asked_owners else {}, models, ends)
    figures = _Figures.of(cells, models, correction, owners)
    found = []
    for key in figures.keys:
        if key[0] >= first:
            earlier = preceding(key[0], window) if window else before
            found.append(figures.standing(key, cells[key], ends(key[0]), earlier))
    return sorted(found, key=lambda s: (s.start, s.entity != OTHERS, s.tweets), reverse=True)


def most_spoken_of(
    connection: sqlite3.Connection,
    most: int,
    since: float,
    until: float,
    *,
    window: Window | None = None,
    retweets: bool = False,
) -> Ranking:
    """Name the entities with most tweets in a span, to ask `standings` about; as its arguments."""
    span = beginning(since, window or "hour"), ending(until, window or "hour")
    return ranking(connection, most, span=span, retweets=retweets)


@dataclass(slots=True)
class _Cell:
    """What is counted of an entity in a window; by model, for each corrects its own mistakes."""

    by_model: dict[int, Counts] = field(default_factory=dict)
    unsure: int = 0
    retweets: int = 0

    def add(self, tally: Tally, *, retweets: bool) -> None:
        counts = np.array(tally.counts)
        if not counts.any():  # nothing but tweets without a label (`unread`)
            return
        if tally.is_retweet:
            self.retweets += int(counts.sum())
        if retweets or not tally.is_retweet:
            self.by_model[tally.model_id] = self.by_model.get(tally.model_id, 0) + counts
            self.unsure += tally.unsure


def _cells(counted: Iterable[Tally], retweets: bool) -> dict[Key, _Cell]:
    cells: defaultdict[Key, _Cell] = defaultdict(_Cell)
    for tally in counted:
        cells[tally.start, tally.entity].add(tally, retweets=retweets)
    return {key: cell for key, cell in cells.items() if cell.by_model}


@dataclass(frozen=True, slots=True)
class _Figures:
    """All windows' figures at once; a row a key."""

    keys: list[Key]
    places: Mapping[Key, int]
    counts: Counts
    """[windows, 3]"""
    shares: Floats
    """Negative, neutral, positive, and net [windows, 4]."""
    half: Floats
    """Half their intervals [windows, 4]."""
    chance: Floats
    """Half those of chance alone [windows, 4]."""
    methods: list[Basis]
    answers: list[int]
    """Of owners, on which each window rests."""
    dated: list[bool]
    """Whether answers are, of which there are some."""

    @classmethod
    def of(
        cls,
        cells: Mapping[Key, _Cell],
        models: Mapping[int, Labeller],
        correction: Method | None,
        owners: Owners,
    ) -> _Figures:
        """Correct what each model counted, and mix the models by their tweets."""
        keys = list(cells)
        counts = np.zeros((len(keys), LABELS), np.int64)
        by_model: defaultdict[int, list[tuple[int, Counts]]] = defaultdict(list)
        for place, key in enumerate(keys):
            for model_id, seen in cells[key].by_model.items():
                by_model[model_id].append((place, seen))
                counts[place] += seen
        shares = np.zeros((len(keys), LABELS))
        covariance, chance = np.zeros((2, len(keys), LABELS, LABELS))
        methods: list[Basis] = ["none"] * len(keys)
        answers, dated = [0] * len(keys), [False] * len(keys)
        most = np.zeros(len(keys))
        for model_id, rows in by_model.items():
            places = np.array([place for place, _ in rows])
            labels = np.array([seen for _, seen in rows], np.float64)
            method, found = _corrected(labels, models[model_id], correction)
            of = [keys[place] for place in places]
            sure = method == "regression"
            found, said, old = owners.correct(of, labels, model_id, found, known=sure)
            weight = labels.sum(axis=1) / counts[places].sum(axis=1)
            shares[places] += weight[:, None] * found.values
            # What one model gets wrong of an entity, the next may, too: their errors add up.
            covariance[places] += weight[:, None, None] * found.covariance
            chance[places] += weight[:, None, None] ** 2 * found.chance
            for place, part, rest_on, is_old in zip(places, weight, said, old, strict=True):
                if part > most[place]:
                    most[place], methods[place] = part, "owner" if rest_on else method
                    answers[place], dated[place] = rest_on, is_old
        return cls(
            keys=keys,
            places={key: place for place, key in enumerate(keys)},
            counts=counts,
            shares=np.column_stack([shares, shares @ NET]),
            half=_half(covariance),
            chance=_half(chance),
            methods=methods,
            answers=answers,
            dated=dated,
        )

    def standing(self, key: Key, cell: _Cell, end: float, before: float) -> Standing:
        """Put into words of the domain what the arrays hold of a window."""
        (start, name), place = key, self.places[key]
        values, half = self.shares[place].tolist(), self.half[place].tolist()
        negative, neutral, positive = (
            _estimate(value, h, 0.0) for value, h in zip(values[:3], half[:3], strict=True)
        )
        of_chance = self.chance[place].tolist()
        counts = self.counts[place].tolist()
        return Standing(
            entity=name or None,
            start=utc(start),
            end=utc(end),
            counts=(counts[0], counts[1], counts[2]),
            retweets=cell.retweets,
            unsure=cell.unsure,
            negative=negative,
            neutral=neutral,
            positive=positive,
            net=_estimate(values[LABELS], half[LABELS], -1.0),
            correction=self.methods[place],
            chance=(of_chance[0], of_chance[1], of_chance[2], of_chance[3]),
            change=self._change(place, self.places.get((before, name))),
            answers=self.answers[place],
            dated=self.dated[place],
        )

    def _change(self, place: int, before: int | None) -> Estimate | None:
        if before is None or self.counts[before].sum() < COMPARABLE:
            return None
        value = float(self.shares[place, LABELS] - self.shares[before, LABELS])
        half = float(np.hypot(self.chance[place, LABELS], self.chance[before, LABELS]))
        return Estimate(value, value - half, value + half)


def _corrected(labels: Floats, model: Labeller, correction: Method | None) -> tuple[Method, Shares]:
    method = correction or model.method
    try:
        return method, correct(labels, model.calibration, method)
    except ValueError as error:
        raise ValueError(f"{model.name}: {error}") from error


def _half(covariance: Floats) -> Floats:
    """Return half the widths of the intervals of shares and net [windows, 4]."""
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    of_net = np.einsum("i,wij,j->w", NET, covariance, NET)
    result: Floats = Z * np.sqrt(np.column_stack([variance, of_net]))
    return result


def _estimate(value: float, half: float, least: float) -> Estimate:
    """Cut an interval at what a share (0 to 1) or a net score (-1 to 1) can be."""
    return Estimate(value, max(least, value - half), min(1.0, value + half))
