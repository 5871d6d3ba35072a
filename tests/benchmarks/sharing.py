"""What a broker alone can pass on to subscribers that share a topic and only acknowledge."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.processes import Mosquitto, wait_until

TOPIC: Final = "tweets/bench"
_RECEIVE_MAXIMUM: Final = 256
"""As a board with one worker asks for."""
_PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Passed:
    """How one broker did."""

    subscribers: int
    messages_per_s: float
    """From the first to the last that arrived: publisher, broker and subscribers on one machine."""
    broker_us_per_message: float
    """CPU time of the broker, for a message in, out, and both acknowledgements."""

    @property
    def ceiling(self) -> float:
        """Messages a second that would keep one core busy, which is all that mosquitto uses."""
        return 1e6 / self.broker_us_per_message

    def as_json(self) -> dict[str, float]:
        """For a report."""
        return {**asdict(self), "ceiling_messages_per_s": self.ceiling}


def passed_on(
    program: str, folder: Path, payloads: Sequence[bytes], subscribers: int, count: int
) -> Passed:
    """Publish so many messages at QoS 1, and wait until the subscribers have them all."""
    context = multiprocessing.get_context("spawn")
    counters: list[Synchronized[int]] = [context.Value("q", -1) for _ in range(subscribers)]
    broker = Mosquitto(program, folder, {"max_inflight_messages": "0"})
    broker.start()
    processes = [
        context.Process(target=_acknowledge, args=(broker.port, counter), daemon=True)
        for counter in counters
    ]
    publisher = context.Process(target=_publish, args=(broker.port, payloads, count), daemon=True)
    try:
        for process in processes:
            process.start()
        wait_until(lambda: all(c.value == 0 for c in counters), "subscriptions", _PATIENCE_S)
        before = _cpu_s(broker)
        publisher.start()

        def arrived() -> int:
            return sum(counter.value for counter in counters)

        wait_until(arrived, "the first message", _PATIENCE_S, every=0.001)
        began, first = time.monotonic(), arrived()
        wait_until(lambda: arrived() >= count, "every message", _PATIENCE_S, every=0.01)
        seconds, spent = time.monotonic() - began, _cpu_s(broker) - before
    finally:
        for process in [*processes, publisher]:
            if process.pid is not None:
                process.kill()
                process.join()
        broker.kill()
    return Passed(subscribers, round((count - first) / seconds), round(1e6 * spent / count, 1))


def _cpu_s(broker: Mosquitto) -> float:
    """CPU seconds of the broker's process so far; fields 14 and 15 of proc_pid_stat(5)."""
    assert broker._process is not None
    stat = Path(f"/proc/{broker._process.pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _acknowledge(port: int, counter: Synchronized[int]) -> None:
    """Subscribe in the group, and acknowledge for ever; the counter is 0 once subscribed."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)

    def count(*_args: object) -> None:
        counter.value += 1

    def subscribed(*_args: object) -> None:
        counter.value = 0

    client.on_message, client.on_subscribe = count, subscribed
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = _RECEIVE_MAXIMUM
    client.connect("127.0.0.1", port, properties=properties)
    client.subscribe(f"$share/bench/{TOPIC}", 1)
    client.loop_forever()


def _publish(port: int, payloads: Sequence[bytes], count: int) -> None:
    with connected(MqttSettings(host="127.0.0.1", port=port)) as publisher:
        publisher.publish((payloads[i % len(payloads)] for i in range(count)), TOPIC, 0, qos=1)
