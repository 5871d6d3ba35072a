"""Messages out over one connection: at QoS 1, in order, so many ahead of their acknowledgement."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_WINDOW: Final = 100
_OVERHEAD_BYTES: Final = 32
"""Upper bound, in bytes, of a PUBLISH packet without its topic and payload."""
_LARGEST_PACKET_BYTES: Final = 268_435_455
TOO_LARGE: Final = "Packet too large"
_NO_QOS: Final = "QoS not supported"
_NO_RETAIN: Final = "Retain not supported"


class ConnectionLostError(Exception):
    """The connection went before the broker had acknowledged everything."""


@dataclass(frozen=True, slots=True)
class Message:
    """What we publish, always at QoS 1."""

    topic: str
    payload: str
    retain: bool = False


class Sender:
    """Publishes over a client, from any thread, and gathers what the broker answers.

    paho's own window is switched off: what it holds back it would send after a DISCONNECT, never.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._one_at_a_time = threading.Lock()
        self._in_order = threading.Lock()
        self._ended = False
        self._answered = threading.Condition()
        self._answers: dict[int, str | None] = {}
        self._awaited = 0
        self._lost = False
        self._largest = _LARGEST_PACKET_BYTES
        self._takes_qos_1 = self._takes_retained = True
        self.last_answer = -math.inf
        """When the broker last answered, in monotonic seconds."""
        self.window = _WINDOW
        """Messages sent ahead of their acknowledgement."""
        client.max_inflight_messages_set(0)
        client.on_publish = self._on_publish

    def limit(self, granted: Properties | None) -> None:
        """Keep to what the broker said at its CONNACK (MQTT 5.0, section 3.2.2.3)."""
        # One is spared for the last message, which does not wait for others to be answered.
        self.window = max(1, min(_WINDOW, getattr(granted, "ReceiveMaximum", 65535) - 1))
        self._largest = min(
            self._largest, getattr(granted, "MaximumPacketSize", _LARGEST_PACKET_BYTES)
        )
        self._takes_qos_1 = getattr(granted, "MaximumQoS", 2) > 0
        self._takes_retained = bool(getattr(granted, "RetainAvailable", 1))

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        """Send messages in order, and wait until the broker has answered for all of them.

        Returns:
            For each None, or why the broker refuses it. To a client of MQTT 3.1.1 it cannot say so.

        Raises:
            ConnectionLostError: if the connection is lost before that; some may have arrived.
        """
        answers: list[str | None] = []
        with self._one_at_a_time:
            for start in range(0, len(messages), self.window):
                answers += self._publish(messages[start : start + self.window])
        return answers

    def _publish(self, messages: Sequence[Message]) -> list[str | None]:
        problems = [self._problem(message) for message in messages]
        with self._answered:
            self._awaited = len(self._answers) + problems.count(None)
        sent = [
            None if problem else self._send(message)
            for message, problem in zip(messages, problems, strict=True)
        ]
        with self._answered:

            def complete() -> bool:
                return all(mid is None or mid in self._answers for mid in sent)

            self._answered.wait_for(lambda: self._lost or complete())
            if not complete():
                raise ConnectionLostError
            return [
                problem if mid is None else self._answers.pop(mid)
                for mid, problem in zip(sent, problems, strict=True)
            ]

    def publish_last(self, message: Message, patience: float) -> None:
        """Send a message that nothing else follows, and wait a moment for its answer.

        Who disconnects without it may find the broker's answer in the way of its DISCONNECT.
        """
        with self._in_order:
            self._ended = True
            if self._problem(message):
                return
            mid = self._client.publish(message.topic, message.payload, 1, message.retain).mid
        with self._answered:
            self._answered.wait_for(lambda: self._lost or mid in self._answers, patience)

    def finish(self, patience: float) -> None:
        """Send nothing more, and wait a moment for the answers to what has been sent."""
        answered = self._one_at_a_time.acquire(timeout=patience)
        with self._in_order:
            self._ended = True
        if answered:
            self._one_at_a_time.release()

    def _send(self, message: Message) -> int:
        with self._in_order:
            if self._ended:
                raise ConnectionLostError
            return self._client.publish(message.topic, message.payload, 1, message.retain).mid

    def lose(self) -> None:
        """Let nobody wait for answers any longer."""
        with self._answered:
            self._lost = True
            self._answered.notify_all()

    def _problem(self, message: Message) -> str | None:
        """Say why the broker would hang up on a message, which would then be sent again."""
        size = len(message.topic.encode()) + len(message.payload.encode()) + _OVERHEAD_BYTES
        if size > self._largest:
            return TOO_LARGE
        if not self._takes_qos_1:
            return _NO_QOS
        return _NO_RETAIN if message.retain and not self._takes_retained else None

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.last_answer = time.monotonic()
        with self._answered:
            self._answers[mid] = str(reason) if reason.is_failure else None
            # To wake somebody up for each would cost more than it.
            if self._ended or len(self._answers) >= self._awaited:
                self._answered.notify_all()
