"""Deliveries and acknowledgements against a real mosquitto."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SocketIO

import pytest
import structlog
from paho.mqtt.enums import MQTTProtocolVersion

from monitor.broker import Broker, probe
from monitor.connection import BrokerRefusedError, Delivery
from monitor.publisher import connected
from monitor.settings import Mqtt
from tests.listener import listening
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


class _Strict:
    """Speaks just enough MQTT 5 to refuse whoever has a last will, as some brokers do."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.topics: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                with client, client.makefile("rwb", buffering=0) as stream, suppress(IndexError):
                    while True:
                        self._answer(stream)

    def _answer(self, stream: SocketIO) -> None:
        kind, length = stream.read(1)[0], stream.read(1)[0]
        if length > 127:
            length += 128 * (stream.read(1)[0] - 1)
        body = stream.read(length) or b""
        match kind >> 4:
            case 1:  # CONNECT; its flags come after name and version
                will = body[7] & 0b100
                stream.write(b"\x20\x03\x00%c\x00" % (0x87 if will else 0))
            case 3:  # PUBLISH
                self.topics.append(body[2 : 2 + body[1]])
            case 8:  # SUBSCRIBE
                stream.write(b"\x90\x04" + body[:2] + b"\x00\x01")


def test_a_broker_that_refuses_our_last_will() -> None:
    """It gets us without: that it may know whether we are there is no reason to stay away."""
    broker = _Strict()
    refused: list[BrokerRefusedError] = []
    settings = Mqtt(host="127.0.0.1", port=broker.port)
    with structlog.testing.capture_logs() as logs:
        connection = Broker(settings, 10, print, refused.append, availability="t/availability")
        connection.start()
        try:
            wait_until(connection.subscribed.is_set, "subscription")
        finally:
            connection.close()
            broker.close()

    assert [] == refused
    assert [] == broker.topics
    assert ["Not authorized"] == [e["error"] for e in logs if e["event"] == "availability-refused"]


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_availability(mosquitto: Mosquitto, protocol: MQTTProtocolVersion) -> None:
    """Online once subscribed, offline before the end, in both versions of MQTT."""
    with listening(mosquitto.port, "t/availability") as listener:
        broker = Broker(
            Mqtt(host="127.0.0.1", port=mosquitto.port),
            10,
            print,
            print,
            availability="t/availability",
        )
        broker._protocol = protocol
        broker.start()
        listener.wait("t/availability", "online")
        broker.close()
        listener.wait("t/availability", "online", "offline")
