"""Somebody who listens at the broker, as a home would, and keeps what is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.processes import PATIENCE_S, wait_until


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came."""

    topic: str
    payload: str
    retained: bool
    """Whether the broker had kept it, rather than passed it on."""


class Listener:
    """What was heard, in order."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def on(self, topic: str) -> list[str]:
        """Payloads on a topic, in order."""
        return [heard.payload for heard in list(self.heard) if heard.topic == topic]

    def latest(self, since: int = 0) -> dict[str, str]:
        """What was heard last on each topic, after the first so many messages; cleared ones out."""
        last = {heard.topic: heard.payload for heard in self.heard[since:]}
        return {topic: payload for topic, payload in last.items() if payload}

    def documents(self, topic: str) -> list[dict[str, Any]]:
        """The same, read as JSON."""
        return [json.loads(payload) for payload in self.on(topic)]

    def wait(self, topic: str, *payloads: str) -> None:
        """Wait until these are the last payloads on a topic."""
        wait_until(
            lambda: self.on(topic)[-len(payloads) :] == list(payloads),
            f"{payloads} on {topic}, not {self.on(topic)[-5:]}",
        )

    def wait_count(self, topic: str, count: int) -> None:
        """Wait until a topic has carried so many messages."""
        wait_until(lambda: len(self.on(topic)) >= count, f"{count} messages on {topic}")


@contextmanager
def listening(
    port: int, *filters: str, once: bool = False, login: tuple[str, str] = ("", "")
) -> Iterator[Listener]:
    """Listen until the end, also to a broker that restarts; nothing is missed meanwhile.

    With ``once``, the broker forgets us afterwards.
    """
    listener, subscribed = Listener(), threading.Event()
    client = Client(
        CallbackAPIVersion.VERSION2,
        f"listener-{id(listener)}",
        clean_session=once,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    client.reconnect_delay_set(1, 1)
    if login[0]:
        client.username_pw_set(*login)

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        heard = Heard(message.topic, message.payload.decode(), message.retain)
        listener.heard.append(heard)

    client.on_message = on_message

    def on_connect(*_args: object) -> None:
        client.subscribe([(topic, 1) for topic in filters or ("#",)])

    client.on_connect = on_connect
    client.on_subscribe = lambda *_args: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert subscribed.wait(PATIENCE_S)
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()


def kept(port: int) -> dict[str, str]:
    """What a broker retains: topic to payload."""
    with listening(port, "#", once=True) as listener:
        # Retained messages come before what is published after the subscription.
        marker = Client(CallbackAPIVersion.VERSION2)
        marker.connect("127.0.0.1", port)
        marker.loop_start()
        marker.publish("marker", "here", 1)
        listener.wait("marker", "here")
        marker.disconnect()
        marker.loop_stop()
        return {heard.topic: heard.payload for heard in listener.heard if heard.retained}
