"""Acknowledgements in order of arrival (MQTT 5.0, section 4.6), those of nobody's messages too."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from paho.mqtt.client import Client


class Acknowledgements:
    """What one connection owes the broker at QoS 1.

    Deliveries are acknowledged when their receiver says so, in order of arrival. A message without
    a receiver is acknowledged as soon as the delivery before it has been.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._delivered = self._acknowledged = 0
        self._waiting: deque[tuple[int, int]] = deque()
        """(number of the delivery before it, packet identifier)"""

    @property
    def owed(self) -> bool:
        """Whether there are deliveries that their receiver has not acknowledged."""
        return self._acknowledged < self._delivered

    def of_delivery(self, mid: int) -> Callable[[], None]:
        """Take note of a delivery, and return what acknowledges it."""
        with self._lock:
            self._delivered += 1
            number = self._delivered

        def acknowledge() -> None:
            with self._lock:
                self._client.ack(mid, 1)
                self._acknowledged = max(self._acknowledged, number)
                while self._waiting and self._waiting[0][0] <= self._acknowledged:
                    self._client.ack(self._waiting.popleft()[1], 1)

        return acknowledge

    def of_no_delivery(self, mid: int) -> None:
        """Acknowledge a message that nobody receives, in its turn."""
        with self._lock:
            if self._acknowledged >= self._delivered:
                self._client.ack(mid, 1)
            else:
                self._waiting.append((self._delivered, mid))
