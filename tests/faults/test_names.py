"""Messages that name thousands of entities: what a stranger may write costs no more for it."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client import Metric

from tests.faults.ledger import publish, wait_balanced
from tests.listener import listening
from tests.metrics.test_daemon import scraped
from tests.processes import Daemon, Mosquitto, free_port, wait_until

MakeDaemon = Callable[..., Daemon]

NAMES = 8_000
A_TWEET = 16
LIMIT = 300
"""The default."""
SETTINGS = {
    "MONITOR_ENTITIES": '[{name = "Acme"}, {name = "Lumen"}]',
    "MONITOR_PUBLISH_SENSORS": "true",
    "MONITOR_BATCH_MAX_TWEETS": "64",
}
MOST_MIB = 150


def tweets(names: int, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Invent tweets, each about so many that nobody has heard of, and one in ten about Acme."""
    for first in range(start, start + names, A_TWEET):
        named = [f"name {n:06}" for n in range(first, first + A_TWEET)]
        if first % 160 == 0:
            named[0] = "ACME"
        id_ = f"t{first:06}"
        yield id_, json.dumps({"id": id_, "text": "lost again", "entities": named}).encode()


def test_names_are_bounded_and_kept(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Labels, counts, metrics and memory; and over a restart and a reload the same ones."""
    port = free_port()
    daemon = make_daemon(mosquitto.port, MONITOR_METRICS_LISTEN=str(port), **SETTINGS)
    with listening(mosquitto.port, "reputation-monitor/sensors/#") as listener:
        daemon.start()
        published = publish(mosquitto.port, tweets(NAMES))
        wait_balanced(daemon, published)
        placed = _placed(daemon)
        _check_metrics(scraped(port), "net_score", "labels", "alert_active")
        listener.wait_count("reputation-monitor/sensors/entities/acme", 1)
    ((others,),) = daemon.rows("SELECT count(*) FROM labels WHERE entity = '(others)'")
    ((acme,),) = daemon.rows("SELECT count(*) FROM labels WHERE entity = 'Acme'")

    assert LIMIT + 2 == len(placed)  # and Acme, and the others
    assert others >= NAMES / A_TWEET - LIMIT
    assert NAMES / 160 == acme
    assert 1 == sum(each["event"] == "too-many-entities" for each in daemon.events())
    assert _peak_mib(daemon) < MOST_MIB

    for restart in (_restart, _reload):
        restart(daemon)
        published |= publish(mosquitto.port, _again())
        wait_balanced(daemon, published)
        assert placed == _placed(daemon)
        _check_metrics(scraped(port), "net_score", "alert_active")
    assert daemon.rows("SELECT count(*) FROM labels WHERE entity = 'name 000001'")[0][0] > 1


def _placed(daemon: Daemon) -> set[str]:
    """Read what the log counts labels under, and see that it has no label of another."""
    counted = {name for (name,) in daemon.rows("SELECT DISTINCT entity FROM rollups")}
    assert counted == {name for (name,) in daemon.rows("SELECT DISTINCT entity FROM labels")}
    return counted


def _check_metrics(metrics: Mapping[str, Metric], *names: str) -> None:
    for name in names:
        entities = {sample.labels["entity"] for sample in metrics[name].samples}
        assert "Acme" in entities
        assert 100 <= len(entities) <= 100 + 3


def _again() -> Iterator[tuple[str, bytes]]:
    """Name once more one that has a place and one that has none."""
    for name in ("name 000001", "NAME-000001", f"name {NAMES - 1:06}", "nobody", "(others)"):
        id_ = f"{name} {time.monotonic_ns()}"
        yield id_, json.dumps({"id": id_, "text": "found again", "entity": name}).encode()


def _restart(daemon: Daemon) -> None:
    assert 0 == daemon.stop()
    daemon.start()


def _reload(daemon: Daemon) -> None:
    assert daemon.process is not None
    ready = sum(each["event"] == "subscribed" for each in daemon.events())
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: sum(each["event"] == "subscribed" for each in daemon.events()) > ready, "reloaded"
    )


def _peak_mib(daemon: Daemon) -> float:
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024
