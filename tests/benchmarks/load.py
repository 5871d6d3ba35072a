"""What readers wait for, and whether the writer waits for them: a log of a million, under load.

    python -m tests.benchmarks.load FILE             # made by tests.benchmarks.history; is copied
    python -m tests.benchmarks.load FILE --explain   # how SQLite goes about it
    python -m tests.benchmarks.load FILE --migrate   # seconds from the version before rollups

Every query that the commands and the views ask, alone, and then in a loop beside the real daemon,
which takes tweets from a real mosquitto meanwhile; and that daemon with and without the reader.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlite_utils import Database

from monitor import DEFAULT_MODEL
from monitor.clock import utc
from monitor.dashboard.queries import METADATA
from monitor.mqtt.publisher import connected
from monitor.pictures import overview
from monitor.pictures.spans import Span
from monitor.settings import MqttSettings
from monitor.standings import ReportQuestion, gather
from monitor.store import Store, open_log
from monitor.store.integrity import APPLICATION_ID
from monitor.store.schema import migrations
from monitor.watching import snapshot
from tests.factories import DAY_S, PAIRS
from tests.processes import Daemon, Mosquitto

WANTED_MS: Final = 200
_MODEL: Final = DEFAULT_MODEL
_VIEWS: Final = (
    "reputation_by_entity",
    "reputation_by_day",
    "throughput_by_hour",
    "dead_letters_by_reason",
)
_README: Final = {
    "README: what harmed it this week": "SELECT received_at, text FROM labelled"
    " WHERE entity = :entity AND label = 'negative' AND received_at > :week",
    "latest labelled tweets": "SELECT * FROM labelled ORDER BY received_at DESC LIMIT 50",
    "latest tweets of an entity, by label": "SELECT t.received_at, t.text FROM labels AS l"
    " JOIN tweets AS t ON t.id = l.tweet_id WHERE l.entity = :entity AND l.reputation = 'neutral'"
    " ORDER BY l.batch_id DESC LIMIT 50",
}
_ROLLUPS: Final = "m005_rollups"

Ask = Callable[[sqlite3.Connection], object]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="a log; it is copied")
    parser.add_argument("--rate", type=float, default=100.0, help="tweets a second; 0: no limit")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the two loads")
    parser.add_argument("--rounds", type=int, default=20, help="of each query, alone")
    parser.add_argument("--explain", action="store_true", help="SQLite's plans, and no load")
    parser.add_argument("--migrate", action="store_true", help="time the migration, and no load")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    options = parser.parse_args(arguments)
    if not options.file.is_file():
        parser.error(f"{options.file} is not there")
    if options.explain:
        explain(options.file)
        return
    with tempfile.TemporaryDirectory(prefix="monitor-load-", dir=options.file.parent) as folder:
        if options.migrate:
            print(_migrated(options.file, Path(folder)))  # noqa: T201
            return
        report = measure(options.file, Path(folder), options.rounds, options.rate, options.seconds)
    print(json.dumps(report, indent=2) if options.json else _tables(report))  # noqa: T201


def questions(path: Path) -> dict[str, Ask]:
    """Name every query, about the commonest and the rarest entity where it is about one."""
    with closing(open_log(path)) as log:
        sizes = dict(
            log.execute("SELECT entity, count(*) FROM labels WHERE entity <> '' GROUP BY 1")
        )
        (last,) = log.execute("SELECT max(received_at) FROM tweets").fetchone()
    now = _epoch(last) + 60
    common, rare = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    asked: dict[str, Ask] = {}
    for span in (1, 7, 90):
        asked[f"report, {span} d"] = _report(ReportQuestion(now - span * DAY_S, now))
    asked["report, 90 d by day"] = _report(ReportQuestion(now - 90 * DAY_S, now, "day"))
    asked["report, 7 d by hour"] = _report(ReportQuestion(now - 7 * DAY_S, now, "hour"))
    asked["watch"] = lambda log: snapshot.take(log, "monitor.db", now, None, 10)
    for name in ("24h", "7d", "30d"):
        asked[f"dashboard, {name}"] = _overview(name, None, now)
    for which, entity in (("commonest", common), ("rarest", rare)):
        asked[f"report, 90 d by day, {which}"] = _report(
            ReportQuestion(now - 90 * DAY_S, now, "day", entity)
        )
        asked[f"watch, {which}"] = _watch(now, entity)
        asked[f"dashboard, 30d, {which}"] = _overview("30d", entity, now)
        values = {
            "entity": entity,
            "week": utc(now - 7 * DAY_S),
            "since": utc(now - 7 * DAY_S),
            "until": utc(now),
            "label": "neutral",
            "words": "",
            "alert": 1,
        }
        for name, sql in _README.items():
            if ":entity" in sql or which == "rarest":
                asked[f"{name}, {which}" if ":entity" in sql else name] = _sql(sql, values)
        for name, query in METADATA["queries"].items():
            if ":entity" in query["sql"] or which == "rarest":
                title = f"page {name}, {which}" if ":entity" in query["sql"] else f"page {name}"
                asked[title] = _sql(query["sql"], values)
    for view in _VIEWS:
        asked[f"view {view}"] = _sql(f"SELECT * FROM {view}", {})
    return asked


def _report(question: ReportQuestion) -> Ask:
    return lambda log: gather(log, question)


def _watch(now: float, entity: str) -> Ask:
    return lambda log: snapshot.take(log, "monitor.db", now, entity, 10)


def _overview(name: str, entity: str | None, now: float) -> Ask:
    return lambda log: overview.read(log, Span.ending(now, name), entity=entity, now=now)


def _sql(sql: str, values: Mapping[str, object]) -> Ask:
    return lambda log: log.execute(sql, values).fetchall()


def measure(source: Path, folder: Path, rounds: int, rate: float, seconds: float) -> dict[str, Any]:
    """Ask alone, then under load; and load with and without the questions."""
    path = folder / "monitor.db"
    _say("copying the log")
    shutil.copy(source, path)
    Store(path).close()  # of whatever version it is
    asked = questions(path)
    _say(f"{len(asked)} queries, {rounds} times each")
    with closing(open_log(path)) as log:
        alone = {name: [_took(ask, log) for _ in range(rounds)] for name, ask in asked.items()}
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    load = _Load(folder, broker.port, rate, seconds)
    try:
        _say("the daemon under load, and nobody reads")
        undisturbed = load.run(lambda: None)
        _say("the same, and somebody reads all the time")
        beside: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        with closing(open_log(path)) as log:
            turn = itertools.cycle(asked.items())

            def read() -> None:
                name, ask = next(turn)
                beside[name].append(_took(ask, log))

            read_from = load.run(read)
    finally:
        load.daemon.kill()
        broker.kill()
    return {
        "rate": rate,
        "rows": load.rows,
        "queries": {
            name: {"alone": _percentiles(alone[name]), "under_load": _percentiles(beside[name])}
            for name in asked
        },
        "writer": {"undisturbed": undisturbed, "read_from": read_from},
    }


class _Load:
    """The real daemon on that log, and tweets for it at a rate."""

    def __init__(self, folder: Path, port: int, rate: float, seconds: float) -> None:
        self._port, self._rate, self._seconds = port, rate, seconds
        self._numbers = itertools.count()
        self.daemon = Daemon(
            folder,
            {
                "MONITOR_MQTT_PORT": str(port),
                "MONITOR_MODEL_PATH": _MODEL,
                # So that a batch that has to wait shows, rather than that it waits for others.
                "MONITOR_BATCH_MAX_DELAY_MS": "100",
            },
        )
        with closing(open_log(self.daemon.database)) as log:
            (self.rows,) = log.execute("SELECT count(*) FROM labels").fetchone()

    def run(self, meanwhile: Callable[[], object]) -> dict[str, float]:
        """Take tweets for so many seconds, and do something again and again meanwhile."""
        self.daemon.start()
        ((before, tweets),) = self._counts()
        over = threading.Event()
        publisher = threading.Thread(target=self._publish, args=(over,))
        publisher.start()
        began = time.monotonic()
        while time.monotonic() < began + self._seconds:
            meanwhile()
            time.sleep(0.001)
        over.set()
        took = time.monotonic() - began
        ((_, after),) = self._counts()
        publisher.join()
        self.daemon.stop()
        took_ms = [
            ms
            for (ms,) in self.daemon.rows(
                "SELECT store_ms FROM batches WHERE id > ? AND tweets > 0", (before,)
            )
        ]
        ((p50, p99, worst),) = self.daemon.rows(
            "SELECT latency_p50_ms, latency_p99_ms, latency_max_ms FROM throughput"
            " WHERE latency_p50_ms IS NOT NULL ORDER BY id DESC LIMIT 1"
        )
        return {
            "tweets_per_s": round((after - tweets) / took, 1),
            "store_p50_ms": round(float(np.percentile(took_ms, 50)), 2),
            "store_p99_ms": round(float(np.percentile(took_ms, 99)), 2),
            "store_max_ms": round(max(took_ms), 2),
            "latency_p50_ms": p50,
            "latency_p99_ms": p99,
            "latency_max_ms": worst,
        }

    def _counts(self) -> list[tuple[int, int]]:
        """Return the last batch's id, and a count of tweets that grows with each."""
        return self.daemon.rows(
            "SELECT max(id), (SELECT count(*) FROM batches) FROM batches WHERE 0"
            " UNION ALL SELECT (SELECT max(id) FROM batches), (SELECT max(rowid) FROM tweets)"
            " LIMIT 1 OFFSET 1"
        )

    def _publish(self, over: threading.Event) -> None:
        def messages() -> Iterator[bytes]:
            for number in self._numbers:
                if over.is_set():
                    return
                text, entity = PAIRS[number % (len(PAIRS) - 1)]
                yield json.dumps(
                    {
                        "id": str((time.time_ns() // 1_000_000 << 22) + number),
                        "text": f"{text} ({number})",
                        "entity": entity or "Acme",
                    }
                ).encode()

        with connected(MqttSettings(host="127.0.0.1", port=self._port)) as publisher:
            publisher.publish(messages(), "tweets/load", self._rate, qos=1)


def explain(path: Path) -> None:
    """Print how SQLite answers each query, and mark where it reads all of a large table."""
    for name, ask in questions(path).items():
        statements: dict[str, None] = {}
        with closing(open_log(path)) as log:
            log.set_trace_callback(statements.setdefault)
            ask(log)
            log.set_trace_callback(None)
            print(f"\n{name}")  # noqa: T201
            for sql in statements:
                print(f"  {' '.join(sql.split())[:120]}")  # noqa: T201
                for *_, step in log.execute(f"EXPLAIN QUERY PLAN {sql}"):
                    scan = re.match(r"SCAN (\w+)", step)
                    print(f"    {'!! ' if scan else '   '}{step}")  # noqa: T201


def _migrated(source: Path, folder: Path) -> str:
    """Lay a log out as it was before rollups, and time what opening it costs."""
    path = folder / "monitor.db"
    _say("making it old")
    with closing(sqlite3.connect(f"file:{path}", uri=True, isolation_level=None)) as old:
        old.execute("PRAGMA page_size = 2048")
        old.execute("PRAGMA auto_vacuum = INCREMENTAL")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA journal_mode = WAL")
        migrations.apply(Database(old), stop_before=_ROLLUPS)
        old.execute("ATTACH ? AS new", (f"file:{source}?mode=ro",))
        for table in ("models", "batches", "tweets", "labels", "dead_letters", "throughput"):
            names = ", ".join(name for _, name, *_ in old.execute(f"PRAGMA table_info({table})"))
            old.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        (tweets,) = old.execute("SELECT count(*) FROM tweets").fetchone()
    _say("opening it")
    heard: list[float] = []
    began, worked = time.monotonic(), time.process_time()
    Store(path, on_migrating=lambda _names: heard.append(time.monotonic())).close()
    took, cpu = time.monotonic() - began, time.process_time() - worked
    gaps = np.diff([*heard, time.monotonic()])
    return (
        f"{tweets:,} tweets, from before {_ROLLUPS}: {took:.1f} s, {cpu:.1f} s of them CPU;"
        f" {len(heard)} signs of progress, at most {gaps.max():.1f} s apart"
    )


def _took(ask: Ask, log: sqlite3.Connection) -> tuple[float, float]:
    """Ask, and return how many milliseconds that took: on the clock, and of the processor."""
    gc.collect()
    began, worked = time.perf_counter(), time.thread_time()
    ask(log)
    return 1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - worked)


def _percentiles(times_ms: Sequence[tuple[float, float]]) -> dict[str, float]:
    if not times_ms:
        return {}
    p50, p95, worst = np.percentile([clock for clock, _ in times_ms], (50, 95, 100))
    return {
        "cpu": round(float(np.median([cpu for _, cpu in times_ms])), 1),
        "p50": round(float(p50), 1),
        "p95": round(float(p95), 1),
        "max": round(float(worst), 1),
        "times": len(times_ms),
    }


def _epoch(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


def _say(what: str) -> None:
    print(f"- {what} ...", file=sys.stderr, flush=True)  # noqa: T201


def _tables(report: dict[str, Any]) -> str:
    def cells(times: Mapping[str, float]) -> str:
        return " | ".join(
            f"{times[key]:.1f}" if times else "" for key in ("cpu", "p50", "p95", "max")
        )

    rate = f"{report['rate']:g} tweets/s" if report["rate"] else "as many tweets as it can take"
    lines = [
        f"{report['rows']:,} labels; milliseconds (wanted: ≤ {WANTED_MS}); under load: {rate}",
        "",
        "| query | CPU | p50 | p95 | max | under load: CPU | p50 | p95 | max |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | {cells(row['alone'])} | {cells(row['under_load'])} |"
            for name, row in report["queries"].items()
        ),
        "",
        "| the daemon | undisturbed | read from all the time |",
        "|---|---:|---:|",
        *(
            f"| {key} | {value:,} | {report['writer']['read_from'][key]:,} |"
            for key, value in report["writer"]["undisturbed"].items()
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
