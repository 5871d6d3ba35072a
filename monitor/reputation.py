"""From labels to what they say about an entity: counts, corrected shares and net, with intervals.

Everything is read from the rollups, so a year is answered as fast as a day. Windows are whole
hours, days or weeks, UTC.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np

from monitor.clock import utc
from monitor.model import POLARITIES
from monitor.periods import SECONDS, Window, beginning
from monitor.quantification import Calibration, Floats, Method, Z, correct

Task = Literal["reputation", "sentiment"]
NET: Final = np.array([-1.0, 0.0, 1.0])
"""Weights of the classes: the net score is the positive share less the negative one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entity stands in a window."""

    entity: str | None
    """None for tweets about no entity."""
    start: str
    """UTC, the window's first moment; its end is the next one's start."""
    end: str
    counts: tuple[int, int, int]
    """Labels as given: negative, neutral, positive."""
    retweets: int
    """Further tweets that repeat another's, counted apart unless they were asked for."""
    unsure: int
    """Of the labels those that are marked as abstained."""
    negative: Estimate
    neutral: Estimate
    positive: Estimate
    net: Estimate
    """Positive share less negative share, -1 to 1."""
    correction: Method
    """What the shares are corrected by; "none": they are the labels' own."""
    change: Estimate | None = None
    """Of the net score, against the window before; None if there is none with tweets."""

    @property
    def tweets(self) -> int:
        """Tweets behind the shares."""
        return sum(self.counts)


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
) -> list[Standing]:
    """Return how entities stand: the latest window first, in it the entity with most tweets first.

    Windows without tweets are left out.

    Args:
        connection: from `reader.open_log`.
        since: seconds since the epoch; rounded down to a whole hour or window.
        until: the same; rounded up.
        window: split the time into hours, days or weeks; None for all of it as one.
        entity: only this one; "" for tweets about no entity.
        task: whose labels; None for the task that each model was run for.
        correction: None for the best that each model's calibration has.
        retweets: count them as tweets of their own.

    Raises:
        ValueError: if a model's calibration does not hold what ``correction`` needs.
    """
    step = window or "hour"
    first, last = beginning(since, step), -beginning(-until, "hour")
    if window:
        last = beginning(until - 1e-3, window) + SECONDS[window]
    cells: dict[tuple[float, str], _Cell] = {}
    for row in _rows(connection, first, last, entity, task):
        start = beginning(_epoch(row.hour), window) if window else first
        cell = cells.setdefault((start, row.entity), _Cell())
        if row.is_retweet and not retweets:
            cell.retweets += int(row.counts.sum())
        else:
            cell.add(row)
    return _estimated(cells, last, SECONDS[window] if window else last - first, correction)


@dataclass(frozen=True, slots=True)
class _Row:
    hour: str
    entity: str
    is_retweet: bool
    model_id: int
    calibration: Calibration | None
    counts: Floats
    unsure: int


class _Cell:
    """What is counted of an entity in a window: by model, for each corrects its own mistakes."""

    def __init__(self) -> None:
        self.by_model: dict[int, tuple[Calibration | None, Floats]] = {}
        self.retweets = 0
        self.unsure = 0

    def add(self, row: _Row) -> None:
        _, counts = self.by_model.get(row.model_id, (None, np.zeros(3)))
        self.by_model[row.model_id] = (row.calibration, counts + row.counts)
        self.unsure += row.unsure


def _rows(
    connection: sqlite3.Connection, first: float, last: float, entity: str | None, task: str | None
) -> Sequence[_Row]:
    tasks = ("reputation", "sentiment")
    columns = ", ".join(f"r.{t}_{p} + r.{t}_unsure_{p}" for t in tasks for p in POLARITIES)
    unsure = ", ".join(" + ".join(f"r.{t}_unsure_{p}" for p in POLARITIES) for t in tasks)
    found = connection.execute(
        "SELECT r.hour, r.entity, r.is_retweet, r.model_id, m.task, m.calibration,"  # noqa: S608
        f" {columns}, {unsure}"
        " FROM rollups AS r JOIN models AS m ON m.id = r.model_id"
        " WHERE r.hour >= ? AND r.hour < ? AND (? IS NULL OR r.entity = ?)",
        (utc(first)[:13], utc(last)[:13], entity, entity),
    )
    calibrations: dict[tuple[int, str], Calibration | None] = {}
    rows = []
    for hour, name, is_retweet, model_id, own_task, card, *rest in found:
        asked = task or own_task
        if (model_id, asked) not in calibrations:
            table: dict[str, Any] = json.loads(card) if card else {}
            calibrations[model_id, asked] = Calibration.of(table.get(asked))
        which = tasks.index(asked)
        rows.append(
            _Row(
                hour,
                name,
                bool(is_retweet),
                model_id,
                calibrations[model_id, asked],
                np.array(rest[3 * which : 3 * which + 3], np.float64),
                rest[6 + which],
            )
        )
    return rows


def _estimated(
    cells: dict[tuple[float, str], _Cell], last: float, span: float, correction: Method | None
) -> list[Standing]:
    """Correct all windows at once, and compare each with the one before."""
    keys = sorted(key for key, cell in cells.items() if cell.by_model)
    if not keys:
        return []
    place = {key: number for number, key in enumerate(keys)}
    counts = np.zeros((len(keys), 3))
    values, covariance, chance = (np.zeros((len(keys), 3, *more)) for more in ((), (3,), (3,)))
    methods: list[Method] = ["none"] * len(keys)
    groups: dict[int, tuple[Calibration | None, list[int], list[Floats]]] = {}
    for key in keys:
        for model_id, (calibration, seen) in cells[key].by_model.items():
            _, places, of_model = groups.setdefault(model_id, (calibration, [], []))
            places.append(place[key])
            of_model.append(seen)
            counts[place[key]] += seen
    for calibration, places, of_model in groups.values():
        method = correction or (calibration.best if calibration else "none")
        shares = correct(np.array(of_model), calibration, method)
        weight = np.array(of_model).sum(axis=1) / counts[places].sum(axis=1)
        values[places] += weight[:, None] * shares.values
        # What one model gets wrong of an entity, the next may, too: their errors add up.
        covariance[places] += weight[:, None, None] * shares.covariance
        chance[places] += weight[:, None, None] ** 2 * shares.chance
        for number in places:
            methods[number] = method
    ends = Z * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    net = values @ NET
    net_ends = Z * np.sqrt(np.einsum("i,wij,j->w", NET, covariance, NET))
    drift = np.einsum("i,wij,j->w", NET, chance, NET)
    found = []
    for number, (start, name) in enumerate(keys):
        before = place.get((start - span, name))
        change = None
        if before is not None:
            half = Z * float(np.sqrt(drift[number] + drift[before]))
            difference = float(net[number] - net[before])
            change = Estimate(difference, difference - half, difference + half)
        share = [
            Estimate(float(v), max(0.0, float(v - h)), min(1.0, float(v + h)))
            for v, h in zip(values[number], ends[number], strict=True)
        ]
        cell = cells[start, name]
        n, h = float(net[number]), float(net_ends[number])
        found.append(
            Standing(
                entity=name or None,
                start=utc(start),
                end=utc(min(start + span, last)),
                counts=(int(counts[number, 0]), int(counts[number, 1]), int(counts[number, 2])),
                retweets=cell.retweets,
                unsure=cell.unsure,
                negative=share[0],
                neutral=share[1],
                positive=share[2],
                net=Estimate(n, max(-1.0, n - h), min(1.0, n + h)),
                correction=methods[number],
                change=change,
            )
        )
    return sorted(found, key=lambda s: (s.start, s.tweets), reverse=True)


def _epoch(hour: str) -> float:
    return datetime.fromisoformat(f"{hour}:00:00+00:00").timestamp()
