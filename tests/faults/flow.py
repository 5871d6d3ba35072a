"""A publisher that never gives up: what the broker has taken from it, it has promised to keep."""

from __future__ import annotations

import threading
import time
from random import Random
from types import TracebackType
from typing import Final, Self

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.ledger import TOPIC, rejects, tweets

_REJECTS_IN: Final = 20
"""One message in so many is no tweet."""
_TICK_S: Final = 0.1


class Flow:
    """Publishes at QoS 1 until told to end, over every restart of the broker."""

    def __init__(self, port: int, rate: float, first: int = 0) -> None:
        """Prepare.

        Args:
            port: where the broker listens.
            rate: messages a second.
            first: number of the first message.
        """
        self.rate = rate
        self.published: set[str] = set()
        self._next = first
        self._random = Random(first)
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._thread = threading.Thread(target=self._flow, name="flow")

    def burst(self, count: int) -> None:
        """Publish so many at once, beside what flows."""
        for _ in range(count):
            self._publish()

    def _publish(self) -> MQTTMessageInfo:
        with self._turn:
            number, self._next = self._next, self._next + 1
            kind = rejects if self._random.randrange(_REJECTS_IN) == 0 else tweets
            ((id_, payload),) = kind(1, number)
            self.published.add(id_)
            return self._client.publish(TOPIC, payload, qos=1)

    def _flow(self) -> None:
        last, owed = time.monotonic(), 0.0
        while not self._over.wait(_TICK_S):
            now = time.monotonic()
            owed += self.rate * (now - last)
            last = now
            self.burst(int(owed))
            owed -= int(owed)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, once the broker has acknowledged everything."""
        self._over.set()
        self._thread.join()
        if error is None:
            self._publish().wait_for_publish(60)
            while self._client.want_write():
                time.sleep(_TICK_S)
        self._client.disconnect()
        self._client.loop_stop()
