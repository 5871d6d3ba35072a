"""Deliveries and acknowledgements against a real mosquitto."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from monitor.broker import Broker, BrokerRefusedError, Connection, Delivery, probe
from monitor.publisher import connected
from monitor.settings import Mqtt
from tests.processes import Mosquitto, free_port, wait_until


class _Received:
    """A subscriber that collects deliveries and acknowledges nothing by itself."""

    def __init__(self, port: int, receive_maximum: int) -> None:
        self.deliveries: list[Delivery] = []
        self.refused: list[BrokerRefusedError] = []
        settings = Mqtt(host="127.0.0.1", port=port, topics=("tweets/#",))
        self.broker = Broker(settings, receive_maximum, self.deliveries.append, self.refused.append)

    def wait(self, count: int) -> None:
        wait_until(lambda: len(self.deliveries) >= count, f"{count} deliveries")


@contextmanager
def _subscribed(port: int, receive_maximum: int = 100) -> Iterator[_Received]:
    received = _Received(port, receive_maximum)
    received.broker.start()
    try:
        wait_until(received.broker.subscribed.is_set, "subscription")
        yield received
    finally:
        received.broker.close()


def _publish(port: int, *payloads: bytes) -> None:
    with connected(Mqtt(host="127.0.0.1", port=port)) as publisher:
        publisher.publish(payloads, "tweets/x", rate=0, qos=1)


def test_delivers_again_what_was_not_acknowledged(mosquitto: Mosquitto) -> None:
    """The broker keeps what is unacknowledged for the session, and forgets the rest."""
    with _subscribed(mosquitto.port) as first:
        _publish(mosquitto.port, b"kept", b"done")
        first.wait(2)
        first.deliveries[1].acknowledge()
    with _subscribed(mosquitto.port) as second:
        _publish(mosquitto.port, b"new")
        second.wait(2)

    assert [b"kept", b"new"] == [delivery.payload for delivery in second.deliveries]


def test_a_late_acknowledgement_acknowledges_nothing(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    """An acknowledgement for a lost connection does not reach the new one's messages.

    Both connections give the message the same packet identifier, so a library that sent it would
    acknowledge the redelivered message, which nobody has stored.
    """
    mosquitto = start_mosquitto()
    with _subscribed(mosquitto.port) as received:
        _publish(mosquitto.port, b"tweet")
        received.wait(1)
        mosquitto.stop()
        mosquitto.start()
        received.wait(2)
        received.deliveries[0].acknowledge()
        time.sleep(0.3)  # for it to arrive, if it were sent
    with _subscribed(mosquitto.port) as again:
        again.wait(1)

    assert [b"tweet"] == [delivery.payload for delivery in again.deliveries]


def test_receives_as_far_ahead_as_allowed(mosquitto: Mosquitto) -> None:
    """The receive maximum bounds what is unacknowledged; acknowledging makes room."""
    with _subscribed(mosquitto.port, receive_maximum=30) as received:
        _publish(mosquitto.port, *(str(i).encode() for i in range(50)))
        received.wait(30)
        time.sleep(0.3)  # for more to arrive, if it were sent
        assert 30 == len(received.deliveries)
        for delivery in list(received.deliveries):
            delivery.acknowledge()
        received.wait(50)

    assert [str(i).encode() for i in range(50)] == [d.payload for d in received.deliveries]


def test_close_sends_the_acknowledgements(mosquitto: Mosquitto) -> None:
    """What was acknowledged just before closing is not delivered again."""
    with _subscribed(mosquitto.port) as first:
        _publish(mosquitto.port, *(str(i).encode() for i in range(50)))
        first.wait(50)
        for delivery in list(first.deliveries):
            delivery.acknowledge()
    with _subscribed(mosquitto.port) as second:
        _publish(mosquitto.port, b"new")
        second.wait(1)

    assert [b"new"] == [delivery.payload for delivery in second.deliveries]


def test_several_may_close_at_once(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the loss closes the connection, as does whoever ends it: neither trips."""
    inside = threading.Semaphore(1)
    loop_stop = Client.loop_stop

    def alone(client: Client) -> MQTTErrorCode:
        assert inside.acquire(blocking=False), "paho trips if two wait for its thread at once"
        time.sleep(0.05)
        result = loop_stop(client)
        inside.release()
        return result

    monkeypatch.setattr(Client, "loop_stop", alone)
    settings = Mqtt(host="127.0.0.1", port=mosquitto.port)
    connection = Connection(settings, MQTTProtocolVersion.MQTTv5, 10, print)
    connection.open()
    with ThreadPoolExecutor(4) as pool:
        for closing in [pool.submit(connection.close) for _ in range(4)]:
            closing.result()


def test_close_while_the_broker_is_away() -> None:
    """Closing does not wait for a broker that does not come."""
    received = _Received(free_port(), 10)
    received.broker.start()
    time.sleep(0.2)
    started = time.monotonic()
    received.broker.close()

    assert time.monotonic() - started < 5
    assert [] == received.refused


def test_probe_names_the_protocol_and_leaves_no_session(mosquitto: Mosquitto) -> None:
    """Probing says MQTT 5; nothing is queued for the visitor afterwards."""
    assert "5" == probe(Mqtt(host="127.0.0.1", port=mosquitto.port))


def test_probe_of_nobody_is_an_error() -> None:
    """No broker: an OSError, at once."""
    with pytest.raises(OSError, match="refused"):
        probe(Mqtt(host="127.0.0.1", port=free_port()))
