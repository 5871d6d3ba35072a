"""Scrapes over HTTP: at one address, to whoever asks, one after another."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter

from monitor.metrics import endpoint
from monitor.metrics.endpoint import Endpoint
from tests.processes import free_port

Listen = Callable[[str], Endpoint]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Answer at an address, until the test ends."""
    answering = []

    def start(where: str) -> Endpoint:
        registry = CollectorRegistry()
        Counter("answers", "To be found again.", registry=registry).inc(42)
        answering.append(Endpoint(where, registry))
        answering[-1].start()
        return answering[-1]

    yield start
    for one in answering:
        one.close()


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        assert "text/plain" in response.headers["Content-Type"]
        text: str = response.read().decode()
        return text


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_answers(listen: Listen, host: str) -> None:
    """At /metrics, over IPv4 and IPv6."""
    port = free_port()
    listen(f"{host}:{port}")

    assert "answers_total 42.0" in _get(f"http://{host}:{port}/metrics")


def test_a_taken_port_is_named(listen: Listen) -> None:
    """Two daemons on a board: the second one says which key to change, and why."""
    port = free_port()
    listen(str(port))
    with pytest.raises(OSError, match=rf"\[metrics\] listen = '{port}': Address already in use"):
        listen(str(port))


def test_an_address_of_another_machine_is_named(listen: Listen) -> None:
    """Nobody's address, RFC 5737."""
    with pytest.raises(OSError, match=r"\[metrics\] listen = '192.0.2.1:9464': Cannot assign"):
        listen("192.0.2.1:9464")


def test_lets_go_of_its_address(listen: Listen) -> None:
    """Closed, and another one can have it at once, though somebody was connected."""
    port = free_port()
    first = listen(str(port))
    _get(f"http://127.0.0.1:{port}/metrics")
    first.close()
    listen(str(port))

    assert "answers_total 42.0" in _get(f"http://127.0.0.1:{port}/")


def test_who_says_nothing_is_not_waited_for(
    listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that connects and is silent, or leaves in the middle, keeps nobody out."""
    assert 0 < endpoint._Handler.timeout < 10  # Prometheus' own patience
    monkeypatch.setattr(endpoint._Handler, "timeout", 0.05)
    port = free_port()
    listen(str(port))
    with socket.create_connection(("127.0.0.1", port)):
        with socket.create_connection(("127.0.0.1", port)) as leaving:
            leaving.sendall(b"GET /met")

        assert "answers_total 42.0" in _get(f"http://127.0.0.1:{port}/metrics")


def test_only_reading_is_allowed(listen: Listen) -> None:
    """Nothing can be sent to the daemon this way."""
    port = free_port()
    listen(str(port))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", data=b"x", timeout=10)

    assert 405 == caught.value.code
    caught.value.close()


def test_its_name_is_not_looked_up(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own server would ask the DNS for the name of the address it listens at."""
    asked: list[str] = []
    monkeypatch.setattr(socket, "getfqdn", asked.append)
    listen(str(free_port()))

    assert [] == asked
