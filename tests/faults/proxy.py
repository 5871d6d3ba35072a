"""A bad network: a TCP proxy between daemon and broker, as bad as it is told to be."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

Direction = Literal["to daemon", "to broker"]


class Proxy:
    """Passes bytes on between whoever connects and a broker, until told otherwise."""

    def __init__(self, broker_port: int) -> None:
        """Listen on a free port. `bad_network` does this, and closes it as well."""
        self.refusing = False
        """Hang up on whoever connects."""
        self.delay_s = 0.0
        """How long every piece of data is held up."""
        self.cut_after: dict[Direction, int] = {}
        """How many more bytes may pass before the connection is cut, once, in their middle."""
        self.connections = 0
        """How many were made so far."""
        self.pass_on: Callable[[bytes], Iterable[bytes]] = lambda data: (data,)
        """What the daemon is sent, instead of a piece of data from the broker."""
        self._broker = ("127.0.0.1", broker_port)
        self._pair: tuple[socket.socket, ...] = ()
        self._half_open = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def go_half_open(self) -> None:
        """From now on take all bytes of the latest connection, pass none on, close nothing."""
        self._half_open = self.connections

    def inject(self, garbage: bytes) -> None:
        """Send the daemon bytes that no broker would send."""
        self._pair[0].sendall(garbage)

    def cut(self) -> None:
        """Cut the latest connection now."""
        _shut(self._pair)

    def close(self) -> None:
        """End everything."""
        _shut((self._listener,))
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                daemon, _ = self._listener.accept()
                broker = socket.socket()
                pair = (daemon, broker)
                if self.refusing or broker.connect_ex(self._broker):
                    _shut(pair)
                    continue
                self._pair = pair
                self.connections += 1
                for way in ((daemon, broker, "to broker"), (broker, daemon, "to daemon")):
                    threading.Thread(
                        target=self._pump, args=(self.connections, *way), daemon=True
                    ).start()

    def _pump(
        self, number: int, source: socket.socket, sink: socket.socket, direction: Direction
    ) -> None:
        with contextlib.suppress(OSError):  # the other direction's thread has shut it
            while data := source.recv(65_536):
                time.sleep(self.delay_s)
                if number <= self._half_open:
                    continue
                if direction in self.cut_after:
                    may_pass = self.cut_after[direction]
                    self.cut_after[direction] -= len(data)
                    if may_pass < len(data):
                        del self.cut_after[direction]
                        sink.sendall(data[:may_pass])
                        break
                for piece in self.pass_on(data) if direction == "to daemon" else (data,):
                    sink.sendall(piece)
        _shut((source, sink))


def _shut(sockets: tuple[socket.socket, ...]) -> None:
    """Cut both ways at once, waking the threads that wait for data."""
    for end in sockets:
        with contextlib.suppress(OSError):  # not connected, or no longer
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def bad_network(broker_port: int) -> Iterator[Proxy]:
    """Put a proxy before a broker, and take it away afterwards."""
    proxy = Proxy(broker_port)
    try:
        yield proxy
    finally:
        proxy.close()
