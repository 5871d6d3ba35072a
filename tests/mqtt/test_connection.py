"""One connection to a real mosquitto: what comes in, what goes out, and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import paho.mqtt.publish
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from monitor.delivery import Delivery
from monitor.mqtt import Message
from monitor.mqtt import connection as module
from monitor.mqtt.connection import Connection
from monitor.mqtt.publisher import connected
from monitor.mqtt.session import Lives
from monitor.settings import MqttSettings
from tests.listener import listening
from tests.processes import Mosquitto, wait_until

FIVE, THREE = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


@contextmanager
def _open(
    port: int,
    *,
    protocol: MQTTProtocolVersion = FIVE,
    will: Message | None = None,
    receive_maximum: int = 100,
    deliver: Callable[[Delivery], object] = print,
    topic: str = "tweets/#",
    lives: Lives | None = None,
) -> Iterator[Connection]:
    settings = MqttSettings(host="127.0.0.1", port=port, topics=(topic,))
    connection = Connection(
        settings,
        protocol,
        receive_maximum,
        deliver,
        lives=lives,
        is_own=lambda topic: topic.startswith("own/"),
        will=will,
    )
    connection.open()
    try:
        yield connection
    finally:
        connection.close()


def _publish(port: int, topic: str, *payloads: bytes) -> None:
    with connected(MqttSettings(host="127.0.0.1", port=port)) as publisher:
        publisher.publish(payloads, topic, rate=0, qos=1)


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
    with _open(mosquitto.port) as connection, ThreadPoolExecutor(4) as pool:
        for closing in [pool.submit(connection.close) for _ in range(4)]:
            closing.result()


def test_the_answer_to_a_subscription_may_stand_behind_a_backlog(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the broker sends again comes first; reading it may take a slow board its time."""
    with _open(mosquitto.port, receive_maximum=2000):
        _publish(mosquitto.port, "tweets/x", *[b"tweet"] * 1000)
        time.sleep(0.2)  # for them to be on their way
    monkeypatch.setattr(module, "_SETTLE_S", 0.3)
    deliveries: list[Delivery] = []

    def deliver(delivery: Delivery) -> None:
        time.sleep(0.001)
        deliveries.append(delivery)

    with _open(mosquitto.port, receive_maximum=2000, deliver=deliver):
        assert 1000 == len(deliveries)


def test_what_came_in_a_session_that_is_gone_does_not_come_again(mosquitto: Mosquitto) -> None:
    """Not even once the session after it is taken up: whoever waited for it would lose it."""
    lives, deliveries = Lives(), list[Delivery]()
    for number in range(4):
        with _open(mosquitto.port, deliver=deliveries.append, lives=lives) as connection:
            if number < 2:
                _publish(mosquitto.port, "tweets/x", b"%d" % number)
            wait_until(lambda: len(deliveries) > number, "what came, or came again")  # noqa: B023
            if number == 0:
                connection.close(forget=True)

    assert [b"0", b"1", b"1", b"1"] == [delivery.payload for delivery in deliveries]
    assert [False, True, True, False] == [delivery.resent() for delivery in deliveries]


@pytest.mark.parametrize("protocol", [FIVE, THREE])
def test_our_own_messages_are_no_deliveries(
    mosquitto: Mosquitto, protocol: MQTTProtocolVersion
) -> None:
    """They come back to a filter that covers them, and are acknowledged, each in its turn.

    More of them than may be on their way at once, and a tweet in between that is not acknowledged
    yet: those before it make room, those after it wait for it.
    """
    deliveries: list[Delivery] = []
    with _open(
        mosquitto.port,
        protocol=protocol,
        receive_maximum=10,
        deliver=deliveries.append,
        topic="#",
    ) as connection:
        connection.sender.publish([Message("own/x", str(i)) for i in range(50)])
        _publish(mosquitto.port, "tweets/x", b"tweet")
        connection.sender.publish([Message("own/x", str(i)) for i in range(50)])
        wait_until(lambda: deliveries, "the tweet")
        deliveries[0].acknowledge()
        _publish(mosquitto.port, "tweets/x", b"another")
        wait_until(lambda: len(deliveries) == 2, "another")

    assert [b"tweet", b"another"] == [delivery.payload for delivery in deliveries]


def test_what_others_say_of_whether_they_are_there_is_no_delivery(mosquitto: Mosquitto) -> None:
    """Neither what is retained nor what comes later; other words on such a topic are tweets."""
    paho.mqtt.publish.single("other/availability", b"online", 1, retain=True, port=mosquitto.port)
    deliveries: list[Delivery] = []
    with _open(mosquitto.port, deliver=deliveries.append, topic="#", receive_maximum=1):
        for word in (b"offline", b"online"):
            _publish(mosquitto.port, "third/availability", word)
        _publish(mosquitto.port, "x/availability", b"Acme is back online")
        wait_until(lambda: deliveries, "the tweet")

    assert [b"Acme is back online"] == [delivery.payload for delivery in deliveries]


@pytest.mark.parametrize("protocol", [FIVE, THREE])
def test_the_will_is_published_if_we_do_not_say_goodbye(
    mosquitto: Mosquitto, protocol: MQTTProtocolVersion
) -> None:
    """Lost, the broker speaks for us; closed, it does not."""
    will = Message("own/state", "lost", retain=True)
    with listening(mosquitto.port, "own/state") as listener:
        with _open(mosquitto.port, protocol=protocol, will=will) as connection:
            connection.sender.publish([Message("own/state", "here")])
            connection.sender.publish_last(Message("own/state", "gone"), 30)
        listener.wait("own/state", "here", "gone")
        with _open(mosquitto.port, protocol=protocol, will=will) as connection:
            sock = connection._client.socket()
            assert sock is not None
            sock.close()
        listener.wait("own/state", "here", "gone", "lost")


def test_a_group_shares(mosquitto: Mosquitto) -> None:
    """Each message goes to one of its boards, and what was retained to none."""
    paho.mqtt.publish.single("tweets/x", b"retained", 1, retain=True, port=mosquitto.port)
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port, group="g")
    shares: list[list[Delivery]] = [[], []]
    boards = [
        Connection(replace(settings, client_id=str(i)), FIVE, 100, share.append)
        for i, share in enumerate(shares)
    ]
    for board in boards:
        board.open()
    sent = [str(i).encode() for i in range(40)]
    _publish(mosquitto.port, "tweets/x", *sent)
    wait_until(lambda: sum(map(len, shares)) >= len(sent), "everything")
    for board in boards:
        board.close()

    assert sorted(sent) == sorted(delivery.payload for share in shares for delivery in share)
    assert all(shares)


@pytest.mark.parametrize("groups", [("", "g"), ("g", ""), ("g", "h")])
def test_what_was_subscribed_to_is_given_up(mosquitto: Mosquitto, groups: tuple[str, str]) -> None:
    """Into a group, out of it and into another: no tweet comes twice, or to the old place."""
    before, after = (
        MqttSettings(host="127.0.0.1", port=mosquitto.port, client_id="a", group=group)
        for group in groups
    )
    opened = Connection(before, FIVE, 100, print)
    opened.open()
    opened.close()
    deliveries: list[Delivery] = []
    changed = Connection(after, FIVE, 100, deliveries.append, stale_topics=before.filters)
    changed.open()
    _publish(mosquitto.port, "tweets/x", *(str(i).encode() for i in range(10)))
    wait_until(lambda: len(deliveries) >= 10, "everything")
    time.sleep(0.2)  # for a second copy to arrive, if one were sent
    changed.close()

    assert [str(i).encode() for i in range(10)] == [delivery.payload for delivery in deliveries]
