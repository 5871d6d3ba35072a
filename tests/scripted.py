"""A broker that answers as told, for what no broker at hand can be made to say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from socket import SocketIO


def _welcome(_connect: bytes) -> bytes:
    return b"\x20\x03\x00\x00\x00"


class Scripted:
    """Speaks just enough MQTT to take a subscriber in, or not."""

    def __init__(
        self,
        listener: socket.socket,
        connack: Callable[[bytes], bytes],
        granted: int,
        then: bytes,
        hangs_up_on: bytes | None,
        sends: Iterable[bytes],
        window: int,
    ) -> None:
        self._listener = listener
        self._sends, self._window = enumerate(sends, 1), window
        self._connack, self._granted, self._then = connack, granted, then
        self._hangs_up_on = hangs_up_on
        self.port: int = listener.getsockname()[1]
        self.published: list[bytes] = []
        """Topics that were published on, in order."""
        self.acknowledged: list[int] = []
        """Packet identifiers of what the subscriber acknowledged, in order."""
        self.left = threading.Event()
        """Set by a DISCONNECT."""
        self.subscribed: list[bytes] = []
        """First filters of the subscriptions, in order."""

    def serve(self) -> None:
        """Answer one client after the other, until the listener is closed."""
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as brokers do
                with client, client.makefile("rwb", buffering=0) as stream, suppress(IndexError):
                    while True:
                        self._answer(stream)

    def _answer(self, stream: SocketIO) -> None:
        kind, length = stream.read(1)[0], stream.read(1)[0]
        if length > 127:
            length += 128 * (stream.read(1)[0] - 1)
        body = stream.read(length) or b""
        match kind >> 4:
            case 1:  # CONNECT
                stream.write(self._connack(body))
            case 3:  # PUBLISH
                self.published.append(body[2 : 2 + body[1]])
            case 4:  # PUBACK
                self.acknowledged.append(int.from_bytes(body[:2]))
                self._send(stream, 1)
            case 8:  # SUBSCRIBE; its filter comes after identifier, properties and length
                self.subscribed.append(body[5 : 5 + body[4]])
                if self._hangs_up_on and self.subscribed[-1].startswith(self._hangs_up_on):
                    raise IndexError
                stream.write(b"\x90\x04" + body[:2] + bytes([0, self._granted]) + self._then)
                self._send(stream, self._window if len(self.subscribed) == 1 else 0)
            case 14:  # DISCONNECT
                self.left.set()

    def _send(self, stream: SocketIO, count: int) -> None:
        for identifier, payload in islice(self._sends, count):
            body = b"\x00\x01t" + identifier.to_bytes(2) + b"\x00" + payload
            assert len(body) < 128  # a longer one needs more than a byte for its length
            stream.write(b"\x32" + bytes([len(body)]) + body)


@contextmanager
def scripted(
    *,
    connack: Callable[[bytes], bytes] = _welcome,
    granted: int = 1,
    then: bytes = b"",
    hangs_up_on: bytes | None = None,
    sends: Iterable[bytes] = (),
    window: int = 0,
) -> Iterator[Scripted]:
    """Have such a broker on a free loopback port.

    Args:
        connack: makes the packet that answers a CONNECT, from what follows the latter's length:
            in byte 6 the version, in byte 7 the flags.
        granted: the reason code that answers a subscription.
        then: what follows it at once.
        hangs_up_on: how a filter begins whose subscriber loses its connection.
        sends: payloads that are published on the topic ``t`` once there is a subscription, each of
            at most 120 bytes, at QoS 1 and by MQTT 5.
        window: how many of them may be without acknowledgement.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = Scripted(listener, connack, granted, then, hangs_up_on, sends, window)
        thread = threading.Thread(target=broker.serve, daemon=True)
        thread.start()
        yield broker
        listener.shutdown(socket.SHUT_RDWR)
