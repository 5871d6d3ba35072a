"""Deliveries and acknowledgements against a real mosquitto."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest
import structlog
from paho.mqtt.enums import MQTTProtocolVersion

from monitor.daemon.inbox import Inbox
from monitor.delivery import Delivery
from monitor.mqtt import (
    Broker,
    BrokerRefusedError,
    ConnectionLostError,
    Message,
    Seen,
    Sender,
    probe,
)
from monitor.mqtt.publisher import connected
from monitor.mqtt.session import CannotShareError
from monitor.mqtt.ways import Way
from monitor.settings import MqttSettings
from tests.listener import listening
from tests.processes import PATIENCE_S, Mosquitto, free_port, wait_until
from tests.scripted import scripted


class _Received:
    """A subscriber that collects deliveries and acknowledges nothing by itself."""

    def __init__(
        self, settings: MqttSettings, receive_maximum: int, *, leaving: bool = False
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.refused: list[BrokerRefusedError] = []
        self.broker = Broker(
            settings,
            receive_maximum,
            self.deliveries.append,
            self.refused.append,
            leaving=leaving,
        )

    def wait(self, count: int) -> None:
        wait_until(lambda: len(self.deliveries) >= count, f"{count} deliveries")


@contextmanager
def _subscribed(
    port: int,
    receive_maximum: int = 100,
    settings: MqttSettings | None = None,
    *,
    leaving: bool = False,
) -> Iterator[_Received]:
    received = _Received(
        settings or MqttSettings(host="127.0.0.1", port=port), receive_maximum, leaving=leaving
    )
    received.broker.start()
    try:
        wait_until(received.broker.subscribed.is_set, "subscription")
        yield received
    finally:
        received.broker.close()


def _publish(port: int, *payloads: bytes) -> None:
    with connected(MqttSettings(host="127.0.0.1", port=port)) as publisher:
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


def _work_off(inbox: Inbox[Delivery], done: Callable[[Delivery], object]) -> None:
    """Acknowledge what comes into an inbox, in order, until it is closed."""
    while not inbox.closed:
        for delivery in inbox.take(0.1):
            done(delivery)
            delivery.acknowledge()


def test_what_there_is_no_room_for_comes_again(mosquitto: Mosquitto) -> None:
    """Many times what there is room for: all of it, in order, while we go on publishing.

    Nobody is told that we are gone, or that the connection is lost: it is given up on purpose.
    """
    sent = [b"%d" % number for number in range(1000)]
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port)
    with _subscribed(mosquitto.port):
        pass
    _publish(mosquitto.port, *sent)
    inbox: Inbox[Delivery] = Inbox(capacity=64, batch=16, delay=0, room=64)
    received: list[bytes] = []
    senders: list[Sender] = []
    broker = Broker(
        settings,
        1000,
        inbox.put,
        print,
        availability="state",
        on_connected=senders.append,
    )

    def done(delivery: Delivery) -> None:
        received.append(delivery.payload)
        if len(received) % 100 == 0:
            with suppress(ConnectionLostError):  # given up just now
                assert [None] == senders[-1].publish([Message("said", "x")])

    worker = threading.Thread(target=_work_off, args=(inbox, done))
    with structlog.testing.capture_logs() as logs, listening(mosquitto.port, "state") as listener:
        broker.start()
        wait_until(lambda: senders and len(inbox) == 64, "more than there is room for")
        worker.start()
        wait_until(lambda: len(set(received)) >= len(sent), "everything")
        told = listener.on("state")
        inbox.close()
        worker.join()
        broker.close()

    assert sent == list(dict.fromkeys(received))
    assert len(received) < 2 * len(sent)  # the last acknowledgements may meet a closed door
    events = [event["event"] for event in logs]
    assert "resuming" in events  # how often, depends on who is faster
    assert not {"connection-lost", "lost-again-and-again"} & set(events)
    assert {"online"} == set(told)


def test_what_was_forgotten_is_not_left_behind(mosquitto: Mosquitto) -> None:
    """Whoever waits for the last of what the broker has is not told that there is nothing more."""
    with _subscribed(mosquitto.port):
        pass
    _publish(mosquitto.port, *[b"tweet %d" % number for number in range(10)])
    inbox: Inbox[Delivery] = Inbox(capacity=5, batch=5, delay=0, room=5)
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port)
    broker = Broker(settings, 10, inbox.put, print, leaving=True)
    broker.start()
    wait_until(lambda: len(inbox) == 5, "as many as there is room for")
    time.sleep(0.2)
    assert 0 == broker.idle_for(time.monotonic())
    seen = set()

    def empty() -> bool:
        """Take what there is; the broker may send again what it was told on the way out."""
        for delivery in inbox.take(0):
            seen.add(delivery.payload)
            delivery.acknowledge()
        return broker.idle_for(time.monotonic()) > 0

    wait_until(empty, "nothing more")
    broker.close()

    assert 10 == len(seen)


def test_what_is_lost_at_qos_0_is_counted(mosquitto: Mosquitto) -> None:
    """There is no room for it, and it does not come again: its owner is told how many."""
    inbox: Inbox[Delivery] = Inbox(capacity=5, batch=5, delay=0, room=5)
    broker = Broker(MqttSettings(host="127.0.0.1", port=mosquitto.port), 10, inbox.put, print)
    with structlog.testing.capture_logs() as logs:
        broker.start()
        wait_until(broker.subscribed.is_set, "subscription")
        with connected(MqttSettings(host="127.0.0.1", port=mosquitto.port)) as publisher:
            publisher.publish([b"tweet"] * 100, "tweets/x", rate=0, qos=0)
        _publish(mosquitto.port, b"last")  # behind them
        connection = broker._connection
        assert connection
        wait_until(lambda: connection.forgotten, "the last of them")
        broker.close()

    assert [95] == [event["messages"] for event in logs if event["event"] == "overrun"]


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


def test_close_sends_the_acknowledgements() -> None:
    """What was acknowledged just before closing has been sent when we leave.

    (mosquitto drops what it has not read yet if it happens to write to who has left: then it comes
    again, and is in the log already.)
    """
    count = 50
    messages = b"".join(b"\x32\x07\x00\x01t" + bytes([0, i, 0, 0x78]) for i in range(1, count + 1))
    with scripted(then=messages) as broker:
        with _subscribed(broker.port) as received:
            received.wait(2 * count)  # they come with both subscriptions
            for delivery in received.deliveries[:count]:
                delivery.acknowledge()
        assert broker.left.wait(PATIENCE_S)

    assert [*range(1, count + 1)] == broker.acknowledged


def test_close_while_the_broker_is_away() -> None:
    """Closing does not wait for a broker that does not come."""
    received = _Received(MqttSettings(host="127.0.0.1", port=free_port()), 10)
    received.broker.start()
    time.sleep(0.2)
    started = time.monotonic()
    received.broker.close()

    assert time.monotonic() - started < 5
    assert [] == received.refused


def test_probe_names_the_protocol_and_leaves_no_session(mosquitto: Mosquitto) -> None:
    """Probing says MQTT 5; nothing is queued for the visitor afterwards."""
    assert Seen("5") == probe(MqttSettings(host="127.0.0.1", port=mosquitto.port))


def test_probe_of_nobody_is_an_error() -> None:
    """No broker: an OSError, at once."""
    with pytest.raises(OSError, match="refused"):
        probe(MqttSettings(host="127.0.0.1", port=free_port()))


def test_a_broker_that_refuses_our_last_will() -> None:
    """It gets us without: that it may know whether we are there is no reason to stay away."""

    def connack(connect: bytes) -> bytes:
        return b"\x20\x03\x00%c\x00" % (0x87 if connect[7] & 0b100 else 0)

    refused: list[BrokerRefusedError] = []
    with scripted(connack=connack) as broker, structlog.testing.capture_logs() as logs:
        settings = MqttSettings(host="127.0.0.1", port=broker.port)
        connection = Broker(settings, 10, print, refused.append, availability="t/availability")
        connection.start()
        try:
            wait_until(connection.subscribed.is_set, "subscription")
        finally:
            connection.close()

    assert [] == refused
    assert [] == broker.published
    assert ["Not authorized"] == [e["error"] for e in logs if e["event"] == "availability-refused"]


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_availability(mosquitto: Mosquitto, protocol: MQTTProtocolVersion) -> None:
    """Online once subscribed, offline before the end, in both versions of MQTT."""
    with listening(mosquitto.port, "t/availability") as listener:
        broker = Broker(
            MqttSettings(host="127.0.0.1", port=mosquitto.port),
            10,
            print,
            print,
            availability="t/availability",
        )
        broker._way = Way(protocol)
        broker.start()
        listener.wait("t/availability", "online")
        broker.close()
        listener.wait("t/availability", "online", "offline")


def _connack_of_3_1_1(connect: bytes) -> bytes:
    """Refuse the version, if it is 5, in the form of MQTT 5; else welcome in that of 3.1.1."""
    return b"\x20\x03\x00\x84\x00" if connect[6] == 5 else b"\x20\x02\x00\x00"


def _connack_without_sharing(_connect: bytes) -> bytes:
    """Say "Shared Subscription Available" = 0 (MQTT 5.0, section 3.2.2.3.13)."""
    return b"\x20\x05\x00\x00\x02\x2a\x00"


@pytest.mark.parametrize("connack", [_connack_of_3_1_1, _connack_without_sharing])
def test_a_group_needs_a_broker_that_shares(connack: Callable[[bytes], bytes]) -> None:
    """Without shared subscriptions we end, rather than have every board label everything."""
    refused: list[BrokerRefusedError] = []
    with scripted(connack=connack) as scripted_broker:
        settings = MqttSettings(
            host="127.0.0.1", port=scripted_broker.port, group="g", client_id="a"
        )
        broker = Broker(settings, 10, print, refused.append)
        broker.start()
        try:
            wait_until(lambda: refused, "a refusal")
        finally:
            broker.close()
        with pytest.raises(CannotShareError):
            probe(settings)

    assert [CannotShareError] == [type(refusal) for refusal in refused]
    assert "[mqtt] group" in refused[0].remedy
    assert [] == scripted_broker.subscribed


def test_a_broker_that_refuses_to_share_when_it_comes_to_it() -> None:
    """As above, only that a subscriber alone learns it (reason code 0x9E)."""
    refused: list[BrokerRefusedError] = []
    with scripted(granted=0x9E) as scripted_broker:
        settings = MqttSettings(
            host="127.0.0.1", port=scripted_broker.port, group="g", client_id="a"
        )
        broker = Broker(settings, 10, print, refused.append)
        broker.start()
        try:
            wait_until(lambda: refused, "a refusal")
        finally:
            broker.close()

    assert [CannotShareError] == [type(refusal) for refusal in refused]
    assert b"$share/g/tweets/#" == scripted_broker.subscribed[0]


def test_probe_of_a_group_is_content_with_mosquitto(mosquitto: Mosquitto) -> None:
    """It shares."""
    assert Seen("5") == probe(
        MqttSettings(host="127.0.0.1", port=mosquitto.port, group="g", client_id="a")
    )


def _taken_over(logs: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    events = ("session-taken-over", "lost-again-and-again")
    return [entry for entry in logs if entry["event"] in events]


def test_two_boards_with_one_client_id(mosquitto: Mosquitto) -> None:
    """They throw each other out; each says what is wrong, also if the broker does not say why."""
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port, client_id="raspberrypi")
    boards = [Broker(settings, 10, print, print) for _ in range(2)]
    with structlog.testing.capture_logs() as logs:
        for board in boards:
            board.start()
        try:
            wait_until(lambda: _taken_over(logs), "a word about it")
        finally:
            for board in boards:
                board.close()

    assert "raspberrypi" == _taken_over(logs)[0]["client_id"]
    reasons = [str(entry["reason"]) for entry in logs if entry["event"] == "connection-lost"]
    assert reasons
    assert all("client_id" in why or why == "Session taken over" for why in reasons)


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_no_line_says_unspecified(mosquitto: Mosquitto, protocol: MQTTProtocolVersion) -> None:
    """Two with one client_id, in both versions: what the broker does not say, we do."""
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port, client_id="raspberrypi")
    boards = [Broker(settings, 10, print, print) for _ in range(2)]
    with structlog.testing.capture_logs() as logs:
        for board in boards:
            board._way = Way(protocol)
            board.start()
        try:
            wait_until(lambda: _taken_over(logs), "a word about it")
        finally:
            for board in boards:
                board.close()

    assert not [entry for entry in logs if "Unspecified" in str(entry)]
    assert "{host}" in str(_taken_over(logs)[0]["note"])


def test_a_broker_that_tells_who_took_the_session_over() -> None:
    """Newer ones say so (reason code 0x8E), and it is believed the first time."""
    with (
        scripted(then=b"\xe0\x02\x8e\x00") as broker,
        structlog.testing.capture_logs() as logs,
    ):
        board = Broker(MqttSettings(host="127.0.0.1", port=broker.port), 10, print, print)
        board.start()
        try:
            wait_until(lambda: _taken_over(logs), "a word about it")
        finally:
            board.close()

    assert ["connection-lost", "session-taken-over"] == [
        entry["event"] for entry in logs if entry["log_level"] in ("warning", "error")
    ][:2]


def test_leaves_with_nothing_left_behind(mosquitto: Mosquitto) -> None:
    """A leaver takes what waits for it, and gets nothing new; then its session ends."""
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port, group="g", client_id="a")
    with _subscribed(mosquitto.port, settings=settings):
        pass
    _publish(mosquitto.port, b"waits")
    with _subscribed(mosquitto.port, settings=settings, leaving=True) as leaver:
        leaver.wait(1)
        _publish(mosquitto.port, b"too late")
        time.sleep(0.3)  # for it to arrive, if it were sent
        assert 0 == leaver.broker.idle_for(time.monotonic())
        leaver.deliveries[0].acknowledge()
        assert 0 < leaver.broker.idle_for(time.monotonic())
        leaver.broker.close(forget=True)
        assert 0 == leaver.broker.idle_for(time.monotonic())
    with structlog.testing.capture_logs() as logs, _subscribed(mosquitto.port, settings=settings):
        pass

    assert [b"waits"] == [delivery.payload for delivery in leaver.deliveries]
    assert [False] == [e["session_present"] for e in logs if e["event"] == "subscribed"]
