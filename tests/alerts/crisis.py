"""A crisis as a brand manager meets it, told to the store: ``python -m tests.alerts.crisis``.

Four brands with 35 tweets a day each, more by day than by night; of one the data leak on the tenth
day: for two days four times as many tweets come, and three quarters are negative. Labels are given,
no model is asked; all else is what the daemon runs, with the settings it comes with.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click
import numpy as np

from monitor.alerts.hooks import alerting
from monitor.clock import utc
from monitor.inference import Model
from monitor.periods import epoch
from monitor.publishing import Outbox
from monitor.settings import Settings, StoreSettings
from monitor.store import Store, TransactionHook
from monitor.store.rows import TweetRow
from tests.factories import batch_row, query, register, tweet_row, verdict
from tests.processes import REPOSITORY, wait_until
from tests.topics.invented import leak, usual

BRANDS: Final = ("Veldane", "Plumiq", "Tarnwell", "Zento")
STRUCK: Final = BRANDS[0]
A_DAY: Final = 35.0
USUAL: Final = 0.17
"""Share of negative labels."""
STORM: Final = 0.75
TIMES: Final = 4.0
"""As many tweets as usual, while it lasts."""
DAYS: Final = 16.0
BEGAN_DAY: Final = 10.4
LASTED_DAYS: Final = 2.0
_DAY_S: Final = 86_400.0
_START: Final = epoch("2026-03-02T00:00:00.000Z")
BEGAN: Final = _START + BEGAN_DAY * _DAY_S
ENDED: Final = BEGAN + LASTED_DAYS * _DAY_S


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was told of a crisis."""

    delay_hours: float
    """From its beginning to the alert; infinite if there was none."""
    off_hours: float
    """By how much the beginning that was named is late."""
    about_it: float
    """Of the tweets that the alert shows, the share that are about it."""
    over_hours: float
    """From its end to that of the alert."""
    others: int
    """Alerts of the other brands, and of the struck one before."""
    kind: str


def tweets(seed: int, swing: float = 0.8) -> Iterator[TweetRow]:
    """Give all brands' tweets in order of arrival; ids of those about the crisis begin with c.

    Args:
        seed: of chance.
        swing: by how much there are more by day than on average, and fewer by night.
    """
    rng = np.random.default_rng(seed)
    most = A_DAY * (1 + swing) * TIMES
    found = []
    for brand in BRANDS:
        for day in np.sort(rng.random(rng.poisson(most * DAYS)) * DAYS):
            at = _START + float(day) * _DAY_S
            usually = A_DAY * (1 + swing * math.sin(2 * math.pi * (day - 0.3)))
            storm = brand == STRUCK and BEGAN <= at < ENDED
            if rng.random() * most < usually * (TIMES if storm else 1.0):
                # What is said on other days is said then, too.
                about = storm and rng.random() < 1 - 1 / TIMES
                share = USUAL
                if about:
                    share = (STORM - USUAL / TIMES) / (1 - 1 / TIMES)
                found.append((at, brand, about, rng.random() < share))
    texts = {
        brand: (leak(48, name=brand), usual(200, name=brand, since=0, until=1)) for brand in BRANDS
    }
    for number, (at, brand, about, negative) in enumerate(sorted(found)):
        answer = verdict("negative" if negative else "neutral", "neutral")
        name = f"{'c' if about else 't'}{number:05}"
        leaked, others = texts[brand]
        said = leaked[number % len(leaked)] if about else others[number % len(others)]
        row = tweet_row(name, brand, received_at=utc(at), answer=answer)
        yield replace(row, text=said.text)


def suffered(path: Path, seed: int, swing: float = 0.8, *, followed: bool = False) -> Outcome:
    """Write a crisis into a new log, and say what it tells.

    Args:
        path: of the log.
        seed: of chance.
        swing: as for `tweets`.
        followed: have the alerts say what they are about, too.
    """
    model = Model.load(REPOSITORY / "models" / "accurate")
    settings = Settings(store=StoreSettings(path=str(path)))
    with closing(Store(path)) as store:
        watching, following = alerting(settings, model, Outbox("home"), store.adapting)
        store.set_hooks([watching])
        model_id = register(store)
        rows = list(tweets(seed, swing))
        for first in range(0, len(rows), 10):
            batch = rows[first : first + 10]
            store.write(batch_row(len(batch), model_id), batch, [])
        if followed:
            follow(store, path, following)
    return _outcome(path)


def follow(store: Store, path: Path, following: TransactionHook) -> None:
    """Have all alerts of a log say how they went on."""
    store.set_hooks([following])

    def is_followed() -> bool:
        store.tidy()
        return query(path, "SELECT count(*) FROM alerts WHERE followed_at IS NULL") == [(0,)]

    wait_until(is_followed, "what the alerts are about")


def _outcome(path: Path) -> Outcome:
    alerts = query(
        path, "SELECT id, entity, raised_at, since, ended_at, kind FROM alerts ORDER BY id"
    )
    true = [a for a in alerts if a[1] == STRUCK and BEGAN <= epoch(a[2]) < ENDED]
    others = sum(a[1] != STRUCK or epoch(a[2]) < BEGAN for a in alerts)
    if not true:
        return Outcome(math.inf, math.inf, 0.0, math.inf, others, "")
    number, _, raised_at, since, _, kind = true[0]
    ended_at = true[-1][4]
    shown = query(path, f"SELECT tweet_id FROM alert_tweets WHERE alert_id = {number}")
    return Outcome(
        delay_hours=(epoch(raised_at) - BEGAN) / 3600,
        off_hours=(epoch(since) - BEGAN) / 3600,
        about_it=sum(id_.startswith("c") for (id_,) in shown) / max(len(shown), 1),
        over_hours=(epoch(ended_at) - ENDED) / 3600 if ended_at else math.inf,
        others=others,
        kind=kind,
    )


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--swing", type=click.FloatRange(0, 1), default=0.8, show_default=True)
@click.option("--log", type=click.Path(path_type=Path), help="Keep the first one's log here.")
def main(seeds: int, swing: float, log: Path | None) -> None:
    """Let the crisis happen with several seeds, and print what was told of it."""
    click.echo("seed  alert after  beginning off  shown about it  over after  other alerts  kind")
    found = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            keep = log is not None and seed == 0
            one = suffered(Path(folder) / "log.db", seed, swing, followed=keep)
            if log and keep:
                shutil.copy(Path(folder) / "log.db", log)
        found.append(one)
        click.echo(
            f"{seed:4}  {one.delay_hours:9.1f} h  {one.off_hours:11.1f} h  {one.about_it:13.0%}"
            f"  {one.over_hours:8.1f} h  {one.others:12}  {one.kind}"
        )
    click.echo(
        f"of {seeds}: {sum(one.delay_hours <= 3 for one in found)} within 3 hours,"
        f" {sum(abs(one.off_hours) <= 2 for one in found)} began within 2 hours of what was named,"
        f" {sum(one.about_it >= 0.8 for one in found)} show tweets of which 80 % are about it,"
        f" {sum(one.over_hours <= 24 for one in found)} over within a day,"
        f" {sum(not one.others for one in found)} without another alert"
    )


if __name__ == "__main__":
    main()
