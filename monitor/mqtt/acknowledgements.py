"""Acknowledgements in order of arrival (MQTT 5.0, section 4.6), of ignored messages too."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from paho.mqtt.client import Client


class Acknowledgements:
    """What one connection owes the broker at QoS 1.

    Deliveries are acknowledged when their receiver says so, in order of arrival. A message without
    a receiver is acknowledged as soon as the delivery before it has been.

    A delivery that its receiver had no room for is *forgotten*, and so is whatever comes after it:
    nothing may be acknowledged before it is. The broker sends them again on the next connection.
    """

    def __init__(self, client: Client, on_worked_off: Callable[[], object] = lambda: None) -> None:
        """Owe nothing yet.

        Args:
            client: of this connection.
            on_worked_off: called, maybe more than once, when messages were forgotten, there is room
                for them again (`make_room`), and all deliveries before them are acknowledged.
        """
        self._client = client
        self._on_worked_off = on_worked_off
        self._lock = threading.Lock()
        self._delivered = self._acknowledged = 0
        self._room = False
        self._waiting: deque[tuple[int, int]] = deque()
        """(number of the delivery before it, packet identifier)"""
        self.forgotten = 0
        """How many messages were, so far."""

    @property
    def owed(self) -> bool:
        """Whether there are messages that the broker is still to get an acknowledgement for."""
        return self.forgotten > 0 or self._acknowledged < self._delivered

    def of_delivery(self, mid: int) -> Callable[[], None]:
        """Take note of a delivery, and return what acknowledges it."""
        with self._lock:
            self._delivered += 1
            # Thousands of them may wait: this is a third of the size of a function of its own.
            return partial(self._acknowledge, self._delivered, mid)

    def of_no_delivery(self, mid: int) -> None:
        """Acknowledge a message that nobody receives, in its turn."""
        with self._lock:
            if self._acknowledged >= self._delivered:
                self._client.ack(mid, 1)
            else:
                self._waiting.append((self._delivered, mid))

    def refuse(self) -> None:
        """Forget the latest delivery, for which there was no room."""
        with self._lock:
            self._delivered -= 1
            self.forgotten += 1
        self._look()

    def forget(self) -> None:
        """Forget a message that came after a forgotten one."""
        self.forgotten += 1

    def make_room(self) -> None:
        """Take note that there is room again for what was forgotten."""
        self._room = True
        self._look()

    def _acknowledge(self, number: int, mid: int) -> None:
        with self._lock:
            self._client.ack(mid, 1)
            self._acknowledged = max(self._acknowledged, number)
            while self._waiting and self._waiting[0][0] <= self._acknowledged:
                self._client.ack(self._waiting.popleft()[1], 1)
        if self.forgotten:
            self._look()

    def _look(self) -> None:
        with self._lock:
            worked_off = self.forgotten and self._room and self._acknowledged >= self._delivered
        if worked_off:
            self._on_worked_off()
