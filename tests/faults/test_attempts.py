"""Messages that end the daemon: slow ones do not any more, others are found and given up."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.store.attempts import MOST_DEATHS
from tests.faults.ledger import TOPIC, publish, tweets, wait_balanced
from tests.faults.saboteur import MARK, sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_MARKS = "a" + "\N{COMBINING ACUTE ACCENT}" * 16_000 + "\N{COMBINING DOT BELOW}" * 16_000
"""64 kB that Unicode's normalization sorts, in quadratic time."""
_SETTINGS = {"MONITOR_PRIVACY_STORE_TEXT": "full", "MONITOR_BATCH_MAX_DELAY_MS": "300"}
_LIVES = 20
"""More than it takes to find one message."""


class Watchdog:
    """Systemd's: kills a daemon that does not say in time that it gets on, and starts it again."""

    def __init__(self, listening: socket.socket, seconds: float) -> None:
        self._listening = listening
        self._seconds = seconds
        self.bites = 0

    def guard(self, daemon: Daemon, settled: Callable[[], bool], patience: float) -> None:
        """Look after a daemon until something is so."""
        deadline = time.monotonic() + patience
        heard = time.monotonic()
        self._listening.settimeout(0.1)
        while not settled():
            assert time.monotonic() < deadline, f"not settled, {self.bites} bites"
            try:
                if self._listening.recv(100) in (b"WATCHDOG=1", b"READY=1"):
                    heard = time.monotonic()
            except TimeoutError:
                pass
            if time.monotonic() > heard + self._seconds:
                self.bites += 1
                assert daemon.process is not None
                daemon.process.send_signal(signal.SIGABRT)
                daemon.process.wait(PATIENCE_S)
                daemon.start()
                heard = time.monotonic()


@pytest.fixture
def watchdog(tmp_path: Path) -> Iterator[Watchdog]:
    """Stand in for systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        yield Watchdog(listening, 4.0)


def test_marks_in_disorder_are_labelled(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, watchdog: Watchdog, tmp_path: Path
) -> None:
    """Thirty messages, each of which took seconds, are a matter of a moment; so are the others."""
    daemon = make_daemon(
        mosquitto.port,
        NOTIFY_SOCKET=str(tmp_path / "notify"),
        WATCHDOG_USEC="4000000",
        **_SETTINGS,
    )
    daemon.start()
    bad = [(f"m{i}", f'{{"id": "m{i}", "text": "{_MARKS}"}}'.encode()) for i in range(30)]
    published = publish(mosquitto.port, [*tweets(10), *bad, *tweets(10, 10)])
    watchdog.guard(daemon, lambda: daemon.stored() == len(published), PATIENCE_S)

    assert 0 == watchdog.bites
    wait_balanced(daemon, published)


def _live(daemon: Daemon, settled: Callable[[], bool]) -> int:
    """Start a daemon whenever it is dead, until something is so, and count how often it died."""
    for deaths in range(_LIVES):
        daemon.start(ready=False)

        def over() -> bool:
            assert daemon.process is not None
            return daemon.process.poll() is not None or settled()

        wait_until(over, "the end of a life, or of the trouble")
        assert daemon.process is not None
        if daemon.process.poll() is None:
            return deaths
    raise AssertionError(daemon.said())


def _marked(number: int) -> tuple[str, bytes]:
    id_ = f"bad-{number}"
    return id_, json.dumps({"id": id_, "text": f"{MARK} Acme"}).encode()


@pytest.mark.parametrize(
    ("faults", "bad"),
    [
        pytest.param(["die-reading"], 1, marks=pytest.mark.study),
        pytest.param(["die-labelling"], 2, marks=pytest.mark.study),
        (["die-writing"], 1),
        pytest.param(["hang", "stall=1"], 1, marks=pytest.mark.study),
    ],
    ids=["reading", "labelling", "writing", "hanging"],
)
def test_what_ends_the_daemon_is_given_up(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, faults: list[str], bad: int
) -> None:
    """Such messages become dead letters with a reason of their own; those around are labelled."""
    daemon = make_daemon(mosquitto.port, **_SETTINGS)
    daemon.start()
    assert 0 == daemon.stop()
    innocent = publish(mosquitto.port, tweets(8))
    for number in range(bad):
        publish(mosquitto.port, [_marked(number)])
        innocent |= publish(mosquitto.port, tweets(8, 8 + 8 * number))
    crashed = "SELECT payload, topic FROM dead_letters WHERE reason = 'crash' ORDER BY payload"

    def settled() -> bool:
        return daemon.stored() == len(innocent) and len(daemon.rows(crashed)) == bad

    with sabotaged(daemon, *faults):
        deaths = _live(daemon, settled)
        # The same again, in the same life, does no harm.
        publish(mosquitto.port, [_marked(0)])
        innocent |= publish(mosquitto.port, tweets(1, 100))
        daemon.wait_stored(len(innocent))
        assert 0 == daemon.stop()

    assert '"given-up"' in daemon.said()
    assert deaths <= 1 + 1 + MOST_DEATHS * bad
    assert [(_marked(number)[1], TOPIC) for number in range(bad)] == daemon.rows(crashed)
    assert innocent == {id_ for (id_,) in daemon.rows("SELECT id FROM tweets")}
    assert [(0,)] == daemon.rows("SELECT count(*) FROM attempts")
    assert [(0,)] == daemon.rows("SELECT count(*) FROM running")
