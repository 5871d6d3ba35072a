"""Metrics of the real daemon: off by default, right when on, and for as long as it lives."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitor import __version__
from monitor.standings import standings
from monitor.store import open_log
from tests.processes import REPOSITORY, Daemon, Mosquitto, free_port, wait_until

MakeDaemon = Callable[..., Daemon]
PREFIX = "reputation_monitor_"
BASE_UNITS = ("_seconds", "_bytes", "_ratio", "_celsius")


def scraped(port: int) -> dict[str, Metric]:
    """Ask for the metrics, as Prometheus does."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        return parsed(response.read().decode())


def parsed(text: str) -> dict[str, Metric]:
    """Name to metric, without the prefix that all have."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith(PREFIX) for name in families)
    return {name.removeprefix(PREFIX): family for name, family in families.items()}


def value(metrics: Mapping[str, Metric], name: str, **labels: str) -> float:
    """The one sample of that name that has these labels."""
    (found,) = (
        sample.value
        for family in metrics.values()
        for sample in family.samples
        if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
    )
    return found


def publish(daemon: Daemon, messages: Sequence[Mapping[str, str] | str]) -> None:
    """Send messages; what is text is no JSON."""
    lines = (m if isinstance(m, str) else json.dumps(m) for m in messages)
    result = daemon.command("publish", "-", "--topic", "tweets/en", stdin="\n".join(lines).encode())
    assert 0 == result.returncode, result.stderr


def tweets(count: int, start: int = 0, entity: str = "Acme") -> list[dict[str, str]]:
    """Invent tweets."""
    return [
        {"id": f"{entity}{n}", "text": f"{entity} lost parcel number {n}", "entity": entity}
        for n in range(start, start + count)
    ]


def test_metrics_are_what_the_log_says(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, model_path: str
) -> None:
    """Counts, labels, shares, latency and state agree with the log, and with what was sent."""
    port = free_port()
    daemon = make_daemon(mosquitto.port, MONITOR_METRICS_LISTEN=str(port))
    daemon.start()
    retweet = {"id": "rt", "text": "RT @a: Acme lost my parcel", "entity": "Acme"}
    sent: list[Mapping[str, str] | str]
    sent = [*tweets(30), *tweets(10, entity="Lumen"), *tweets(5), retweet, "{bad", '{"id": "8"}']
    publish(daemon, sent)
    wait_until(lambda: value(scraped(port), "messages_received_total") == len(sent), "all counted")
    metrics = scraped(port)

    counted = (
        "messages_received_total",
        "tweets_labelled_total",
        "messages_duplicate_total",
        "latency_seconds_count",
    )
    assert [len(sent), 41, 5, len(sent)] == [value(metrics, name) for name in counted]
    assert {"bad-json": 1, "no-text": 1} == {
        s.labels["reason"]: s.value for s in metrics["messages_rejected"].samples if s.value
    }
    assert {
        (s.labels["entity"], s.labels["polarity"], s.labels["retweet"]): s.value
        for s in metrics["labels"].samples
        if s.value
    } == {
        tuple(key): count
        for *key, count in daemon.rows(
            "SELECT entity, reputation, CASE is_retweet WHEN 1 THEN 'yes' ELSE 'no' END, count(*)"
            " FROM labels JOIN tweets ON id = tweet_id GROUP BY 1, 2, 3"
        )
    }
    ((batches,),) = daemon.rows("SELECT count(*) FROM batches")
    for stage in ("collect", "classify", "store"):
        assert batches == value(metrics, "batch_duration_seconds_count", stage=stage)
    with closing(open_log(daemon.database)) as log:
        now = time.time()
        for standing in standings(log, now - 86_400, now):
            assert standing.entity is not None
            of = {"entity": standing.entity}
            assert standing.negative.value == value(
                metrics, "share_ratio", polarity="negative", **of
            )
            assert standing.positive.low == value(
                metrics, "share_lower_ratio", polarity="positive", **of
            )
            assert standing.neutral.high == value(
                metrics, "share_upper_ratio", polarity="neutral", **of
            )
            assert (standing.net.value, standing.net.low, standing.net.high) == (
                value(metrics, "net_score", **of),
                value(metrics, "net_score_lower", **of),
                value(metrics, "net_score_upper", **of),
            )
    assert {"Acme", "Lumen"} == {s.labels["entity"] for s in metrics["net_score"].samples}
    assert {0.0} == {s.value for s in metrics["owner_answers"].samples}
    assert (1, 0) == (value(metrics, "broker_connected"), value(metrics, "queue_depth"))
    assert abs(time.time() - value(metrics, "last_commit_timestamp_seconds")) < 60
    assert 10e6 < value(metrics, "process_resident_memory_bytes") < 1e9
    (build,) = metrics["build_info"].samples
    assert {
        "version": __version__,
        "model": model_path,
        "runtime": "litert",
        "task": "reputation",
    }.items() <= build.labels.items()


def test_names_follow_the_conventions(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Counters end in _total, units are base units at the end, and docs/metrics.md has them all."""
    port = free_port()
    daemon = make_daemon(mosquitto.port, MONITOR_METRICS_LISTEN=f"127.0.0.1:{port}")
    daemon.start()
    publish(daemon, tweets(3))
    daemon.wait_stored(3)
    metrics = scraped(port)

    for name, family in metrics.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name), name
        assert family.documentation.endswith("."), name
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), name
        unit = next((u for u in BASE_UNITS if u.strip("_") in name.split("_")), None)
        if unit:
            assert name.endswith(unit) or family.type == "counter", name
        assert not {"ms", "milliseconds", "mib", "kib", "percent"} & set(name.split("_")), name
    histograms = {name for name, family in metrics.items() if family.type == "histogram"}
    assert {"latency_seconds", "batch_duration_seconds"} == histograms
    ours = {
        name + ("_total" if family.type == "counter" else "")
        for name, family in metrics.items()
        if not name.startswith("process_")
    }
    table = (REPOSITORY / "docs" / "metrics.md").read_text().partition("## Names")[2]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {n for cell in cells for n in re.findall(r"`(\w+)`", cell) if "process" not in n}
    assert ours <= named
    assert named - ours <= {
        "alert_active",
        "alert_learnt_tweets",
        "cpu_temperature_celsius",
        "clock_synchronised",
    }


def test_they_belong_to_the_process(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """A reload keeps the counts and the port; a changed address is taken, a taken one refused."""
    first, second, taken = free_port(), free_port(), free_port()
    path, textfile = tmp_path / "config.toml", tmp_path / "monitor.prom"
    daemon = make_daemon(mosquitto.port)
    daemon.program = (sys.executable, "-m", "monitor", "run", "--config", str(path))

    def reloaded(table: str, outcome: str, port: int) -> dict[str, Metric]:
        path.write_text(f"[metrics]\n{table}")
        assert daemon.process is not None
        before = value(scraped(first), "reloads_total", outcome=outcome)
        daemon.process.send_signal(signal.SIGHUP)

        def done() -> bool:
            try:
                after = value(scraped(port), "reloads_total", outcome=outcome)
            except OSError:
                return False
            return after == before + 1

        wait_until(done, f"reload: {outcome}")
        wait_until(lambda: value(scraped(port), "broker_connected") == 1, "subscribed again")
        return scraped(port)

    path.write_text(f"[metrics]\nlisten = '{first}'")
    daemon.start()
    publish(daemon, tweets(10))
    wait_until(lambda: value(scraped(first), "tweets_labelled_total") == 10, "counted")
    with socket.create_server(("127.0.0.1", taken)):
        metrics = reloaded(f"listen = '{taken}'", "refused", first)
    assert 10 == value(metrics, "tweets_labelled_total")
    assert f"[metrics] listen = '{taken}': Address already in use" in daemon.said()

    reloaded(f"listen = '{first}'", "taken_over", first)
    publish(daemon, tweets(10, 10))
    wait_until(lambda: value(scraped(first), "tweets_labelled_total") == 20, "counted on")
    metrics = reloaded(f"listen = '{second}'\ntextfile = '{textfile}'", "taken_over", second)
    assert 20 == sum(sample.value for sample in metrics["labels"].samples)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", first))

    publish(daemon, tweets(1, 20))
    daemon.wait_stored(21)
    assert 0 == daemon.stop()
    assert 21 == value(parsed(textfile.read_text()), "tweets_labelled_total")


def test_a_taken_port_ends_the_start(make_daemon: MakeDaemon) -> None:
    """One line that says which key, which address, and why: exit code 1."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        daemon = make_daemon(free_port(), MONITOR_METRICS_LISTEN=str(port))
        daemon.start(ready=False)
        assert daemon.process is not None
        assert 1 == daemon.process.wait(30)

    assert (
        f"monitor: [metrics] listen = '{port}': Address already in use"
        == daemon.said().splitlines()[-1]
    )


def test_a_log_that_cannot_be_read_leaves_the_rest(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Where the log is not at its place, shares are missing from a scrape, and nothing else."""
    port = free_port()
    daemon = make_daemon(mosquitto.port, MONITOR_METRICS_LISTEN=str(port))
    daemon.start()
    daemon.database.rename(daemon.database.with_name("elsewhere.db"))
    scraped(port)
    metrics = scraped(port)

    assert 1 == value(metrics, "log_read_failures_total")
    assert 1 == value(metrics, "broker_connected")
    assert "share_ratio" not in metrics


ASK = """
import sys, threading
from monitor import settings
from monitor.daemon import service, station
modules, threads = set(), set()
notify = station.notify
def ready(state):
    modules.update(sys.modules)
    threads.update(thread.name for thread in threading.enumerate())
    notify(state)
    if state == "READY=1":
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)
service.notify = station.notify = ready
service.run(lambda: settings.load(None))
print(sorted({m.partition(".")[0] for m in modules} & {"prometheus_client", "wsgiref"}))
print(sorted({"scrapes", "textfile"} & threads))
"""


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({}, ("[]", "[]")),
        (
            {"MONITOR_METRICS_TEXTFILE": "x.prom"},
            ("['prometheus_client', 'wsgiref']", "['textfile']"),
        ),
    ],
    ids=["off", "on"],
)
def test_off_by_default(
    mosquitto: Mosquitto,
    make_daemon: MakeDaemon,
    metrics: dict[str, str],
    expected: tuple[str, str],
) -> None:
    """Unless they are asked for, neither the library nor a server is even imported."""
    daemon = make_daemon(mosquitto.port)
    result = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**daemon.environment, **metrics, "PYTHONPATH": str(REPOSITORY)},
        cwd=daemon.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert list(expected) == result.stdout.splitlines()[-2:], result.stderr
