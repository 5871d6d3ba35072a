"""Inference that raises, hangs or is slow: found out, told to systemd, and no tweet lost."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from monitor.inference import Classifier
from tests.factories import PAIRS
from tests.faults.ledger import publish, stored, wait_balanced
from tests.faults.saboteur import HANGING, MARK, sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_BATCH = 32
_ONE_BATCH = {
    "MONITOR_BATCH_MAX_TWEETS": str(_BATCH),
    "MONITOR_BATCH_MAX_DELAY_MS": "60000",  # so a batch is what was published together
    "MONITOR_PRIVACY_STORE_TEXT": "full",
    "MONITOR_MODEL_OTHER_LANGUAGES": "label",  # some of `PAIRS` are not English
}
_WATCHDOG_S = 1.0


def _messages(name: str, poisoned: Collection[int] = ()) -> list[tuple[str, bytes]]:
    """Make a batch of tweets of many kinds, some of which inference cannot take."""
    return [
        (
            f"{name}{i}",
            json.dumps(
                {"id": f"{name}{i}", "text": text + f" {MARK}" * (i in poisoned), "entity": entity}
            ).encode(),
        )
        for i, (text, entity) in enumerate(PAIRS[:_BATCH])
    ]


@pytest.mark.parametrize(
    "poisoned",
    [{0}, {17}, {0, 9, 10, 31}, set(range(0, _BATCH, 2)), set(range(_BATCH))],
    ids=["first", "one", "several", "half", "all"],
)
def test_a_poisoned_tweet_harms_no_other(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, classifier: Classifier, poisoned: set[int]
) -> None:
    """Those that make inference raise become dead letters; the others get the labels they get."""
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH)
    with sabotaged(daemon, "raise"):
        daemon.start()
    published = publish(mosquitto.port, _messages("a", poisoned))
    published |= publish(mosquitto.port, _messages("b"))
    wait_balanced(daemon, published)

    expected = [verdict["reputation"].label for verdict in classifier.classify(PAIRS[:_BATCH])]
    labels = dict(daemon.rows("SELECT tweet_id, reputation FROM labels"))
    dead = {json.loads(row[0])["id"] for row in daemon.rows("SELECT payload FROM dead_letters")}
    assert {f"a{i}" for i in poisoned} == dead
    assert [("inference",)] == daemon.rows("SELECT DISTINCT reason FROM dead_letters")
    assert {
        f"{name}{i}": label
        for name, without in (("a", poisoned), ("b", set()))
        for i, label in enumerate(expected)
        if i not in without
    } == labels
    assert [(_BATCH, len(poisoned)), (_BATCH, 0)] == daemon.rows(
        "SELECT received, rejected FROM batches ORDER BY id"
    )


class Systemd:
    """Listens to what the daemon tells systemd."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening

    def hears_of_life(self, patience: float) -> bool:
        """Whether the watchdog is fed within so many seconds."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            self._listening.settimeout(left)
            try:
                if self._listening.recv(100) == b"WATCHDOG=1":
                    return True
            except TimeoutError:
                return False
        return False

    def wait_bite(self) -> None:
        """Wait until the watchdog has been left without food for its time."""
        deadline = time.monotonic() + 5 * _WATCHDOG_S
        while self.hears_of_life(_WATCHDOG_S):
            assert time.monotonic() < deadline, "still fed"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """Stand in for systemd at the socket of `_watched`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        yield Systemd(listening)


def _watched(folder: Path, seconds: float) -> dict[str, str]:
    return {
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": str(int(seconds * 1e6)),
    }


@pytest.mark.parametrize("others", [0, 20])
def test_systemd_is_not_told_of_life_while_inference_hangs(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, systemd: Systemd, tmp_path: Path, others: int
) -> None:
    """Also if the other worker goes on with later batches, until the queues are full."""
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH, **_watched(tmp_path, _WATCHDOG_S))
    daemon.environment["MONITOR_BATCH_MAX_TWEETS"] = "1"
    daemon.environment["MONITOR_MODEL_WORKERS"] = "2"
    with sabotaged(daemon, "hang"):
        daemon.start()
    assert systemd.hears_of_life(PATIENCE_S)
    messages = _messages("a", {0})[: 1 + others]
    published = publish(mosquitto.port, messages[:1])
    wait_until(lambda: HANGING in daemon.said(), "the hang")
    published |= publish(mosquitto.port, messages[1:], rate=20)
    systemd.wait_bite()

    assert [] == stored(daemon)
    daemon.kill()  # as systemd would
    daemon.start()
    wait_balanced(daemon, published)


def test_systemd_hears_of_progress_within_a_batch(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, systemd: Systemd, tmp_path: Path
) -> None:
    """A batch may take longer than the watchdog's time, as long as it gets on."""
    patience = 4 * _WATCHDOG_S
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH, **_watched(tmp_path, patience))
    daemon.environment["MONITOR_BATCH_MAX_TWEETS"] = str(8 * _BATCH)
    daemon.environment["MONITOR_MODEL_WORKERS"] = "1"
    with sabotaged(daemon, "slow=200"):  # milliseconds for each group of 8
        daemon.start()
    assert systemd.hears_of_life(PATIENCE_S)
    published = publish(mosquitto.port, [m for i in range(8) for m in _messages(f"{i}-")])
    began = time.monotonic()
    while not daemon.stored():
        assert systemd.hears_of_life(patience), f"no sign of life in {time.monotonic() - began} s"

    assert time.monotonic() - began > patience
    wait_balanced(daemon, published)


def test_without_systemd_it_ends_itself(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Nobody watches: after a while without progress it exits with 1, and loses nothing."""
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH)
    with sabotaged(daemon, "hang", "stall=1"):
        daemon.start()
    published = publish(mosquitto.port, _messages("a", {3}))
    assert daemon.process is not None

    assert 1 == daemon.process.wait(PATIENCE_S)
    assert "no progress" in daemon.said()
    daemon.start()
    wait_balanced(daemon, published)
