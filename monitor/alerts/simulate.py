"""False alarms and delays of alerts, measured: ``python -m monitor.alerts.simulate``.

Invented entities, whose tweets come at random moments (Poisson) and are negative by chance, go
through the very detector that the daemon runs, from their first tweet on.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from monitor.alerts.alerting import assumed
from monitor.alerts.change import change_point
from monitor.alerts.detector import DAY_S, Detector
from monitor.alerts.tuning import Tuning
from monitor.console import strict_json
from monitor.options import OutputFile
from monitor.standings.quantification import Floats, Z

_LIFE_DAYS: Final = 360
_FIRST_DAYS: Final = 30
_LEARNT_DAYS: Final = 60
"""After which a rise comes, in another life."""
_PATIENCE_DAYS: Final = 30
"""A rise that has raised no alert by then counts as one that took for ever."""
_LOOKED_AT: Final = 1000

SHARES: Final = (0.02, 0.1, 0.2, 0.4)
PACES: Final = (5, 20, 200, 2000)
OFTEN: Final = Tuning(rise=2.0, false_alarm_days=30.0, quiet_s=DAY_S, learn_tweets=500)
"""So that there are false alarms to be counted."""
DEFAULT: Final = dataclasses.replace(OFTEN, false_alarm_days=365.0)
"""As config.toml has it."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What changes: the share of negative labels, and the number of tweets."""

    name: str
    share: float | None
    """None: twice the usual one."""
    volume: float


RISES: Final = (
    Rise("share doubles", None, 1.0),
    Rise("three quarters negative", 0.75, 1.0),
    Rise("and four times as many", 0.75, 4.0),
)


@dataclass(frozen=True, slots=True)
class SimulatedRow:
    """What was measured of entities of one kind."""

    share: float
    tweets_a_day: int
    months: int
    ratio: float
    """False alarms, as a multiple of the setting."""
    low: float
    high: float
    first_month: float
    """The same of the first month of each life."""
    delays: list[tuple[float, float]]
    """Median and 90th percentile of the hours from each of `RISES` to its alert."""


class Life:
    """An entity from its first tweet on."""

    def __init__(self, share: float, pace: float, rng: np.random.Generator, tuning: Tuning) -> None:
        self._share, self._pace, self._rng, self._tuning = share, pace, rng, tuning
        mean, tweets = assumed(())
        self._detector = Detector(negatives=mean * tweets, tweets=tweets)
        self._now = 0.0
        self._after = self._began = 0
        self._times: Floats = np.zeros(0)
        self._negative: NDArray[np.bool_] = np.zeros(0, np.bool_)

    def live(
        self, days: float, share: float | None = None, volume: float = 1.0, *, once: bool = False
    ) -> list[float]:
        """Let time pass, and return when alerts were raised, in seconds since the first moment.

        Args:
            days: how much.
            share: of negative labels; None: as usual.
            volume: tweets, as a multiple of the usual.
            once: stop at the first alert.
        """
        count = self._rng.poisson(self._pace * volume * days)
        times = self._now + np.sort(self._rng.random(count)) * days * DAY_S
        negative = self._rng.random(count) < (self._share if share is None else share)
        kept = len(self._times)
        self._times = np.append(self._times, times)
        self._negative = np.append(self._negative, negative)
        self._now += days * DAY_S
        raised = []
        for number, (at, is_negative) in enumerate(
            zip(times.tolist(), negative.tolist(), strict=True), kept
        ):
            rested = 0.0 if math.isnan(self._detector.at) else at - self._detector.at
            event = self._detector.take(is_negative, at, rested, self._tuning)
            if event in ("raised", "worsened"):
                self._begin(number, worse=event == "worsened")
                raised.append(at)
                if once:
                    break
            elif event:  # the alert's tweets are not looked at again
                self._after = number + 1
        return raised

    def _begin(self, number: int, *, worse: bool) -> None:
        """Say where the alert began, as `Alerting` does."""
        detector = self._detector
        first = max(self._began if worse else self._after, number + 1 - _LOOKED_AT)
        negative, times = self._negative[first : number + 1], self._times[first : number + 1]
        share, pace = detector.level if worse else (detector.share, detector.pace)
        pace = pace if detector.knows_pace else 0.0
        found = change_point(negative, times, share, pace, detector.dispersion)
        tweets = negative[found.first :]
        seconds = float(times[-1] - times[max(found.first - 1, 0)])
        say = detector.worsen if worse else detector.begin
        say(found.kind, int(tweets.sum()), len(tweets), seconds)
        self._began = first + found.first


def measured(
    share: float, pace: int, lives: int, rises: int, rng: np.random.Generator
) -> SimulatedRow:
    """Measure entities of one kind.

    Args:
        share: the usual share of negative labels.
        pace: tweets a day.
        lives: years in which nothing happens.
        rises: how many of each kind.
        rng: of chance.
    """
    counts, early = np.zeros(lives), 0
    for number in range(lives):
        life = Life(share, pace, rng, OFTEN)
        early += len(life.live(_FIRST_DAYS))
        counts[number] = len(life.live(_LIFE_DAYS - _FIRST_DAYS))
    wanted = lives * _LIFE_DAYS / OFTEN.false_alarm_days
    ratio = (early + float(counts.sum())) / wanted
    # From entity to entity: what one has learnt wrong it has learnt wrong for long.
    spread = Z * float(counts.std(ddof=1)) * math.sqrt(lives) / wanted
    return SimulatedRow(
        share=share,
        tweets_a_day=pace,
        months=lives * _LIFE_DAYS // 30,
        ratio=ratio,
        low=ratio - spread,
        high=ratio + spread,
        first_month=early * OFTEN.false_alarm_days / (lives * _FIRST_DAYS),
        delays=[_delays(share, pace, rise, rises, rng) for rise in RISES],
    )


def _delays(
    share: float, pace: int, rise: Rise, rises: int, rng: np.random.Generator
) -> tuple[float, float]:
    hours = []
    for _ in range(rises):
        life = Life(share, pace, rng, DEFAULT)
        life.live(_LEARNT_DAYS)
        now = 2 * share if rise.share is None else rise.share
        raised = life.live(_PATIENCE_DAYS, now, rise.volume, once=True)
        hours.append((raised[0] - _LEARNT_DAYS * DAY_S) / 3600 if raised else math.inf)
    median, late = (float(np.quantile(hours, q, method="lower")) for q in (0.5, 0.9))
    return median, late


def simulate(tweets: int, rises: int, seed: int) -> Iterator[SimulatedRow]:
    """Measure all kinds of entities, one after another.

    Args:
        tweets: that the years of each kind have together, about; two years at least.
        rises: how many of each kind.
        seed: of chance.
    """
    kinds = [(share, pace) for pace in PACES for share in SHARES]
    for number, (share, pace) in enumerate(kinds):
        lives = min(max(tweets // (pace * _LIFE_DAYS), 2), 400)
        few = max(rises * 200 // max(pace, 200), 10)
        yield measured(share, pace, lives, few, np.random.default_rng([seed, number]))


def markdown(rows: list[SimulatedRow]) -> str:
    """Lay the rows out as docs/alerts.md has them."""
    lines = [
        "| tweets a day | usual share | months | false alarms, of the setting | 95 % interval |"
        " first month |" + "".join(f" {rise.name}: hours |" for rise in RISES),
        "|---:|---:|---:|---:|---|---:|" + "---:|" * len(RISES),
    ]
    for row in rows:
        delays = "".join(f" {_number(median)} / {_number(late)} |" for median, late in row.delays)
        lines.append(
            f"| {row.tweets_a_day:,} | {row.share:g} | {row.months:,} | {row.ratio:.2f} |"
            f" {row.low:.2f} to {row.high:.2f} | {row.first_month:.2f} |{delays}"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"


@click.command()
@click.option("--tweets", type=click.IntRange(1000), default=3_000_000, show_default=True)
@click.option("--rises", type=click.IntRange(10), default=100, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "file", type=OutputFile(), help="Write the rows here, too.")
def main(tweets: int, rises: int, seed: int, file: Path | None) -> None:
    """Measure how often alerts are false and how late true ones are; print a Markdown table.

    --tweets is how many the entities of a kind have together: at five tweets a day these are many
    years, at most 400, at 2,000 a day a few. --rises are fewer at 2,000 a day.
    """
    total = len(SHARES) * len(PACES)
    with click.progressbar(simulate(tweets, rises, seed), total, label="Kinds") as bar:
        rows = list(bar)
    click.echo(markdown(rows))
    if file:
        document: dict[str, Any] = {
            "tweets": tweets,
            "rises": rises,
            "seed": seed,
            "tuning": [dataclasses.asdict(tuning) for tuning in (OFTEN, DEFAULT)],
            "rows": [dataclasses.asdict(row) for row in rows],
        }
        file.write_text(strict_json(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
