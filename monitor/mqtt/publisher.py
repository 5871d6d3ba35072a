"""Replay lines onto a topic, for `monitor publish` and the demo."""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

import click
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTProtocolVersion

from monitor.mqtt import network
from monitor.mqtt.client import connect, make_client
from monitor.mqtt.look import KNOWN, holds_session
from monitor.mqtt.session import BrokerRefusedError, ConnectionFailedError
from monitor.settings import MqttSettings
from monitor.settings.tls import LastWords
from monitor.tweets.encodings import utf8

_CONNECT_S: Final = 10.0
_ANSWER_S: Final = 60.0
_IN_FLIGHT: Final = 1000
"""Messages sent ahead of their acknowledgement."""
_IN_FLIGHT_TWICE: Final = 20
"""Of QoS 2: a mosquitto as it comes hangs up on whoever has more of them under way."""


class PublishError(Exception):
    """The messages cannot be published; the message says why."""


def replay(
    settings: MqttSettings, file: str, topic: str, rate: float, qos: int
) -> tuple[int, float]:
    """Publish every line of a file, with a progress bar on a terminal.

    Args:
        settings: which broker, as whom.
        file: a path, gzipped or not, or "-" for standard input.
        topic: what to publish on.
        rate: messages a second; 0 for no limit.
        qos: 0 to 2; with 1 and 2, waits until every message is acknowledged.

    Returns:
        How many messages, and how many seconds it took.

    Raises:
        OSError: if file or broker cannot be reached.
        PublishError: if the broker refuses or stops answering.
    """
    in_flight = _IN_FLIGHT_TWICE if qos == 2 else _IN_FLIGHT
    with _open(file) as (stream, size), connected(settings, in_flight) as publisher:
        started = time.monotonic()
        with click.progressbar(
            length=size, label=f"to {topic}", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:

            def payloads() -> Iterator[bytes]:
                for line in stream:
                    bar.update(len(line))
                    if payload := line.rstrip(b"\r\n"):
                        yield payload

            count = publisher.publish(payloads(), topic, rate, qos)
        return count, time.monotonic() - started


@contextlib.contextmanager
def _open(file: str) -> Iterator[tuple[Iterable[bytes], int]]:
    """Open for reading lines, of UTF-8 if it is told; the size is in bytes (0: unknown)."""
    try:
        with contextlib.ExitStack() as stack:
            plain: BufferedReader = (
                cast(BufferedReader, sys.stdin.buffer)
                if file == "-"
                else stack.enter_context(Path(file).open("rb"))
            )
            size = os.fstat(plain.fileno()).st_size if plain.seekable() else 0
            if not plain.peek(2).startswith(b"\x1f\x8b"):
                yield utf8(plain), size
                return
            with gzip.open(plain) as stream:
                if size:
                    size = sum(len(line) for line in stream)
                    stream.seek(0)
                yield utf8(cast(BinaryIO, stream)), size
    except (EOFError, zlib.error) as error:
        raise PublishError(f"{file}: {error}") from error


class Publisher:
    """A connection that publishes at a rate and waits for acknowledgements."""

    def __init__(self, client: Client, in_flight: int) -> None:
        self._client = client
        self._slots = in_flight
        self._in_flight = threading.BoundedSemaphore(in_flight)
        client.max_inflight_messages_set(in_flight)
        client.on_publish = lambda *_args: self._in_flight.release()

    def publish(self, payloads: Iterable[bytes], topic: str, rate: float, qos: int) -> int:
        """Publish payloads in order and return how many.

        Raises:
            PublishError: if the broker has not answered for a while.
        """
        started = time.monotonic()
        count = 0
        for payload in payloads:
            if rate:
                time.sleep(max(0.0, started + count / rate - time.monotonic()))
            self._take_slot()
            self._client.publish(topic, payload, qos)
            count += 1
        for _ in range(self._slots):  # all slots free: all acknowledged
            self._take_slot()
        for _ in range(self._slots):
            self._in_flight.release()
        return count

    def _take_slot(self) -> None:
        if not self._in_flight.acquire(timeout=_ANSWER_S):
            raise PublishError("the broker does not acknowledge; is it alive?")


@contextlib.contextmanager
def connected(settings: MqttSettings, in_flight: int = _IN_FLIGHT) -> Iterator[Publisher]:
    """Connect for publishing, and disconnect afterwards; no other client's session is ended.

    Args:
        settings: which broker, as whom.
        in_flight: messages sent ahead of their acknowledgement.

    Raises:
        OSError: if the broker cannot be reached.
        PublishError: if it refuses, or takes us for another client.
    """
    protocol = MQTTProtocolVersion.MQTTv311
    # A name that nobody has, so a session that the broker holds for it is somebody else's; 23
    # letters and digits, which every broker must take (MQTT 3.1.1, section 3.1.3.1).
    name = f"publish{secrets.token_hex(8)}"
    try:
        if holds_session(settings, name, protocol):
            raise PublishError(f"broker {settings.where}: {KNOWN}")
        client = make_client(settings, name, protocol, clean=True, reconnect=True)
    except OSError as error:
        raise OSError(f"broker {settings.where}: {error}") from error
    except BrokerRefusedError as error:
        raise PublishError(f"broker {settings.where}: {error} ({error.remedy})") from error
    except ConnectionFailedError as error:
        raise PublishError(f"broker {settings.where}: {error}") from error
    publisher = Publisher(client, in_flight)
    last_words = LastWords(client)
    answer: list[str] = []
    answered = threading.Event()

    def on_connect(*args: object) -> None:
        reason = args[3]
        answer.append("" if reason == 0 else f"{reason} (see [mqtt] username, password)")
        answered.set()
        last_words.ignore()

    def on_disconnect(*_args: object) -> None:
        answer.append(last_words.why())
        answered.set()

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    try:
        connect(client, settings)
    except OSError as error:
        raise OSError(f"broker {settings.where}: {error}") from error
    client.loop_start()
    try:
        if not answered.wait(_CONNECT_S):
            raise PublishError(f"broker {settings.where} does not answer")
        if answer[0]:
            raise PublishError(f"broker {settings.where}: {answer[0]}")
        yield publisher
    finally:
        client.disconnect()
        network.stop(client)
