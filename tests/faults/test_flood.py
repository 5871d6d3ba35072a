"""More than a board can label, larger than it can hold: memory stays flat, and it passes."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import paho.mqtt.publish
import pytest

from monitor.daemon.inbox import ROOM_BYTES
from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.faults.ledger import TOPIC, assert_balanced, publish, stored, tweets
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
StartMosquitto = Callable[..., Mosquitto]
Messages = Iterable[tuple[str, bytes]]

_SETTINGS = {
    "MONITOR_BATCH_MAX_DELAY_MS": "10",
    "MONITOR_MODEL_WORKERS": "2",
    "MONITOR_PRIVACY_STORE_TEXT": "full",
}
_FLOOD = int(os.environ.get("MONITOR_FAULTS_FLOOD", "2000"))
_RETAINED = int(os.environ.get("MONITOR_FAULTS_RETAINED", "5000"))
"""How many tweets; in a soak 100,000 of each."""
_PATIENCE_S = 60 + (_FLOOD + _RETAINED) / 500
_TWEET_BYTES = 40_000
"""More than a tweet comes to with all that Twitter tells of it."""
_MIB = 2**20
_FLAT = ROOM_BYTES + 16 * _MIB
"""The inbox, of which the broker fills all; the jobs of 2 workers, 320 tweets, are 5 MiB, SQLite's
cache is two; the rest is the allocator's. The smallest flood is 80 MiB."""


def _padded(messages: Messages, size: int = _TWEET_BYTES) -> Iterator[tuple[str, bytes]]:
    """Add what the daemon does not look at."""
    for id_, payload in messages:
        yield id_, payload[:-1] + b', "more": "%s"}' % (size * b".")


def _memory(daemon: Daemon, kind: str) -> int:
    """Bytes of resident memory: ``VmRSS`` now, ``VmHWM`` at its peak."""
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(kind))
    return 1024 * int(line.split()[1])


@contextmanager
def _flat(daemon: Daemon, growth: int = _FLAT) -> Iterator[None]:
    """Check that memory grows at its peak by fewer bytes than that."""
    assert daemon.process is not None
    Path(f"/proc/{daemon.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = _memory(daemon, "VmRSS")
    yield
    assert growth > _memory(daemon, "VmHWM") - before


@contextmanager
def _flood(daemon: Daemon, messages: Messages, qos: int) -> Iterator[set[str]]:
    """Publish from another process as fast as it can, while something else is done."""
    payloads = dict(messages)
    file = daemon.folder / "flood.jsonl"
    file.write_bytes(b"\n".join(payloads.values()))
    arguments = ("publish", str(file), "--topic", TOPIC, "--qos", str(qos))
    flood = threading.Thread(
        target=daemon.command, args=arguments, kwargs={"patience": _PATIENCE_S}
    )
    flood.start()
    try:
        yield set(payloads)
    finally:
        flood.join()


def _settle(daemon: Daemon, published: set[str]) -> None:
    """Wait until as many tweets are stored as were published, and check the ledger."""
    count = len(published)
    wait_until(lambda: daemon.stored() >= count, f"{count} tweets", _PATIENCE_S, every=0.2)
    assert_balanced(daemon, published)


def _warm_up(daemon: Daemon, port: int) -> set[str]:
    """Start it and have it do what it will do, so that its memory has its size."""
    daemon.start()
    ids = publish(port, _padded(tweets(500)), rate=500)
    _settle(daemon, ids)
    return ids


def _latency(daemon: Daemon, port: int, start: int) -> float:
    """Publish tweets one by one: seconds from publication to log, the median."""

    def stored_after() -> float:
        before, began = daemon.stored(), time.monotonic()
        publish(port, tweets(1, start + before))
        wait_until(lambda: daemon.stored() > before, "stored", every=0.005)
        return time.monotonic() - began

    return statistics.median(stored_after() for _ in range(10))


def test_flood_passes(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Flat memory, nothing lost, a slow publisher served in its turn, and latency as before."""
    daemon = make_daemon(mosquitto.port, **_SETTINGS)
    published = _warm_up(daemon, mosquitto.port)
    slow: list[str] = []
    with _flat(daemon):
        with _flood(daemon, _padded(tweets(_FLOOD, 1000)), qos=1) as flood:
            daemon.wait_stored(len(published) + 1)
            for number in range(5):
                slow += publish(mosquitto.port, tweets(1, number + 5_000_000))
                time.sleep(0.1)  # a publisher's pace
        _settle(daemon, published | flood | set(slow))
    batches = dict(daemon.rows("SELECT id, batch_id FROM tweets"))

    turns = [batches[id_] for id_ in slow]
    assert sorted(turns) == turns
    assert turns[0] < max(batches[id_] for id_ in flood)
    assert 0.5 > _latency(daemon, mosquitto.port, 6_000_000)


@pytest.mark.parametrize("qos", [0, pytest.param(1, marks=pytest.mark.study)])
def test_flood_that_the_broker_drops(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, qos: int
) -> None:
    """What broker or daemon cannot queue is said, and counted; the rest is there once."""
    broker = start_mosquitto(max_queued_messages="500", sys_interval="1")
    daemon = make_daemon(broker.port, **_SETTINGS)
    published = _warm_up(daemon, broker.port)

    def dropped() -> int:
        told = ("broker-dropped", "overrun")
        return sum(event["messages"] for event in daemon.events() if event["event"] in told)

    flooded, total = set[str](), len(published)
    with _flat(daemon):
        for number in range(1, 6):  # a busy machine may publish too slowly for anything to be lost
            start = 1000 + 2 * _FLOOD * number
            with _flood(daemon, _padded(tweets(2 * _FLOOD, start)), qos) as flood:
                pass
            flooded |= flood
            total += len(flood)
            all_told = partial(_at_least, daemon, dropped, total)
            wait_until(all_told, "all told", _PATIENCE_S, every=0.2)
            if dropped():
                break

    # It counts with them what it dropped of its own news for us, one message a second.
    assert _PATIENCE_S > daemon.stored() + dropped() - total
    assert 0 < dropped()
    assert_balanced(daemon, published | (flooded & set(stored(daemon))))


def _at_least(daemon: Daemon, dropped: Callable[[], int], total: int) -> bool:
    return daemon.stored() + dropped() >= total


def _retain(port: int, count: int) -> set[str]:
    """Publish as many retained tweets, each on a topic of its own."""
    messages = list(tweets(count))
    paho.mqtt.publish.multiple(
        [
            {"topic": f"{TOPIC}/{id_}", "payload": payload, "qos": 1, "retain": True}
            for id_, payload in messages
        ],
        port=port,
    )
    return {id_ for id_, _ in messages}


@pytest.mark.study
def test_retained(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Retained tweets that were there before us are taken once, all of them."""
    published = _retain(mosquitto.port, _RETAINED)
    daemon = make_daemon(mosquitto.port, **_SETTINGS)
    daemon.start()
    with _flat(daemon, 16 * _MIB):  # there is no warming up
        _settle(daemon, published)
    daemon.stop()
    daemon.start()

    _settle(daemon, published | publish(mosquitto.port, tweets(10, 9_000_000)))
    (taken,) = daemon.rows("SELECT sum(received) FROM batches")
    assert (len(published) + 10,) == taken


def test_large_messages(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Messages of a megabyte are cut on arrival; larger ones the broker keeps to itself."""
    large, kept = 100, 64 * 1024
    daemon = make_daemon(mosquitto.port, **_SETTINGS | {"MONITOR_BATCH_MAX_TWEETS": "8"})
    published = _warm_up(daemon, mosquitto.port)
    messages = [*_padded(tweets(large, 1000), 1_000_000), *_padded(tweets(2, 2000), 50_000_000)]
    with _flat(daemon, 80 * kept + _FLAT):  # the queues hold 80 of them
        with connected(MqttSettings(host="127.0.0.1", port=mosquitto.port)) as publisher:
            publisher.publish((payload for _, payload in messages), TOPIC, rate=0, qos=1)
        published |= publish(mosquitto.port, tweets(50, 3000))
        daemon.wait_stored(len(published))

    assert published == {row[0] for row in daemon.rows("SELECT id FROM tweets")}
    assert [("too-large", large)] == daemon.rows(
        "SELECT reason, count(*) FROM dead_letters GROUP BY reason"
    )
