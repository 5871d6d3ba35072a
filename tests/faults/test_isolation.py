"""Nobody let in, nothing let out: the daemon has its broker, its log and systemd, and no more."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults import witness
from tests.faults.ledger import publish, rejects, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

# Of linux/sched.h, linux/sockios.h and linux/if.h
CLONE_NEWNET = 0x4000_0000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

NOBODY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are nobody's: RFC 5737, RFC 3849."""


def _live(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Go through a daemon's life: tweets, rubbish, a broker that is away, a reload, the end."""
    daemon.start()
    published = publish(mosquitto.port, [*tweets(20), *rejects(2)])
    wait_balanced(daemon, published)
    mosquitto.stop()
    wait_until(lambda: "broker-unavailable" in daemon.said(), "a word about the broker")
    mosquitto.start()
    wait_until(lambda: daemon.said().count('"subscribed"') == 2, "subscription again")
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.said().count('"subscribed"') == 3, "reload")
    published |= publish(mosquitto.port, tweets(20, 20))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()


def test_it_reaches_for_nothing_else(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """All its life long: its broker, its log with the key beside it, and words to systemd."""
    record, notify, temporary = tmp_path / "record", tmp_path / "notify", tmp_path / "temporary"
    temporary.mkdir()
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_PRIVACY_STORE_TEXT="full",
        MONITOR_BATCH_MAX_DELAY_MS="10",
        NOTIFY_SOCKET=str(notify),
        PYTHONDONTWRITEBYTECODE="1",
        TMPDIR=str(temporary),
    )
    daemon.program = (sys.executable, "-m", witness.__name__, str(record))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(notify))
        _live(daemon, mosquitto)
    lines = set(record.read_text().splitlines())
    opened = {line for line in lines if line.startswith("open ")}

    # paho wakes its network thread through a pair of loopback sockets of its own.
    assert {
        "socket.bind ('', 0)",  # where its connection begins
        "socket.bind ('127.0.0.1', 0)",
        "socket.connect a socket of its own",
        f"socket.connect ('127.0.0.1', {mosquitto.port})",
        "socket.getaddrinfo 127.0.0.1",
        f"socket.sendto {notify}",
        "sqlite3.connect :memory:",
        f"sqlite3.connect {daemon.database}",
        f"sqlite3.connect file:{daemon.database}?mode=ro",  # which entities it has
    } == lines - opened
    assert f"open {daemon.database}" in opened
    streams = {"open 1", "open 2"}
    assert [] == [line for line in opened - streams if not line.startswith(f"open {tmp_path}")]
    kept = {daemon.database, Path(f"{daemon.database}.key")}
    ours = {tmp_path / "daemon.log", mosquitto.folder, notify, record, temporary}
    assert kept | ours == set(tmp_path.iterdir())
    assert [] == list(temporary.iterdir())


@pytest.fixture
def cut_off() -> Iterator[ThreadPoolExecutor]:
    """A thread in a network of its own, as is what it starts: loopback, and no route elsewhere."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> str:
        if libc.unshare(CLONE_NEWNET):
            return os.strerror(ctypes.get_errno())
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
        return ""

    with ThreadPoolExecutor(1) as thread:
        if problem := thread.submit(enter).result():
            pytest.skip(f"unshare does not give the test a network of its own: {problem}")
        yield thread


def _unroutable() -> int:
    """Count what this network's programs wanted to send to where no route leads (RFC 4293)."""
    net = Path("/proc/thread-self/net")
    names, values = re.findall(r"^Ip: (.*)$", (net / "snmp").read_text(), re.MULTILINE)
    four = dict(zip(names.split(), values.split(), strict=True))["OutNoRoutes"]
    (six,) = re.findall(r"^Ip6OutNoRoutes\s+(\d+)$", (net / "snmp6").read_text(), re.MULTILINE)
    return int(four) + int(six)


def test_it_needs_no_network(
    start_mosquitto: Callable[..., Mosquitto], make_daemon: MakeDaemon, cut_off: ThreadPoolExecutor
) -> None:
    """With nothing but loopback all is well, and not even compiled code ever tried to get out."""

    def live() -> int:
        mosquitto = start_mosquitto()
        daemon = make_daemon(
            mosquitto.port, MONITOR_PRIVACY_STORE_TEXT="full", MONITOR_BATCH_MAX_DELAY_MS="10"
        )
        # By this thread, in whose network it is then, and not forked by another process.
        daemon.program = ("env", *daemon.program)
        _live(daemon, mosquitto)
        return _unroutable()

    def try_to_get_out() -> int:
        for family, address in NOBODY:
            with socket.socket(family, socket.SOCK_DGRAM) as any_socket, suppress(OSError):
                any_socket.connect((address, 9))
        return _unroutable()

    assert 0 == cut_off.submit(live).result()
    assert 2 == cut_off.submit(try_to_get_out).result()  # so it would have been counted
