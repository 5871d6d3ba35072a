"""The broker and the way to it fail under a running daemon: it comes back, and nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.faults.flow import Flow
from tests.faults.ledger import TOPIC, assert_balanced, publish, stored, tweets, wait_balanced
from tests.faults.proxy import Direction, Proxy, bad_network
from tests.faults.saboteur import sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
StartMosquitto = Callable[..., Mosquitto]

_QUICK = {"MONITOR_BATCH_MAX_DELAY_MS": "10", "MONITOR_PRIVACY_STORE_TEXT": "full"}
_CLIENT_ID = "reputation-monitor"
_KEEPALIVE_S = 5
"""The least that the configuration allows."""
_FORGETFUL = {"persistence": "false", "persistence_location": "", "autosave_interval": ""}
"""Options of a broker that forgets all sessions when it ends."""
_TALKATIVE = {"log_type": "all"}
"""Options of a broker that logs every packet."""

_GARBAGE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n" + 100 * b" ",
    "noise": Random(1).randbytes(20_000),
    "a length without end": b"\x30\xff\xff\xff\xff\xff",
    "a topic longer than its packet": b"\x32\x05\x00\xffabc",
    "a message without anything": b"\x30\x00",
    "quality of service 3": b"\x36\x08\x00\x01a\x00\x01\x00xx",
    "an unknown property": b"\x30\x07\x00\x01a\x02\x7e\x02x",
    "an empty answer to nothing": b"\x90\x00",
    "an unknown reason": b"\xe0\x01\x55",
}


@pytest.fixture
def network(mosquitto: Mosquitto) -> Iterator[Proxy]:
    """The way to a broker, which can fail."""
    with bad_network(mosquitto.port) as proxy:
        yield proxy


def _connected_again(
    daemon: Daemon, cause: Callable[[], object], patience: float = PATIENCE_S
) -> None:
    """Do what costs the daemon its connection, and wait until it is back."""

    def subscriptions() -> int:
        daemon.alive()
        return daemon.said().count('"subscribed"')

    before = subscriptions()
    cause()
    wait_until(lambda: subscriptions() > before, "back", patience)


def _sent(broker: Mosquitto) -> int:
    """How many tweets a talkative broker has sent us."""
    lines = broker.log().splitlines()
    return sum(f"Sending PUBLISH to {_CLIENT_ID}" in line and TOPIC in line for line in lines)


@contextmanager
def _locked(daemon: Daemon) -> Iterator[None]:
    """Let nothing be written to the log."""
    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_broker_restarts(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Restarted twice while it has a backlog for us: what it acknowledged arrives, once."""

    def restart() -> None:
        mosquitto.stop()
        assert daemon.stored() < len(published)
        mosquitto.start()

    daemon = make_daemon(mosquitto.port, **_QUICK)
    with sabotaged(daemon, "slow=60"):  # or the backlog would be worked off before
        daemon.start()
    published = publish(mosquitto.port, tweets(800))
    for count in (1, 100):
        daemon.wait_stored(count)
        _connected_again(daemon, restart)

    wait_balanced(daemon, published)
    assert "session-lost" not in daemon.said()


def test_broker_killed(start_mosquitto: StartMosquitto, make_daemon: MakeDaemon) -> None:
    """``kill -9``: what the broker had saved arrives once; what it had not, it may have lost."""
    broker = start_mosquitto(autosave_interval="1")
    queue = broker.folder / "mosquitto.db"
    daemon = make_daemon(broker.port, **_QUICK)
    daemon.start()
    daemon.stop()
    saved = publish(broker.port, tweets(500))
    acknowledged = time.time()
    wait_until(lambda: queue.exists() and queue.stat().st_mtime > acknowledged, "saved")
    unsaved = publish(broker.port, tweets(200, 500))
    with sabotaged(daemon, "slow=20"):
        daemon.start()
    daemon.wait_stored(1)
    broker.kill()
    assert daemon.stored() < len(saved)
    _connected_again(daemon, broker.start)
    later = publish(broker.port, tweets(50, 700))

    wait_until(lambda: saved | later <= set(stored(daemon)), "all that was saved")
    assert_balanced(daemon, saved | later | (unsaved & set(stored(daemon))))


def test_cut_in_the_middle_of_packets(
    mosquitto: Mosquitto, network: Proxy, make_daemon: MakeDaemon
) -> None:
    """A connection cut at any byte, again and again, also while it is made; then refused."""
    random = Random(0)
    daemon = make_daemon(network.port, **_QUICK)
    daemon.start()
    network.delay_s = 0.005
    ways: tuple[Direction, ...] = ("to daemon", "to broker")
    with Flow(mosquitto.port, rate=300) as flow:
        for way in ways * 3:
            before = network.connections
            network.cut_after[way] = random.randrange(1, 300)
            wait_until(lambda n=before: network.connections > n, "another connection")  # type: ignore[misc]
        network.refusing = True
        network.cut()
        wait_until(lambda: "broker-unavailable" in daemon.said(), "a word about it")
        network.refusing = False

    wait_balanced(daemon, flow.published)


def test_half_open(mosquitto: Mosquitto, network: Proxy, make_daemon: MakeDaemon) -> None:
    """A connection that swallows everything is given up after twice the keepalive."""
    daemon = make_daemon(network.port, MONITOR_MQTT_KEEPALIVE_S=str(_KEEPALIVE_S), **_QUICK)
    daemon.start()
    network.go_half_open()
    started = time.monotonic()
    published = publish(mosquitto.port, tweets(100))
    wait_until(lambda: "connection-lost" in daemon.said(), "a word about it")

    assert time.monotonic() - started < 3 * _KEEPALIVE_S
    wait_balanced(daemon, published)


@pytest.mark.parametrize(
    "third", [0, *(pytest.param(number, marks=pytest.mark.study) for number in (1, 2))]
)
def test_garbage(mosquitto: Mosquitto, network: Proxy, make_daemon: MakeDaemon, third: int) -> None:
    """Whatever a broken broker sends costs the connection, not the daemon.

    In three parts: after each kind it waits longer before it comes back.
    """
    daemon = make_daemon(network.port, **_QUICK)
    daemon.start()
    published = set()
    for number, garbage in enumerate([*_GARBAGE.values()][third::3]):
        _connected_again(daemon, lambda g=garbage: network.inject(g))  # type: ignore[misc]
        published |= publish(mosquitto.port, tweets(5, 5 * number))

    wait_balanced(daemon, published)


def test_cut_while_the_log_is_locked(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon
) -> None:
    """While nothing can be written, it still minds its connection, however often that is lost."""
    broker = start_mosquitto(**_TALKATIVE)
    small = {"MONITOR_BATCH_MAX_TWEETS": "8", "MONITOR_MODEL_WORKERS": "1"}
    with bad_network(broker.port) as network:
        daemon = make_daemon(network.port, **_QUICK, **small)
        daemon.start()
        with _locked(daemon):
            published = publish(broker.port, tweets(200))
            for number in range(1, 5):
                wait_until(lambda n=number: 32 * n <= _sent(broker), "all it takes")  # type: ignore[misc]
                _connected_again(daemon, network.cut, patience=5)

        wait_balanced(daemon, published)


def test_hung_up_on_at_first(mosquitto: Mosquitto, network: Proxy, make_daemon: MakeDaemon) -> None:
    """A connection that fails at the start is no reason to do without MQTT 5 ever after."""
    network.cut_after["to broker"] = 10
    daemon = make_daemon(network.port, **_QUICK)
    daemon.start()

    wait_balanced(daemon, publish(mosquitto.port, tweets(50)))
    (subscribed,) = (event for event in daemon.events() if event["event"] == "subscribed")
    assert "5" == subscribed["mqtt"]


@contextmanager
def _rival(port: int) -> Iterator[None]:
    """Another client with our identifier, which wants no session and comes back at once."""
    over = threading.Event()

    def connect() -> None:
        while not over.is_set():
            client = Client(
                CallbackAPIVersion.VERSION2,
                _CLIENT_ID,
                protocol=MQTTProtocolVersion.MQTTv5,
                reconnect_on_failure=False,
            )
            client.connect("127.0.0.1", port, clean_start=True)
            client.loop_forever()

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(PATIENCE_S)  # for the daemon to throw it out a last time


def test_another_client_takes_the_identifier(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon
) -> None:
    """Thrown out again and again, the daemon comes back at a measured pace, and says the loss."""
    seconds = 2
    broker = start_mosquitto(**_TALKATIVE)
    daemon = make_daemon(broker.port, **_QUICK)
    daemon.start()
    published = publish(broker.port, tweets(50))
    wait_balanced(daemon, published)
    with _rival(broker.port):
        time.sleep(seconds)  # the duel, whose pace is measured
        rounds = daemon.said().count("connection-lost")

    def undisputed() -> bool:
        _, _, since = broker.log().rpartition(f" as {_CLIENT_ID} (p5, c1")
        return f"Sending SUBACK to {_CLIENT_ID}" in since

    wait_until(undisputed, "the daemon alone")
    published |= publish(broker.port, tweets(50, 50))

    wait_balanced(daemon, published)
    assert 1 <= rounds <= 5 * seconds
    assert rounds <= 1 + daemon.said().count("session-lost")


def test_acknowledgements_reach_no_message_of_another_session(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon
) -> None:
    """A broker that forgot us begins to number anew: what we still owe it must not be counted.

    Ten tweets wait for their COMMIT while the broker is restarted; the five that then come have
    the numbers of the first five.
    """
    broker = start_mosquitto(**_FORGETFUL, **_TALKATIVE)
    daemon = make_daemon(
        broker.port,
        **_QUICK | {"MONITOR_BATCH_MAX_TWEETS": "10", "MONITOR_BATCH_MAX_DELAY_MS": "60000"},
    )
    daemon.start()
    with _locked(daemon):
        published = publish(broker.port, tweets(10))
        wait_until(lambda: _sent(broker) == 10, "ten tweets on their way")
        broker.stop()
        _connected_again(daemon, broker.start)
        published |= publish(broker.port, tweets(5, 10))
        wait_until(lambda: _sent(broker) == 15, "five tweets on their way")
    daemon.wait_stored(10)
    assert 0 == daemon.stop()
    assert 10 == daemon.stored()
    daemon.environment["MONITOR_BATCH_MAX_DELAY_MS"] = "10"
    daemon.start()

    wait_balanced(daemon, published)
    assert 1 == daemon.said().count("session-lost")
