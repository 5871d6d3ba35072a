"""A connection to the broker that comes back, whatever happens to it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from tenacity import Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from monitor.delivery import Delivery
from monitor.mqtt.connection import Connection
from monitor.mqtt.sender import ConnectionLostError, Message, Sender
from monitor.mqtt.session import (
    LOWERED,
    OFFLINE,
    ONLINE,
    BrokerRefusedError,
    BrokerSession,
    ConnectionFailedError,
    Lives,
    UnsupportedProtocolError,
)
from monitor.mqtt.ways import HANGS_UP, Way, attempt_this, find
from monitor.settings import MqttSettings

_FAREWELL_S: Final = 2.0
_LONGEST_BACKOFF_S: Final = 60.0
_HANG_UPS: Final = 3
_TELL_S: Final = 10.0
_SHORT_S: Final = 5.0
_DUEL: Final = 2
"""Connections lost sooner than this, so many in a row: somebody seems to throw us out."""


class Broker:
    """Keeps a connection to the broker, forever, from a thread of its own."""

    def __init__(
        self,
        settings: MqttSettings,
        receive_maximum: int,
        deliver: Callable[[Delivery], object],
        on_refused: Callable[[BrokerRefusedError], object],
        on_dropped: Callable[[int], object] = lambda _total: None,
        session: BrokerSession | None = None,
        *,
        availability: str = "",
        is_own: Callable[[str], bool] = lambda _topic: False,
        on_connected: Callable[[Sender], object] = lambda _sender: None,
        leaving: bool = False,
    ) -> None:
        """Prepare; `start` connects.

        Args:
            settings: where, as whom, to what.
            receive_maximum: messages the broker may send ahead of their acknowledgement.
            deliver: called with every message on the network thread, where nothing may wait. If
                there is no room for it now, it returns False and nothing else; once there is, it
                says so (`Delivery.make_room`), and the broker sends it again.
            on_refused: called once, on a refusal for good before the first success.
            on_dropped: told, if the broker tells, how many messages it has dropped since its start.
            session: what an earlier life left behind.
            availability: the topic that says whether we are there; "" for none.
            is_own: tells topics of our own messages, which are no tweets if they come back.
            on_connected: told of every subscribed connection, with what publishes over it.
            leaving: give up all subscriptions, and take only what the broker still has for us.
        """
        self._settings = settings
        self._receive_maximum = receive_maximum
        self._deliver = deliver
        self._on_refused = on_refused
        self._on_dropped = on_dropped
        self._session = session or BrokerSession()
        self._availability = availability
        self._is_own = is_own
        self._on_connected = on_connected
        self._leaving = leaving
        self._way: Way | None = None
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._connections = 0
        self._unheard = 0
        self._short_lived = 0
        self._lives = Lives()
        self.subscribed = threading.Event()
        self._log = structlog.get_logger().bind(broker=f"{settings.host}:{settings.port}")
        self._thread = threading.Thread(target=self._supervise, name="broker")

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        self._thread.start()

    def connected(self) -> bool:
        """Whether the broker has us subscribed."""
        return self.subscribed.is_set()

    def idle_for(self, now: float) -> float:
        """Seconds (monotonic) since the last message; 0 while away or owing acknowledgements."""
        connection = self._connection
        return connection.idle_for(now) if connection and self.subscribed.is_set() else 0.0

    def close(self, *, forget: bool = False) -> None:
        """Send what is queued, say that we leave, disconnect and end the threads.

        Args:
            forget: have the broker end our session, with whatever it still holds.
        """
        self._stop.set()
        if connection := self._connection:
            if self._availability:
                farewell = Message(self._availability, OFFLINE, retain=True)
                connection.sender.publish_last(farewell, _FAREWELL_S)
            connection.close(forget=forget)
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        while not self._stop.is_set():
            try:
                connection = self._connect()
            except BrokerRefusedError as error:
                self._on_refused(error)
                return
            if connection is None:
                return
            began = time.monotonic()
            self.subscribed.set()
            self._say_online(connection)
            self._on_connected(connection.sender)
            while not connection.over.wait(_TELL_S):
                self._tell_overrun(connection)
            self.subscribed.clear()
            resuming = not connection.lost.is_set()
            if resuming:  # what is on its way to the broker need not go there twice
                connection.sender.finish(_FAREWELL_S)
            connection.close()
            self._tell_overrun(connection)
            if resuming:
                self._log.info("resuming", forgotten=connection.forgotten)
            elif not self._stop.is_set():
                self._tell_loss(connection, time.monotonic() - began)
                # Two daemons with one client id would otherwise throw each other out in a spin.
                calmer = 2.0 ** min(max(self._short_lived - _DUEL, 0), 4)
                self._stop.wait(calmer * random.uniform(0.1, 1.0))  # noqa: S311  (jitter)

    def _tell_overrun(self, connection: Connection) -> None:
        if lost := connection.take_overrun():
            self._log.warning(
                "overrun",
                messages=lost,
                note="published at QoS 0, faster than they are labelled, and lost;"
                " at QoS 1 the broker keeps them",
            )

    def _tell_loss(self, connection: Connection, seconds: float) -> None:
        self._log.warning("connection-lost", reason=connection.why_lost)
        if connection.lost_asking:  # perhaps for that question, which is soon asked no more
            return
        self._short_lived = self._short_lived + 1 if seconds < _SHORT_S else 0
        blame = {
            "client_id": self._settings.client_id,
            "note": "does another client use our client_id? Each board needs one of its own,"
            " and {host} in it stands for the board's name",
        }
        if connection.taken_over:
            self._log.error("session-taken-over", **blame)
        elif self._short_lived == _DUEL:  # mosquitto before 2.0.15 does not say so
            self._log.error("lost-again-and-again", **blame)

    def _say_online(self, connection: Connection) -> None:
        if not self._availability:
            return
        online = Message(self._availability, ONLINE, retain=True)
        try:
            (refusal,) = connection.sender.publish([online])
        except ConnectionLostError:
            # mosquitto 2.0.11 does so if it must not be said, and max_queued_messages is 0.
            self._unheard += 1
            if self._unheard >= _HANG_UPS:
                self._give_up_availability(HANGS_UP)
            return
        self._unheard = 0
        if refusal:
            self._give_up_availability(refusal)

    def _give_up_availability(self, refusal: str) -> None:
        self._log.warning(
            "availability-refused",
            topic=self._availability,
            error=refusal,
            note="the broker does not tell whether we are there: does it take retained messages at"
            " QoS 1, and may we write there? [publish] availability = false leaves it out",
        )
        self._availability = ""

    def _connect(self) -> Connection | None:
        """Try until it works; None if told to stop."""
        retrying = Retrying(
            retry=retry_if_exception_type((OSError, ConnectionFailedError)),
            wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_BACKOFF_S),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            before_sleep=lambda state: self._log.warning(
                "broker-unavailable",
                error=str(state.outcome and state.outcome.exception()),
                attempt=state.attempt_number,
                next_attempt_in_s=round(state.upcoming_sleep, 1),
            ),
            retry_error_callback=lambda _state: None,
        )
        return retrying(self._attempt)

    def _attempt(self) -> Connection | None:
        if self._stop.is_set():
            return None
        try:
            if self._way is None:
                will = bool(self._availability)
                connection, way = find(self._open, lambda opened: opened.close(), will=will)
            else:
                connection, way = attempt_this(self._open, self._way)
        except BrokerRefusedError as error:
            if self._connections:  # it took us before: the owner is busy with its passwords
                raise ConnectionFailedError(str(error)) from error
            raise
        except UnsupportedProtocolError:  # it took us before: another broker has its place
            self._way = None
            raise
        if way.refusal and self._availability:
            self._give_up_availability(way.refusal)
        self._way = way
        self._connections += 1
        expected = self._connections > 1 or self._session.expected
        if expected and not connection.session_present:
            self._log.warning("session-lost", note="the broker may have dropped queued tweets")
        self._log.info(
            "leaving" if self._leaving else "subscribed",
            topics=list(self._settings.filters),
            mqtt=way.version,
            session_present=connection.session_present,
        )
        if connection.granted < self._settings.qos and self._connections == 1:
            self._log.warning("qos-lowered", granted=connection.granted, note=LOWERED)
        return connection

    def _open(self, way: Way) -> Connection:
        """Connect one way; whoever closes us closes that, too."""
        with_will = way.will and self._availability
        connection = Connection(
            self._settings,
            way.protocol,
            self._receive_maximum,
            self._deliver,
            self._on_dropped,
            self._session.stale_topics,
            self._lives,
            is_own=self._is_own,
            will=Message(self._availability, OFFLINE, retain=True) if with_will else None,
            leaving=self._leaving,
        )
        self._connection = connection
        if self._stop.is_set():  # looked at after the connection can be seen by who closes it
            raise ConnectionFailedError("told to stop")
        connection.open()
        return connection
