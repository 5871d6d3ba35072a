"""SIGTERM and SIGINT, once and twice, at bad moments: an end in time, and nothing lost."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.ledger import publish, tweets, wait_balanced
from tests.faults.saboteur import HANGING, MARK, sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, free_port, wait_until

MakeDaemon = Callable[..., Daemon]
Ask = Callable[[Daemon, int, int], int]

SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.study)]
)
"""One handler takes both."""
BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
TIMES = pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
STOP_S = 1.0
"""In place of the daemon's 20 s."""
LEEWAY_S = 10.0
"""By how much the unit's TimeoutStopSec is longer."""


@pytest.fixture(autouse=True)
def _no_waiting_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tweet by itself is a batch at once."""
    monkeypatch.setenv("MONITOR_BATCH_MAX_DELAY_MS", "10")


@contextmanager
def in_time(seconds: float = LEEWAY_S) -> Iterator[None]:
    """Fail if it takes longer."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Signal a daemon, a second time once it has heard the first, and return its exit code."""
    address = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(PATIENCE_S)

        def signal_(daemon: Daemon, number: int, times: int) -> int:
            assert daemon.process is not None
            daemon.process.send_signal(number)
            while systemd.recv(100) != b"STOPPING=1":
                pass
            if times == 2:
                daemon.process.send_signal(number)
            del daemon.environment["NOTIFY_SOCKET"]
            return daemon.process.wait(PATIENCE_S)

        yield signal_


@SIGNALS
@TIMES
def test_in_the_middle_of_a_flood(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, ask: Ask, number: int, times: int
) -> None:
    """Asked once it finishes what is being labelled and exits with 0; asked twice it is gone."""
    daemon = make_daemon(mosquitto.port)
    with sabotaged(daemon, "slow=100"):
        daemon.start()
    published = publish(mosquitto.port, tweets(500))
    daemon.wait_stored(1)

    with in_time():
        assert {1: 0, 2: 128 + number}[times] == ask(daemon, number, times)
    assert daemon.stored() < len(published)
    daemon.start()
    wait_balanced(daemon, published)


@BOTH
@TIMES
def test_before_it_is_ready(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, number: int, times: int
) -> None:
    """A signal while the model is being loaded: it ends as soon as it has started."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    daemon.stop()
    published = publish(mosquitto.port, tweets(100))
    with sabotaged(daemon, *[f"signal={number}"] * times):
        daemon.start(ready=False)
    assert daemon.process is not None

    with in_time():
        assert {1: 0, 2: 128 + number}[times] == daemon.process.wait(PATIENCE_S)
    daemon.start()
    wait_balanced(daemon, published)


@SIGNALS
def test_while_there_is_no_broker(make_daemon: MakeDaemon, number: int) -> None:
    """It does not wait for one."""
    daemon = make_daemon(free_port())
    daemon.start(ready=False)
    wait_until(lambda: "broker-unavailable" in daemon.said(), "a word about it")

    with in_time():
        assert 0 == daemon.stop(number)


@SIGNALS
def test_while_the_broker_does_not_answer(make_daemon: MakeDaemon, number: int) -> None:
    """A broker that takes the connection and then says nothing does not hold it up."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(PATIENCE_S)
        daemon = make_daemon(mute.getsockname()[1])
        daemon.start(ready=False)
        with mute.accept()[0] as connection:
            assert connection.recv(100)

            with in_time():
                assert 0 == daemon.stop(number)


@SIGNALS
def test_while_the_broker_is_frozen(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, number: int
) -> None:
    """Acknowledgements that the broker does not take hold nothing up; the tweets come again."""
    daemon = make_daemon(mosquitto.port)
    with sabotaged(daemon, "slow=20"):
        daemon.start()
    published = publish(mosquitto.port, tweets(500))
    daemon.wait_stored(1)
    assert mosquitto._process is not None
    mosquitto._process.send_signal(signal.SIGSTOP)

    with in_time():
        assert 0 == daemon.stop(number)
    mosquitto._process.send_signal(signal.SIGCONT)
    daemon.start()
    wait_balanced(daemon, published)


@SIGNALS
def test_while_the_broker_is_gone(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, number: int
) -> None:
    """A broker that ends in the middle of a flood: the daemon ends too, and both go on later."""
    daemon = make_daemon(mosquitto.port)
    with sabotaged(daemon, "slow=20"):
        daemon.start()
    published = publish(mosquitto.port, tweets(500))
    daemon.wait_stored(1)
    mosquitto.stop()

    with in_time():
        assert 0 == daemon.stop(number)
    mosquitto.start()
    daemon.start()
    wait_balanced(daemon, published)


@SIGNALS
@TIMES
def test_while_inference_hangs(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, ask: Ask, number: int, times: int
) -> None:
    """What hangs is given up after the stop time, with exit code 1."""
    daemon = make_daemon(mosquitto.port)
    with sabotaged(daemon, "hang", f"stop-timeout={STOP_S}"):
        daemon.start()
    marked = json.dumps({"id": "marked", "text": f"Acme {MARK}"}).encode()
    published = publish(mosquitto.port, [*tweets(100), ("marked", marked)])
    wait_until(lambda: HANGING in daemon.said(), "the hang")

    with in_time(STOP_S + LEEWAY_S):
        assert {1: 1, 2: 128 + number}[times] == ask(daemon, number, times)
    daemon.start()
    wait_balanced(daemon, published)


@TIMES
def test_while_the_log_is_locked(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, ask: Ask, times: int
) -> None:
    """What cannot be written is left to the broker after the stop time."""
    daemon = make_daemon(mosquitto.port)
    with sabotaged(daemon, f"stop-timeout={STOP_S}"):
        daemon.start()
    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        published = publish(mosquitto.port, tweets(100))
        wait_until(lambda: "log-unwritable" in daemon.said(), "a word about it")

        with in_time(STOP_S + LEEWAY_S):
            code = ask(daemon, signal.SIGTERM, times)
    assert {1: 0, 2: 128 + signal.SIGTERM}[times] == code
    assert 0 == daemon.stored()
    daemon.start()
    wait_balanced(daemon, published)


def test_a_lock_that_ends_in_time(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """What was waiting to be written is written, once the log is free within the stop time."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        published = publish(mosquitto.port, tweets(60))
        wait_until(lambda: "log-unwritable" in daemon.said(), "a word about it")
        assert daemon.process is not None
        daemon.process.terminate()

    assert 0 == daemon.process.wait(PATIENCE_S)
    assert 0 < daemon.stored()
    daemon.start()
    wait_balanced(daemon, published)
