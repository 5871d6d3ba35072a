"""A log in which messages have named thousands of entities: whoever reads it is not overrun."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest

from monitor.alerts.alerting import Alerting
from monitor.alerts.tuning import Tuning
from monitor.console.terminal import UNICODE
from monitor.dashboard.server import make_app
from monitor.metrics.exposition import registry
from monitor.metrics.measurements import MOST_ENTITIES, Measurements, Serving
from monitor.mqtt import Message
from monitor.pictures import page
from monitor.pictures.overview import read
from monitor.pictures.spans import Span
from monitor.publishing import sensors
from monitor.reporting import data, table
from monitor.standings import ReportQuestion, UnknownEntityError, gather, standings
from monitor.standings.tallies import ranking
from monitor.store import Store, open_log
from monitor.tweets import OTHERS
from monitor.watching.snapshot import ENTITIES, take
from tests import crowded
from tests.factories import DAY_S, batch_row, query, register, tweet_row

NAMES = 6_000
NOW = time.time()
_STEPS = 100
"""Of SQLite's machine, between two calls of what counts them."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of the last day."""
    return crowded.write(tmp_path_factory.mktemp("crowded") / "monitor.db", NAMES, now=NOW)


@pytest.fixture
def log(path: Path) -> Iterator[sqlite3.Connection]:
    """The same, open for reading."""
    with closing(open_log(path)) as connection:
        yield connection


def _steps(log: sqlite3.Connection, ask: Callable[[], object]) -> int:
    """Count what SQLite does for an answer: that does not hang on how busy the machine is."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += _STEPS

    log.set_progress_handler(count, _STEPS)
    ask()
    log.set_progress_handler(None, 0)
    return counted


def test_sensors_ask_for_those_that_they_publish(log: sqlite3.Connection) -> None:
    """Two entities of thousands, hour by hour."""
    found: list[Message] = []
    steps = _steps(
        log, lambda: found.extend(sensors.messages(log, "t", ["Acme", "Lumen", "Veloria"], NOW))
    )

    assert steps < 10_000
    assert [102, 101, 0] == [json.loads(each.payload)["tweets"] for each in found[1:]]


def test_metrics_ask_for_those_that_they_show(path: Path) -> None:
    """Of those that have a place the configured ones and a hundred more, of the rest none."""
    measurements = Measurements()
    placed = ["Lumen", *(f"name {number:06}" for number in range(300))]
    measurements.serving = Serving(
        *("m", "1", "litert", "reputation", path, lambda: 0, lambda: True),
        configured=("Acme", "new"),
        entities=lambda: placed,
    )
    text = generate_latest(registry(measurements)).decode()
    shown = {line for line in text.splitlines() if "net_score{" in line}
    alerts = {line for line in text.splitlines() if "alert_active{" in line}

    assert 1 + MOST_ENTITIES == len(shown) == len(alerts)
    assert all(any(f'"{name}"' in line for line in shown) for name in ("Acme", "Lumen"))


def test_an_entity_is_found_without_reading_all(log: sqlite3.Connection) -> None:
    """Nor does what others there are change what is said of it."""
    names = ["Acme", "name 000007", "", OTHERS, "absent"]
    everything = {s.entity: s for s in standings(log, NOW - DAY_S, NOW)}
    asked: list[object] = []
    steps = _steps(log, lambda: asked.extend(standings(log, NOW - DAY_S, NOW, among=names)))

    assert steps < 20_000 < _steps(log, lambda: standings(log, NOW - DAY_S, NOW))
    assert [everything["Acme"], everything["name 000007"]] == asked


@pytest.mark.parametrize("window", [None, "hour", "day"])
def test_the_rest_is_added_up(log: sqlite3.Connection, window: str | None) -> None:
    """Those with most tweets are what they are without it, and no tweet is missing."""
    question = ReportQuestion(NOW - DAY_S, NOW, window=window, most=3)  # type: ignore[arg-type]
    report = gather(log, question)
    every = standings(log, NOW - DAY_S, NOW, window=question.window)
    shown = [s for s in report.standings if s.entity != OTHERS]

    assert (("Acme", "Lumen", "name 000000"), NAMES - 1) == (
        report.shown.names,
        report.shown.left,
    )
    assert [s for s in every if s.entity in report.shown.names] == shown
    assert sum(s.tweets for s in every) == sum(s.tweets for s in report.standings)
    for start in {s.start for s in every}:
        ((of_all,), (last,)) = (
            [sum(s.tweets for s in every if s.start == start)],
            [s for s in report.standings if s.start == start][-1:],
        )
        assert OTHERS == last.entity
        assert of_all == sum(s.tweets for s in report.standings if s.start == start)


def test_reports_say_who_the_others_are(log: sqlite3.Connection) -> None:
    """As a table, as JSON and as Markdown; and any one of them can be asked for."""
    report = gather(log, ReportQuestion(NOW - DAY_S, NOW))
    lines = " ".join(table.lines(report, NOW, 80, UNICODE))
    left = NAMES + 2 - 500

    assert 501 == len(report.standings)
    assert f"(others): {left:,} entities with fewer tweets, added up;" in lines
    assert left == json.loads(data.as_json(report))["entities_added_up"]
    assert f"{left:,} entities with fewer tweets" in "\n".join(data.as_markdown(report))
    (one,) = gather(log, ReportQuestion(NOW - DAY_S, NOW, entity="name 005999")).standings
    assert ("name 005999", 1) == (one.entity, one.tweets)


def test_an_unknown_entity_is_told_at_once(log: sqlite3.Connection) -> None:
    """It is compared with the thousand that are most spoken of."""
    with pytest.raises(UnknownEntityError, match=r"1,000 entities with most tweets is 'Acme'"):
        gather(log, ReportQuestion(NOW - DAY_S, NOW, entity="Akme"))


def test_pages_and_terminals_show_so_many(log: sqlite3.Connection) -> None:
    """The rest is one row, which leads nowhere."""
    overview = read(log, Span.ending(NOW, "24h"), entity=None, now=NOW)
    text = page.content(overview, "24h")
    snapshot = take(log, "a log", NOW, None, 10)

    assert [50 + 1, OTHERS] == [len(overview.rows), overview.rows[-1].whole.entity]
    assert f"(others): {NAMES + 2 - 50:,} entities with fewer tweets, added up." in text
    assert "entity=Acme" in text
    assert "entity=%28others" not in text
    assert [ENTITIES + 1, OTHERS] == [
        len(snapshot.entities),
        snapshot.entities[-1].standing.entity,
    ]
    assert NAMES + 203 == sum(entity.standing.tweets for entity in snapshot.entities)


def test_the_dashboard_answers(path: Path) -> None:
    """Front page, a form that offers entities, and one that nobody knows."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=make_app(path, loopback=True)),
        base_url="http://localhost",
        follow_redirects=True,
    )
    with asyncio.Runner() as runner:
        front, form, unknown = (
            runner.run(client.get(address))
            for address in ("/?span=24h", "/log/negative-tweets?entity=Acme", "/?entity=Akme")
        )

    assert [200, 200, 404] == [front.status_code, form.status_code, unknown.status_code]
    assert 200 - 2 == form.text.count('<option value="name ')


def test_memory_does_not_grow_with_names(path: Path, tmp_path: Path) -> None:
    """A report takes as much for thousands as for a handful."""
    few = crowded.write(tmp_path / "few.db", 16, now=NOW)
    small, large = (_memory("report", "--format", "json", log=log) for log in (few, path))

    assert large < small + 12


def _memory(*arguments: str, log: Path) -> float:
    """Return the largest resident memory of a command, MiB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments, "--database", str(log)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert 0 == status
    return usage.ru_maxrss / 1024


def test_what_has_no_place_is_not_watched(tmp_path: Path) -> None:
    """An alert is about somebody's reputation."""
    tuning = Tuning(2.0, 30.0, 86_400.0, 500, 0.1)
    with closing(Store(tmp_path / "monitor.db", [Alerting(tuning, "reputation")])) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", "Acme", OTHERS, "")], [])

    assert [("Acme",)] == query(store.path, "SELECT entity FROM alert_states")


@pytest.mark.parametrize(("most", "left"), [(1, 1), (2, 0), (3, 0)])
def test_ranking_by_tweets_of_a_span(tmp_path: Path, most: int, left: int) -> None:
    """Retweets count if they are asked for; those that are no entity never."""
    log = crowded.write(tmp_path / "monitor.db", 0, ("Acme", "Lumen"), now=NOW)
    with closing(Store(log)) as store:
        store.write(batch_row(1), [tweet_row("old", *["", OTHERS, "long ago"])], [])
    with closing(open_log(log)) as connection:
        found = ranking(connection, most, span=(NOW - DAY_S, NOW + 3600))
        besides = ranking(connection, 10, besides=["Acme"])

    assert ({"Acme", "Lumen"} if most > 1 else {"Acme"}, left) == ({*found.names}, found.left)
    assert ({"Lumen", "long ago"}, 0) == ({*besides.names}, besides.left)
