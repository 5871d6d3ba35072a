"""The whole program over WebSockets, to a listener of a real mosquitto, with TLS and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.certificates import Certificates
from tests.faults.ledger import TOPIC, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, free_port, wait_until

StartMosquitto = Callable[..., Mosquitto]
MakeDaemon = Callable[..., Daemon]

_WEBSOCKETS = {"MONITOR_MQTT_TRANSPORT": "websockets"}


@dataclass(frozen=True)
class _Listeners:
    """Of one broker."""

    broker: Mosquitto
    plain: int

    @property
    def websockets(self) -> int:
        return self.broker.port


@pytest.fixture
def listen(start_mosquitto: StartMosquitto) -> Callable[..., _Listeners]:
    """Start a broker with a listener for WebSockets, and a plain one, which mosquitto insists on.

    (mosquitto 2.0.11 ends with "Unable to start any listening sockets" if there is no other.)
    """

    def listen(**options: str) -> _Listeners:
        plain = free_port()
        # The last of the options, as what comes after it is about the other listener.
        second = f"websockets\nlistener {plain} 127.0.0.1"
        return _Listeners(start_mosquitto(**options, protocol=second), plain)

    return listen


@pytest.mark.parametrize("tls", [pytest.param(False, marks=pytest.mark.study), True])
def test_the_ledger_over_websockets(
    listen: Callable[..., _Listeners], make_daemon: MakeDaemon, tmp_path: Path, tls: bool
) -> None:
    """Check, publish, run, a broker that restarts and a daemon that is killed."""
    certificates = Certificates(tmp_path)
    listeners = listen(**certificates.listener if tls else {})
    port = listeners.websockets
    daemon = make_daemon(port, **_WEBSOCKETS, **(certificates.trust if tls else {}))
    checked = daemon.command("check").stdout.decode().splitlines()[-1]
    daemon.start()
    published: set[str] = set()
    for start in range(0, 60, 20):
        messages = dict(tweets(20, start))
        result = daemon.command(
            "publish", "-", "--topic", TOPIC, stdin=b"\n".join(messages.values())
        )
        assert 0 == result.returncode, result.stderr
        published |= set(messages)
        if start == 0:
            daemon.kill()
            daemon.start()
        elif start == 20:
            times = daemon.said().count('"subscribed"')
            listeners.broker.stop()
            listeners.broker.start()
            wait_until(lambda n=times: daemon.said().count('"subscribed"') > n, "back")  # type: ignore[misc]

    wait_balanced(daemon, published)
    over = "over WebSockets with TLS" if tls else "over WebSockets"
    assert f"ok      127.0.0.1:{port} speaks MQTT 5 {over}" in checked


@pytest.mark.parametrize("command", [("check",), ("publish", "-", "--topic", TOPIC)])
@pytest.mark.parametrize("wrong", ["tcp to websockets", "websockets to tcp"])
def test_the_wrong_transport(
    listen: Callable[..., _Listeners],
    make_daemon: MakeDaemon,
    command: tuple[str, ...],
    wrong: str,
) -> None:
    """One line, that names the keys."""
    listeners = listen()
    daemon = (
        make_daemon(listeners.websockets)
        if wrong == "tcp to websockets"
        else make_daemon(listeners.plain, **_WEBSOCKETS)
    )
    result = daemon.command(*command, stdin=b"x")
    (*_, line) = (result.stdout + result.stderr).decode().splitlines()

    assert 1 == result.returncode
    assert "[mqtt] port" in line
    assert ("transport" if wrong == "tcp to websockets" else "websocket_path") in line
    assert b"Traceback" not in result.stderr
