"""Forwarding from a real log over a real mosquitto, and what happens when that does not work."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest
import structlog

from monitor.mqtt import Broker, ConnectionLostError, Message, Sender
from monitor.publishing import Announcer, Outbox
from monitor.publishing import announcer as module
from monitor.publishing.outbox import Waiting, waiting
from monitor.settings import MqttSettings
from monitor.store import Store, open_log
from tests.listener import listening
from tests.processes import Mosquitto, wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty log with an outbox in it."""
    with closing(Store(tmp_path / "log.db")) as made:
        yield made


def _put(store: Store, outbox: Outbox, *payloads: str, suffix: str = "said") -> None:
    for payload in payloads:
        store.prepare(lambda c, p=payload: outbox.put(c, suffix, p, retain=suffix == "state"))  # type: ignore[misc]
    outbox.committed()


def _write(store: Store, outbox: Outbox, *payloads: str) -> None:
    """Put them, and have the outbox look after itself, as with a batch."""
    for payload in payloads:
        store.prepare(lambda c, p=payload: outbox.put(c, "said", p, retain=False))  # type: ignore[misc]
    store.tidy()


def _waiting(store: Store) -> list[Waiting]:
    with closing(open_log(store.path)) as log:
        return waiting(log, 0, 1000)


def _announcer(store: Store, outbox: Outbox) -> Announcer:
    return Announcer(store.path, outbox, "t", [], with_sensors=False)


@contextmanager
def _announcing(store: Store, outbox: Outbox, port: int) -> Iterator[Announcer]:
    announcer = _announcer(store, outbox)
    broker = Broker(
        MqttSettings(host="127.0.0.1", port=port),
        10,
        print,
        print,
        on_connected=announcer.connected,
    )
    broker.start()
    announcer.start()
    try:
        yield announcer
    finally:
        announcer.flush()
        broker.close()
        announcer.join()


def test_it_forwards_in_order_over_reconnections(
    start_mosquitto: Callable[..., Mosquitto], store: Store
) -> None:
    """What waited, what comes, and what comes while the broker is away; what is retained again."""
    broker, outbox = start_mosquitto(), Outbox("t")
    _put(store, outbox, "1", "2")
    _put(store, outbox, "state", suffix="state")
    with listening(broker.port, "t/#") as listener, _announcing(store, outbox, broker.port):
        listener.wait("t/said", "1", "2")
        _put(store, outbox, "3")
        listener.wait("t/said", "1", "2", "3")
        broker.stop()
        _put(store, outbox, "4", "5")
        broker.start()
        listener.wait("t/said", "3", "4", "5")
        wait_until(lambda: outbox.forwarded == 6, "all acknowledged")

    assert ["1", "2", "3", "4", "5"] == list(dict.fromkeys(listener.on("t/said")))
    assert 3 <= len(listener.on("t/state"))  # by itself, and on each connection


def test_the_end_waits_for_what_is_left(mosquitto: Mosquitto, store: Store) -> None:
    """What was put just before is sent, if it goes quickly."""
    outbox = Outbox("t")
    with listening(mosquitto.port, "t/said") as listener:
        with _announcing(store, outbox, mosquitto.port):
            _put(store, outbox, "first")
            listener.wait("t/said", "first")
            _put(store, outbox, *map(str, range(300)))
        assert 301 == outbox.forwarded
        listener.wait_count("t/said", 301)


class _HangingUp:
    """A broker that hangs up on whoever publishes a certain message."""

    window = 100

    def __init__(self, on: str) -> None:
        self._on = on
        self.heard: list[str] = []

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        """Take them, up to that one."""
        for message in messages:
            if message.payload == self._on:
                raise ConnectionLostError
            self.heard.append(message.payload)
        return [None] * len(messages)


def test_a_broker_that_hangs_up_is_left_in_peace(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three connections with longer and longer pauses; in the end the message is given up."""
    outbox = Outbox("t")
    _put(store, outbox, "1", "2", "3")
    announcer = _announcer(store, outbox)
    clock = [0.0]
    monkeypatch.setattr("monitor.publishing.announcer.time.monotonic", lambda: clock[0])
    pauses = []
    with structlog.testing.capture_logs() as logs:
        connections = []
        for _ in range(50):
            hanging_up = _HangingUp("2")
            connections.append(hanging_up)
            announcer.connected(cast(Sender, hanging_up))
            announcer._ended = False
            announcer._ending.set()  # one round only
            announcer._serve(store._connection)
            if announcer._resume > clock[0]:
                pauses.append(announcer._resume - clock[0])
                announcer.connected(cast(Sender, _HangingUp("nothing")))
                announcer._ended = False
                announcer._serve(store._connection)  # not yet
                clock[0] = announcer._resume
            if outbox.forwarded == 3:
                break

    assert ["1"] == connections[0].heard
    assert [60, 120, 240, 480, 960, 1920, 3600, 3600] == pauses
    assert ["3"] == connections[-1].heard
    refused = [event for event in logs if event["event"] == "publishing-refused"]
    assert ["the broker hangs up on it"] == [event["error"] for event in refused]


def test_a_log_that_cannot_be_read_is_tried_again(
    mosquitto: Mosquitto, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once, and the daemon goes on."""
    monkeypatch.setattr(module, "_AGAIN_S", 0.05)
    outbox = Outbox("t")
    tries = itertools.count()

    def failing(path: Path) -> sqlite3.Connection:
        return open_log(path if next(tries) > 1 else path.with_name("nothing"))

    monkeypatch.setattr(module, "open_log", failing)
    with (
        structlog.testing.capture_logs() as logs,
        listening(mosquitto.port, "t/said") as listener,
        _announcing(store, outbox, mosquitto.port),
    ):
        _put(store, outbox, "1")
        listener.wait("t/said", "1")

    assert 1 == [event["event"] for event in logs].count("outbox-unreadable")
    assert 1 == len(waiting(store._connection, 0, 10))


class _Answering:
    """What publishes over a connection: the broker answered last at this time."""

    last_answer = 0.0


def test_the_writer_waits_for_a_broker_that_answers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow it is, and while it is away; not for one that is there and answers nothing."""
    monkeypatch.setattr("monitor.publishing.outbox.MOST", 3)
    clock = [1000.0]
    monkeypatch.setattr("monitor.publishing.announcer.time.monotonic", lambda: clock[0])
    outbox, there, sender = Outbox("t"), [True], _Answering()
    store.set_hooks([outbox])
    announcer = Announcer(
        store.path, outbox, "t", [], with_sensors=False, is_connected=lambda: there[0]
    )
    assert announcer.wait_for_room(0)
    announcer.connected(cast(Sender, sender))
    _write(store, outbox, "1", "2", "3")
    with structlog.testing.capture_logs() as logs:
        for _ in range(10):  # an answer now and then
            clock[0] += 50
            sender.last_answer = clock[0]
            assert not announcer.wait_for_room(0)
        there[0] = False
        for _ in range(10):
            clock[0] += 1000
            assert not announcer.wait_for_room(0)
        there[0] = True
        clock[0] += 50
        assert not announcer.wait_for_room(0)
        assert not outbox.dropping
        clock[0] += 50
        assert announcer.wait_for_room(0)
        assert outbox.dropping
        _write(store, outbox, "4")
    assert ["2", "3", "4"] == [each.message.payload for each in _waiting(store)]
    assert {"outbox-full"} == {event["event"] for event in logs} - {"outbox-overflowed"}
    outbox.forwarded = 2
    assert announcer.wait_for_room(0)
    assert not outbox.dropping


def test_nothing_is_dropped_while_the_broker_answers(
    mosquitto: Mosquitto, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far more than may wait, put as fast as there is room: all of it arrives, in order."""
    monkeypatch.setattr("monitor.publishing.outbox.MOST", 20)
    outbox = Outbox("t")
    store.set_hooks([outbox])
    most = 0
    with (
        listening(mosquitto.port, "t/said") as listener,
        _announcing(store, outbox, mosquitto.port) as announcer,
    ):
        for number in range(300):
            while not announcer.wait_for_room(1):
                pass
            _write(store, outbox, str(number))
            most = max(most, len(_waiting(store)))
        listener.wait_count("t/said", 300)

    assert [str(number) for number in range(300)] == listener.on("t/said")
    assert 20 >= most
