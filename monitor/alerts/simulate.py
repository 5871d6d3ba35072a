"""False alarms and delays of alerts, measured: ``python -m monitor.alerts.simulate``.

Invented entities, whose tweets come at random moments (Poisson) and are negative by chance, go
through the very CUSUM that the daemon runs (`stretch.take_all`, which the tests hold equal to
`Cusum.take`). What is usual is learnt as the daemon does, or known from the start.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from monitor.alerts.cusum import Cusum
from monitor.alerts.design import Tuning
from monitor.alerts.stretch import take_all
from monitor.console import strict_json
from monitor.options import OutputFile
from monitor.standings.quantification import Floats, Z

_DAY_S: Final = 86_400.0
_MONTH: Final = 30
_LIFE_MONTHS: Final = 12
"""How long an entity is watched, once what is usual has been learnt."""
_PATIENCE_DAYS: Final = 180.0
"""A rise that has raised no alert by then counts as one that took for ever."""
_LOOK_TWEETS: Final = 200
_SURELY: Final = 1e12
"""Tweets that showed what is usual, where it is known."""

SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
PACES: Final = (20, 200, 2000)
_LESS: Final = {20: 1, 200: 3, 2000: 5}
"""The more tweets a day, the fewer months there is time for."""
RISES: Final = (2.0, 1.5)
TUNING: Final = Tuning(rise=2.0, false_alarm_days=30.0, quiet_s=_DAY_S, learn_tweets=500)


class KnownCusum(Cusum):
    """A CUSUM that knows what is usual, and has nothing to learn."""

    def watch(self, tuning: Tuning) -> None:
        """Begin to watch, by the one CUSUM there is."""
        if not self.down:
            super().watch(tuning)
        self.phase = "watching"
        self._rest()

    def _learn(self, tuning: Tuning) -> None:  # noqa: ARG002  (as the daemon's)
        self.new_negatives = self.new_tweets = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long rises went on until they raised an alert."""

    rise: float
    median_tweets: float
    p90_tweets: float
    median_hours: float
    p90_hours: float


@dataclass(frozen=True, slots=True)
class SimulatedRow:
    """What was measured of entities of one kind."""

    share: float
    tweets_a_day: int
    learnt: bool
    months: int
    false_alarms: int
    ratio: float
    """False alarms, as a multiple of the setting."""
    low: float
    high: float
    delays: list[Delay]


class Crowd:
    """Entities of one kind."""

    def __init__(
        self, share: float, pace: int, *, learnt: bool, rng: np.random.Generator, tuning: Tuning
    ) -> None:
        self._share, self._pace, self._learnt = share, pace, learnt
        self._rng, self._tuning = rng, tuning

    def entity(self) -> Cusum:
        """Make an entity that is watched."""
        if not self._learnt:
            seconds = _SURELY * _DAY_S / self._pace
            known = KnownCusum(
                negatives=self._share * _SURELY, tweets=_SURELY, seconds=seconds, pauses=_SURELY
            )
            known.watch(self._tuning)
            known.at = 0.0
            return known
        cusum = Cusum()
        while cusum.phase == "learning":
            self.live(cusum, self._tuning.learn_tweets / self._pace / 2, self._share)
        return cusum

    def live(self, cusum: Cusum, days: float, share: float) -> tuple[Floats, list[int]]:
        """Let time pass for an entity; when its tweets came, and which of them raised alerts."""
        count = self._rng.poisson(self._pace * days)
        begin = 0.0 if math.isnan(cusum.at) else cusum.at
        times = begin + np.sort(self._rng.random(count)) * days * _DAY_S
        events = take_all(cusum, self._rng.random(count) < share, times, self._tuning)
        return times, [index for index, event in events if event == "raised"]

    def delay(self, cusum: Cusum, rise: float) -> tuple[float, float]:
        """Return how many tweets and hours pass from a rise to its alert."""
        began, tweets, days = cusum.at, 0, _LOOK_TWEETS / self._pace
        while cusum.at - began < _PATIENCE_DAYS * _DAY_S:
            times, raised = self.live(cusum, days, rise * self._share)
            if raised:
                return tweets + raised[0] + 1, (times[raised[0]] - began) / 3600
            tweets += len(times)
        return math.inf, math.inf

    def row(self, months: int, rises: int) -> SimulatedRow:
        """Measure: after some months of each entity's life its share rises, in a life of its own.

        Args:
            months: of entities' lives, together.
            rises: how many, of each size.
        """
        entities = math.ceil(months / _LIFE_MONTHS)
        months = entities * _LIFE_MONTHS
        counts = np.zeros(entities)
        delays: dict[float, list[tuple[float, float]]] = {rise: [] for rise in RISES}
        for number in range(entities):
            cusum = self.entity()
            for month in range(number * _LIFE_MONTHS + 1, (number + 1) * _LIFE_MONTHS + 1):
                counts[number] += len(self.live(cusum, _MONTH, self._share)[1])
                due = rises * month // months
                if cusum.phase == "watching":  # else it waits for the next month
                    for rise, seen in delays.items():
                        while len(seen) < due:
                            seen.append(self.delay(copy.copy(cusum), rise))
        wanted = months * _MONTH / self._tuning.false_alarm_days
        ratio = float(counts.sum()) / wanted
        # From entity to entity: what one has learnt wrong it has learnt wrong for long.
        spread = Z * float(counts.std(ddof=1)) * math.sqrt(entities) / wanted
        return SimulatedRow(
            share=self._share,
            tweets_a_day=self._pace,
            learnt=self._learnt,
            months=months,
            false_alarms=int(counts.sum()),
            ratio=ratio,
            low=ratio - spread,
            high=ratio + spread,
            delays=[_delay(rise, seen) for rise, seen in delays.items()],
        )


def _delay(rise: float, seen: list[tuple[float, float]]) -> Delay:
    tweets, hours = np.array(seen).T
    return Delay(
        rise,
        *(float(np.quantile(tweets, q, method="lower")) for q in (0.5, 0.9)),
        *(float(np.quantile(hours, q, method="lower")) for q in (0.5, 0.9)),
    )


def simulate(months: int, rises: int, seed: int, tuning: Tuning = TUNING) -> Iterator[SimulatedRow]:
    """Measure all kinds of entities, one after another.

    Args:
        months: of entities' lives at 20 tweets a day; a third of it at 200, a fifth at 2,000.
        rises: how many of each kind.
        seed: of chance.
        tuning: what is wanted.
    """
    kinds = [(s, p, learnt) for learnt in (False, True) for s in SHARES for p in PACES]
    for number, (share, pace, learnt) in enumerate(kinds):
        rng = np.random.default_rng([seed, number])
        crowd = Crowd(share, pace, learnt=learnt, rng=rng, tuning=tuning)
        yield crowd.row(round(months / _LESS[pace]), rises)


def markdown(rows: list[SimulatedRow]) -> str:
    """Lay the rows out as docs/alerts.md has them."""
    lines = [
        "| usual share | tweets a day | usual is | false alarms, of the setting | 95 % interval |"
        + "".join(f" rise of {rise:g}: tweets | hours |" for rise in RISES),
        "|---:|---:|---|---:|---|" + "---:|---:|" * len(RISES),
    ]
    for row in rows:
        delays = "".join(
            f" {_number(d.median_tweets)} / {_number(d.p90_tweets)} |"
            f" {_number(d.median_hours)} / {_number(d.p90_hours)} |"
            for d in row.delays
        )
        lines.append(
            f"| {row.share:g} | {row.tweets_a_day:,} | {'learnt' if row.learnt else 'known'} |"
            f" {row.ratio:.2f} | {row.low:.2f} to {row.high:.2f} |{delays}"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"


@click.command()
@click.option("--months", type=click.IntRange(24), default=2400, show_default=True)
@click.option("--rises", type=click.IntRange(10), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "file", type=OutputFile(), help="Write the rows here, too.")
def main(months: int, rises: int, seed: int, file: Path | None) -> None:
    """Measure how often alerts are false and how late true ones are; print a Markdown table.

    --months is how long the entities of 20 tweets a day live together; those of 200 a third of
    it, those of 2,000 a fifth.
    """
    total = 2 * len(SHARES) * len(PACES)
    with click.progressbar(simulate(months, rises, seed), total, label="Kinds") as bar:
        rows = list(bar)
    click.echo(markdown(rows))
    if file:
        document: dict[str, Any] = {
            "months": months,
            "rises": rises,
            "seed": seed,
            "tuning": dataclasses.asdict(TUNING),
            "rows": [dataclasses.asdict(row) for row in rows],
        }
        file.write_text(strict_json(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
