"""Brokers that take us one way and not another: the daemon finds the way, and says little of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest
import structlog
from paho.mqtt.enums import MQTTProtocolVersion

from monitor.mqtt import Broker, BrokerRefusedError
from monitor.mqtt.session import (
    CannotShareError,
    ConnectionFailedError,
    HungUpError,
    UnsupportedProtocolError,
)
from monitor.mqtt.ways import Way, find
from monitor.settings import MqttSettings
from tests.listener import kept
from tests.processes import Mosquitto, wait_until
from tests.scripted import scripted

FIVE, THREE = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
StartMosquitto = Callable[..., Mosquitto]


class _Told:
    """An attempt that ends as it is told for each way."""

    def __init__(self, outcome: Callable[[int, Way], Exception | None]) -> None:
        self.tried: list[tuple[str, bool]] = []
        self.closed = 0
        self._outcome = outcome

    def __call__(self, way: Way) -> str:
        self.tried.append((way.version, way.will))
        if error := self._outcome(len(self.tried), way):
            raise error
        return way.version

    def close(self, _opened: str) -> None:
        self.closed += 1


_HANGS_UP = HungUpError("hung up", silent=False)
_SILENT = HungUpError("no answer", silent=True)


def _find(outcome: Callable[[int, Way], Exception | None], *, will: bool = True) -> _Told:
    told = _Told(outcome)
    found, way = find(told, told.close, will=will)
    assert (found, way.will) == told.tried[-1]
    return told


def test_the_first_way_is_mqtt_5_with_a_will() -> None:
    """Nothing else is tried, if it works."""
    assert [("5", True)] == _find(lambda _number, _way: None).tried


def test_a_broker_that_hangs_up_on_mqtt_5() -> None:
    """3.1.1 is tried at once, and believed when 5 has failed again meanwhile."""
    told = _find(lambda _number, way: _HANGS_UP if way.protocol == FIVE else None)

    assert [("5", True), ("3.1.1", True)] * 2 == told.tried
    assert 1 == told.closed


def test_a_broker_that_is_just_starting() -> None:
    """It hangs up, and takes us a moment later: that is no reason to do without MQTT 5."""
    told = _find(lambda number, _way: _HANGS_UP if number == 1 else None)

    assert [("5", True), ("3.1.1", True), ("5", True)] == told.tried


def test_a_broker_that_hangs_up_on_a_will() -> None:
    """After both versions have failed with one, they are tried without."""
    told = _find(lambda _number, way: _HANGS_UP if way.will else None)

    assert ("5", False) == told.tried[-1]


def test_a_broker_that_says_nothing_at_all() -> None:
    """Waiting takes long: each version is tried once."""
    told = _Told(lambda _number, _way: _SILENT)

    with pytest.raises(HungUpError, match="no answer"):
        find(told, told.close, will=True)
    assert [("5", True), ("3.1.1", True)] * 1 == told.tried


def test_a_broker_that_says_that_it_has_no_mqtt_5() -> None:
    """It is believed."""
    told = _find(
        lambda _number, way: UnsupportedProtocolError("no") if way.protocol == FIVE else None
    )

    assert [("5", True), ("3.1.1", True)] == told.tried


@pytest.mark.parametrize(
    "reason",
    [
        "QoS not supported",
        "Retain not supported",
        "Not authorized",
        "Topic name invalid",
        "Payload format invalid",
        "Quota exceeded",
        "Packet too large",
        "Implementation specific error",
        "Unspecified error",
    ],
)
def test_a_broker_that_refuses_a_will(reason: str) -> None:
    """Whatever reason it gives, it is asked without one."""
    kind = BrokerRefusedError if reason == "Not authorized" else ConnectionFailedError
    told = _Told(lambda _number, way: kind(reason) if way.will else None)
    _, way = find(told, told.close, will=True)

    assert [("5", True), ("5", False)] == told.tried
    assert reason == way.refusal


@pytest.mark.parametrize("reason", ["Bad user name or password", "Server busy", "Banned"])
def test_a_refusal_that_is_not_for_the_will(reason: str) -> None:
    """No second attempt, which a broker may count against us."""
    told = _Told(lambda _number, _way: BrokerRefusedError(reason))

    with pytest.raises(BrokerRefusedError, match=reason):
        find(told, told.close, will=True)
    assert [("5", True)] == told.tried


def test_a_group_is_not_given_up_for_one_hang_up() -> None:
    """3.1.1 cannot share, but nobody has said that the broker has nothing better."""

    def outcome(number: int, way: Way) -> Exception | None:
        if way.protocol == THREE:
            return CannotShareError("no")
        return _HANGS_UP if number == 1 else None

    assert [("5", True), ("3.1.1", True), ("5", True)] == _find(outcome).tried


def test_a_group_is_refused_in_the_end() -> None:
    """By a broker that has 3.1.1 alone, and hangs up on 5."""
    told = _Told(
        lambda _number, way: CannotShareError("no") if way.protocol == THREE else _HANGS_UP
    )

    with pytest.raises(CannotShareError):
        find(told, told.close, will=True)


@contextmanager
def _running(broker: Broker) -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as logs:
        broker.start()
        try:
            wait_until(broker.subscribed.is_set, "subscription")
            yield logs  # type: ignore[misc]  # dictionaries that can be written to
        finally:
            broker.close()


def _events(logs: Sequence[Mapping[str, object]], *levels: str) -> list[object]:
    return [entry["event"] for entry in logs if entry["log_level"] in levels]


@contextmanager
def _of_3_1_1_alone() -> Iterator[int]:
    """A broker that hangs up on whatever does not speak MQTT 3.1.1."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    packet = client.recv(1000)
                    if packet[8] != 4:
                        continue
                    client.sendall(b"\x20\x02\x00\x00")
                    while packet := client.recv(1000):
                        if packet[0] == 0x82:
                            client.sendall(b"\x90\x03" + packet[2:4] + b"\x01")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_broker_of_3_1_1_is_no_reason_to_warn() -> None:
    """It hangs up on MQTT 5, and is spoken to in its own language before anything is said."""
    with _of_3_1_1_alone() as port:
        broker = Broker(MqttSettings(host="127.0.0.1", port=port), 10, print, print)
        with _running(broker) as logs:
            pass

    assert [] == _events(logs, "warning", "error")
    assert ["3.1.1"] == [entry["mqtt"] for entry in logs if entry["event"] == "subscribed"]


@pytest.mark.parametrize("reason", [0x9A, 0x9B, 0x90, 0x83])
def test_a_will_that_is_refused(reason: int) -> None:
    """The daemon does without, and says so once; it publishes nothing there either."""

    def connack(connect: bytes) -> bytes:
        return b"\x20\x03\x00%c\x00" % (reason if connect[7] & 0b100 else 0)

    with scripted(connack=connack) as scripted_broker:
        settings = MqttSettings(host="127.0.0.1", port=scripted_broker.port)
        broker = Broker(settings, 10, print, print, availability="t/availability")
        with _running(broker) as logs:
            pass

    assert ["availability-refused"] == _events(logs, "warning", "error")
    assert [] == scripted_broker.published


@pytest.mark.parametrize("options", [{"retain_available": "false"}, {"max_qos": "0"}])
def test_a_mosquitto_without(start_mosquitto: StartMosquitto, options: dict[str, str]) -> None:
    """No retained messages, or no QoS 1: it takes us, and nothing that it would hang up on."""
    port = start_mosquitto(**options).port
    settings = MqttSettings(host="127.0.0.1", port=port)
    broker = Broker(settings, 10, print, print, availability="t/availability")
    with _running(broker) as logs:
        pass

    expected = {"availability-refused"} | ({"qos-lowered"} if "max_qos" in options else set())
    assert expected == set(_events(logs, "warning", "error"))
    assert 1 == _events(logs, "info").count("subscribed")
    if "max_qos" not in options:
        assert {} == kept(port)


def test_a_broker_that_has_no_quality_1_but_takes_a_will() -> None:
    """What it says with its CONNACK is kept to: "Maximum QoS" 0 (MQTT 5.0, 3.2.2.3.4)."""
    with scripted(connack=lambda _connect: b"\x20\x05\x00\x00\x02\x24\x00") as scripted_broker:
        settings = MqttSettings(host="127.0.0.1", port=scripted_broker.port)
        broker = Broker(settings, 10, print, print, availability="t/availability")
        with _running(broker) as logs:
            pass

    assert [] == scripted_broker.published
    assert "availability-refused" in _events(logs, "warning")


def test_a_broker_that_hangs_up_on_a_subscription_to_sys() -> None:
    """Asked twice, as once may be chance, and then no more; nobody's client_id is blamed."""
    with scripted(hangs_up_on=b"$SYS/") as scripted_broker:
        broker = Broker(MqttSettings(host="127.0.0.1", port=scripted_broker.port), 10, print, print)
        with _running(broker) as logs:

            def settled() -> bool:
                return _events(logs, "info").count("subscribed") == 3 and broker.connected()

            wait_until(settled, "a connection without the question")
            connection = broker._connection
            assert connection
            assert not connection.over.wait(1)

    assert ["connection-lost"] * 2 == [
        event for event in _events(logs, "warning", "error") if event != "session-lost"
    ]
    assert all("$SYS" in str(e["reason"]) for e in logs if e["event"] == "connection-lost")


def test_a_broker_that_hangs_up_on_our_topics() -> None:
    """As some do if we may not read them: the line says which, and what it may be."""
    with (
        scripted(hangs_up_on=b"tweets/") as scripted_broker,
        structlog.testing.capture_logs() as logs,
    ):
        broker = Broker(MqttSettings(host="127.0.0.1", port=scripted_broker.port), 10, print, print)
        broker.start()
        wait_until(lambda: logs, "a word")
        broker.close()

    assert "tweets/#" in logs[0]["error"]
    assert "may not read" in logs[0]["error"]
