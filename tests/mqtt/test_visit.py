"""What looks at a broker, or publishes, ends nobody's session, and tries what the daemon will."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from monitor.delivery import Delivery
from monitor.mqtt import BrokerRefusedError, Seen, probe
from monitor.mqtt.connection import Connection
from monitor.mqtt.look import KNOWN
from monitor.mqtt.publisher import PublishError, connected
from monitor.settings import MqttSettings
from tests.listener import kept, listening
from tests.processes import Mosquitto, wait_until
from tests.scripted import scripted

FIVE, THREE = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
StartMosquitto = Callable[..., Mosquitto]

_BY_USER = {"use_username_as_clientid": "true"}
"""Options of a broker that takes the user name for the client identifier."""


def _try_out(settings: MqttSettings) -> None:
    assert Seen("5", (KNOWN,)) == probe(settings, "monitor/availability")


def _try_to_publish(settings: MqttSettings) -> None:
    with pytest.raises(PublishError, match="user name of its own"), connected(settings):
        pass


@contextmanager
def _session(settings: MqttSettings, protocol: MQTTProtocolVersion) -> Iterator[list[Delivery]]:
    """A daemon's connection; what it gets is not acknowledged."""
    deliveries: list[Delivery] = []
    connection = Connection(settings, protocol, 100, deliveries.append)
    connection.open()
    yield deliveries
    connection.close()


@pytest.mark.parametrize("protocol", [FIVE, THREE])
@pytest.mark.parametrize("look", [_try_out, _try_to_publish])
@pytest.mark.parametrize("there", [False, True])
def test_a_look_ends_no_session(
    start_mosquitto: StartMosquitto,
    protocol: MQTTProtocolVersion,
    look: Callable[[MqttSettings], object],
    there: bool,
) -> None:
    """By user name we are the daemon: what waits for it, or is in its hands, comes to it again."""
    port = start_mosquitto(**_BY_USER).port
    daemon = MqttSettings(host="127.0.0.1", port=port, username="monitor", password="x")
    sent = [b"%d" % number for number in range(5)]
    with _session(daemon, protocol):
        pass
    with connected(replace(daemon, username="somebody")) as publisher:
        publisher.publish(sent, "tweets/x", rate=0, qos=1)
    if there:
        with _session(daemon, protocol) as deliveries:
            wait_until(lambda: len(deliveries) == 5, "what waited")
            look(daemon)
    else:
        look(daemon)
    with _session(daemon, protocol) as deliveries:
        wait_until(lambda: len(deliveries) >= 5, "what waited")

    assert sent == [delivery.payload for delivery in deliveries]


def test_a_session_of_quality_2_is_not_touched(start_mosquitto: StartMosquitto) -> None:
    """Another program's, which asks for QoS 2: nothing of it is answered in its place."""
    port = start_mosquitto(**_BY_USER).port
    settings = MqttSettings(host="127.0.0.1", port=port, username="somebody", password="x")

    def other() -> tuple[Client, list[bytes]]:
        client = Client(CallbackAPIVersion.VERSION2, "any", clean_session=False, protocol=THREE)
        client.username_pw_set("somebody", "x")
        got: list[bytes] = []
        client.on_message = lambda _client, _data, message: got.append(bytes(message.payload))
        client.connect("127.0.0.1", port)
        client.loop_start()
        return client, got

    client, _ = other()
    _, mid = client.subscribe("x", 2)
    answers: list[int] = []
    client.on_subscribe = lambda *args: answers.append(args[2])
    client.subscribe("y", 2)
    wait_until(lambda: answers, "a subscription")
    client.disconnect()
    client.loop_stop()
    with connected(replace(settings, username="publisher")) as publisher:
        publisher.publish([b"one", b"two"], "x", rate=0, qos=2)
    _try_out(settings)
    time.sleep(0.1)
    client, got = other()
    wait_until(lambda: len(got) >= 2, "both")
    client.disconnect()
    client.loop_stop()

    assert mid
    assert [b"one", b"two"] == got


@pytest.mark.parametrize("by_user", [_BY_USER, {}])
def test_a_look_leaves_nothing_behind(
    start_mosquitto: StartMosquitto, by_user: dict[str, str]
) -> None:
    """No session, no retained word, and nobody is told that we are gone."""
    port = start_mosquitto(**by_user).port
    settings = MqttSettings(host="127.0.0.1", port=port, username="monitor", password="x")
    for _ in range(2):  # the second would find the first one's session
        assert Seen("5") == probe(settings, "monitor/availability")
        with connected(settings) as publisher:
            publisher.publish([b"x"], "other", rate=0, qos=1)

    if not by_user:
        assert {} == kept(port)


def test_a_look_takes_nothing_from_a_group(mosquitto: Mosquitto) -> None:
    """Every tweet goes to its boards, however often somebody looks meanwhile."""
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port, group="g", client_id="board")
    sent = [b"%d" % number for number in range(200)]
    with _session(settings, FIVE) as deliveries, connected(settings) as publisher:
        for start in range(0, 200, 20):
            publisher.publish(sent[start : start + 20], "tweets/x", rate=0, qos=1)
            assert Seen("5") == probe(settings)
        for delivery in deliveries:
            delivery.acknowledge()
        wait_until(lambda: len(deliveries) >= 100, "the first hundred")
        for delivery in list(deliveries):
            delivery.acknowledge()
        wait_until(lambda: len(deliveries) >= 200, "everything")

    assert sent == [delivery.payload for delivery in deliveries]


def test_what_the_daemon_may_not_read_is_found() -> None:
    """A look subscribes, as the daemon will, and to what the daemon will."""
    with scripted(granted=0x87) as broker:
        settings = MqttSettings(host="127.0.0.1", port=broker.port)
        with pytest.raises(OSError, match=r"subscription refused: tweets/#: Not authorized"):
            probe(settings, "monitor/availability")

    assert [b"tweets/#"] == broker.subscribed


def test_a_look_says_what_is_not_there(start_mosquitto: StartMosquitto) -> None:
    """No retained messages at a real broker: its last will is refused, and that is said."""
    port = start_mosquitto(retain_available="false").port

    seen = probe(MqttSettings(host="127.0.0.1", port=port), "monitor/availability")
    assert "Retain not supported" in seen.notes[0]


def test_a_look_says_that_quality_1_is_missing() -> None:
    """What the broker grants is less than we ask for."""
    with scripted(granted=0) as broker:
        seen = probe(MqttSettings(host="127.0.0.1", port=broker.port))

    assert ["QoS 1" in note for note in seen.notes] == [True]


def test_a_look_that_is_refused() -> None:
    """With the password, for example: no other way is tried."""
    connects: list[bytes] = []

    def connack(connect: bytes) -> bytes:
        connects.append(connect)
        return b"\x20\x03\x00\x86\x00"

    with scripted(connack=connack) as broker, pytest.raises(BrokerRefusedError, match="password"):
        probe(MqttSettings(host="127.0.0.1", port=broker.port), "monitor/availability")

    assert 1 == len(connects)


def test_listeners_hear_nothing_of_a_look(mosquitto: Mosquitto) -> None:
    """The last will is tried, and never published."""
    with listening(mosquitto.port, "#") as listener:
        probe(MqttSettings(host="127.0.0.1", port=mosquitto.port), "monitor/availability")
        with connected(MqttSettings(host="127.0.0.1", port=mosquitto.port)) as publisher:
            publisher.publish([b"last"], "end", rate=0, qos=1)
        listener.wait("end", "last")

    assert ["end"] == [heard.topic for heard in listener.heard]
