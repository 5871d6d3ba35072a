"""Publishing over a real mosquitto: order, refusals, loss, limits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.mqtt import ConnectionLostError, Message
from monitor.mqtt.connection import Connection
from monitor.mqtt.sender import TOO_LARGE
from monitor.settings import MqttSettings
from tests.faults.proxy import bad_network
from tests.listener import listening
from tests.processes import Mosquitto

FIVE, THREE = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


@contextmanager
def _open(port: int, protocol: MQTTProtocolVersion = FIVE) -> Iterator[Connection]:
    settings = MqttSettings(host="127.0.0.1", port=port)
    connection = Connection(settings, protocol, 10, print)
    connection.open()
    try:
        yield connection
    finally:
        connection.close()


def _messages(count: int, topic: str = "t") -> list[Message]:
    return [Message(topic, str(i)) for i in range(count)]


@pytest.mark.parametrize("protocol", [FIVE, THREE])
def test_messages_arrive_in_order(mosquitto: Mosquitto, protocol: MQTTProtocolVersion) -> None:
    """More of them than the window, each once, and each answered for."""
    with listening(mosquitto.port) as listener, _open(mosquitto.port, protocol) as connection:
        answers = connection.sender.publish(_messages(350))
        listener.wait_count("t", 350)

    assert [None] * 350 == answers
    assert [str(i) for i in range(350)] == listener.on("t")


def test_several_may_publish_at_once(mosquitto: Mosquitto) -> None:
    """Answers reach the one who asked."""
    with _open(mosquitto.port) as connection, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(connection.sender.publish, [_messages(n) for n in range(20)]))

    assert [[None] * n for n in range(20)] == answers


def test_a_refusal_is_told(start_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    """What an access list forbids is answered for with the reason, and the rest goes on."""
    (tmp_path / "acl").write_text("topic readwrite allowed\ntopic read tweets/#\n")
    # With 0, mosquitto 2.0.11 hangs up on whoever is refused.
    broker = start_mosquitto(acl_file=str(tmp_path / "acl"), max_queued_messages="1000")
    with _open(broker.port) as connection:
        answers = connection.sender.publish([Message(t, "x") for t in ("allowed", "no", "allowed")])

    assert [None, "Not authorized", None] == answers


def test_what_the_broker_does_not_take_is_not_sent(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    """It would hang up, again and again."""
    broker = start_mosquitto(max_packet_size="2000")
    with listening(broker.port, "t") as listener, _open(broker.port) as connection:
        messages = [Message("t", "small"), Message("t", "ü" * 1000), Message("t", "small, too")]
        answers = connection.sender.publish(messages)
        listener.wait("t", "small", "small, too")

    assert [None, TOO_LARGE, None] == answers


def test_the_window_is_the_brokers(mosquitto: Mosquitto) -> None:
    """Of its Receive Maximum one is left for what is sent without waiting."""
    with _open(mosquitto.port) as connection:
        for granted, expected in ((20, 19), (1, 1), (1000, 100)):
            properties = Properties(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]
            properties.ReceiveMaximum = granted
            connection.sender.limit(properties)
            assert expected == connection.sender.window


def test_a_lost_connection_ends_the_wait(mosquitto: Mosquitto) -> None:
    """Who waits for answers is told that they will not come."""
    with bad_network(mosquitto.port) as network, _open(network.port) as connection:
        network.go_half_open()
        with ThreadPoolExecutor(1) as pool:
            publishing = pool.submit(connection.sender.publish, _messages(3))
            network.cut()
            with pytest.raises(ConnectionLostError):
                publishing.result(30)


def test_nothing_follows_the_last_message(mosquitto: Mosquitto) -> None:
    """However many are about to publish, what is said last is last."""
    with listening(mosquitto.port, "t") as listener, _open(mosquitto.port) as connection:
        begun = threading.Event()

        def publish() -> None:
            while True:
                connection.sender.publish(_messages(5))
                begun.set()

        with ThreadPoolExecutor(2) as pool:
            publishing = [pool.submit(publish) for _ in range(2)]
            assert begun.wait(30)
            connection.sender.publish_last(Message("t", "last"), 30)
            with pytest.raises(ConnectionLostError):
                connection.sender.publish(_messages(1))
            connection.close()
            for future in publishing:
                with pytest.raises(ConnectionLostError):
                    future.result(30)
        listener.wait("t", "last")
