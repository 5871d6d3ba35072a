"""One connection to the broker: deliveries in, acknowledged by hand, and messages out.

Delivery semantics (MQTT 5.0, section 4.3, 4.4; 3.1.1 likewise):

* Subscriptions ask for QoS 1 at most, also where publishers use 2. In QoS 2 the client answers
  PUBREC before the tweet is on disk, and a client that dies then has lost it; in QoS 1 the broker
  keeps it until our PUBACK, and the tweet's id turns "at least once" into "once".
* Every connection has a client object of its own, and a delivery holds on to the one it came by.
  An acknowledgement that comes too late goes to the dead client, so it can never acknowledge a
  different message that has the same packet identifier on the new connection.
* Redelivery happens on reconnection only, so every delivery is acknowledged, in order of arrival.
* The network thread never waits for room: what stood still behind it would be the broker's answers
  to what we publish ourselves, and to pings. Brokers send far more than our receive maximum
  (mosquitto 2.0.11: all it has). What there is no room for is forgotten, unacknowledged; once the
  deliveries before it are worked off, the connection is given up for another one, on which the
  broker sends the rest again. At QoS 0 it is lost, and counted.
* What we publish ourselves may come back, if a topic filter covers it: it is no tweet, and is
  acknowledged in its turn. So is what others say of whether they are there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.clock import now
from monitor.delivery import Delivery, nothing
from monitor.mqtt import network
from monitor.mqtt.acknowledgements import Acknowledgements
from monitor.mqtt.client import connect, make_client, why_ended
from monitor.mqtt.sender import Message, Sender
from monitor.mqtt.session import (
    OFFLINE,
    ONLINE,
    ConnectionFailedError,
    HungUpError,
    Lives,
)
from monitor.mqtt.subscription import DROPPED_TOPIC, Subscription
from monitor.mqtt.ways import refusal
from monitor.settings import MqttSettings
from monitor.settings.tls import LastWords
from monitor.settings.topics import AVAILABILITY

_SETTLE_S: Final = 10.0
"""How long a broker may say nothing between TCP connection and subscription."""
_CLOSE_S: Final = 5.0
_LEAST_PACKET_BYTES: Final = 2**20
"""Packets up to this size, or twice the largest payload allowed, arrive and become dead letters;
larger ones the broker withholds (MQTT 5.0, section 3.1.2.11.4), and memory stays bounded."""
_PRESENCE: Final = (ONLINE.encode(), OFFLINE.encode())
_TAKEN_OVER: Final = "Session taken over"
_OF_ITS_OWN: Final = (_TAKEN_OVER, "Server shutting down", "Administrative action")
"""Why a broker ends a connection whatever we ask."""


def _is_presence(topic: str, payload: bytes | bytearray) -> bool:
    """Whether a daemon like us, or something else in the house, says that it is there or not."""
    return payload in _PRESENCE and topic.endswith(f"/{AVAILABILITY}")


def visitor(settings: MqttSettings) -> str:
    """Name the client that only looks whether the broker would take us."""
    return f"{settings.client_id}-visit"


class Connection:
    """One MQTT connection, from CONNECT to its loss; never used again after that."""

    def __init__(
        self,
        settings: MqttSettings,
        protocol: MQTTProtocolVersion,
        receive_maximum: int,
        deliver: Callable[[Delivery], object],
        on_dropped: Callable[[int], object] = lambda _total: None,
        stale_topics: Sequence[str] = (),
        lives: Lives | None = None,
        *,
        is_own: Callable[[str], bool] = lambda _topic: False,
        will: Message | None = None,
        visit: bool = False,
        leaving: bool = False,
    ) -> None:
        """Prepare; `open` connects.

        Args:
            settings: where, as whom, to what.
            protocol: the version of MQTT to speak.
            receive_maximum: as for `Broker`.
            deliver: as for `Broker`.
            on_dropped: as for `Broker`.
            stale_topics: filters to unsubscribe from.
            lives: counts this connection among the others of its session.
            is_own: tells topics of our own messages.
            will: what the broker is to publish if the connection is lost.
            visit: only try: under another client identifier, as a group of our own, and leave no
                session behind. Whoever visits has made sure that it ends nobody's session.
            leaving: take what the broker still has for us, but give up all subscriptions.
        """
        self._settings = settings
        self._visit = visit
        self._protocol = protocol
        self._receive_maximum = receive_maximum
        self._deliver = deliver
        self._on_dropped = on_dropped
        self._is_own = is_own
        self._lives = lives or Lives()
        self._lives.begun += 1
        self._life = self._lives.begun
        self._subscription = Subscription(
            settings, protocol, stale_topics, self._lives, visit=visit, leaving=leaving
        )
        self._last_message = time.monotonic()
        self._closing = threading.Lock()
        self._settled = threading.Event()
        self._problem: Exception | None = ConnectionFailedError("no answer from the broker")
        self.over = threading.Event()
        """Set once it is of no more use: lost, or to be given up for what was forgotten."""
        self.lost = threading.Event()
        self._answered = False
        self.session_present = False
        self.lost_asking = False
        """Whether it ended as we asked the broker how many messages it has dropped."""
        self.why_lost = ""
        """What the broker or the library said at the end."""
        self._overrun = self._overrun_told = 0
        self._client = make_client(
            settings, visitor(settings) if visit else settings.client_id, protocol, clean=visit
        )
        if will:
            self._client.will_set(will.topic, will.payload, 1, will.retain)
        self.sender = Sender(self._client)
        """Publishes over this connection."""
        self._acknowledgements = Acknowledgements(self._client, self.over.set)
        # One each, rather than one a delivery: thousands of them may wait.
        self._resent, self._make_room = self._resumed_since, self._acknowledgements.make_room
        self._last_words = LastWords(self._client)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    @property
    def taken_over(self) -> bool:
        """Whether the broker said that another client has come with our identifier."""
        return self.why_lost == _TAKEN_OVER

    @property
    def granted(self) -> int:
        """The least quality of service that the broker grants our subscriptions."""
        return self._subscription.granted

    @property
    def forgotten(self) -> int:
        """Messages that the broker has to send again, as there was no room for them."""
        return self._acknowledgements.forgotten

    def take_overrun(self) -> int:
        """Count the messages at QoS 0 lost since the last call, as there was no room for them."""
        total = self._overrun
        more, self._overrun_told = total - self._overrun_told, total
        return more

    def idle_for(self, now: float) -> float:
        """Seconds (monotonic) since the last message; 0 while we owe an acknowledgement."""
        return 0.0 if self._acknowledgements.owed else now - self._last_message

    def open(self) -> None:
        """Connect and subscribe.

        Raises:
            OSError: if the broker cannot be reached.
            BrokerRefusedError: if it refuses for good.
            CannotShareError: if we are one of a group, and it has no shared subscriptions.
            HungUpError: if it does not answer our CONNECT.
            ConnectionFailedError: if it refuses for now.
        """
        settings = self._settings
        v5: dict[str, Any] = {}
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            # Without an expiry interval, MQTT 5 keeps no session at all.
            properties.SessionExpiryInterval = 0 if self._visit else settings.session_expiry_s
            properties.ReceiveMaximum = self._receive_maximum
            properties.MaximumPacketSize = max(
                _LEAST_PACKET_BYTES, min(2 * settings.max_payload_bytes, 268_435_455)
            )
            v5 = {"clean_start": self._visit, "properties": properties}
        connect(self._client, settings, **v5)
        self._client.loop_start()
        settled = self._settles()
        if self._problem is not None:
            self.close()
            if not settled and not self._answered:
                raise HungUpError(str(self._problem), silent=True)
            raise self._problem

    def _settles(self) -> bool:
        """Wait for the broker's answer, which stands behind all that it sends again before it."""
        began = time.monotonic()
        while not self._settled.is_set():
            patience = max(began, self._last_message) + _SETTLE_S - time.monotonic()
            if patience <= 0:
                return False
            self._settled.wait(patience)
        return True

    def close(self, *, forget: bool = False) -> None:
        """Send what is queued, disconnect, and wait for the network thread to end.

        Args:
            forget: have the broker end the session too (MQTT 5).
        """
        v5: Properties | None = None
        if forget and self._protocol == MQTTProtocolVersion.MQTTv5:
            v5 = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            v5.SessionExpiryInterval = 0
        with self._closing:  # paho trips if two threads wait for its own at once
            if self._client.disconnect(properties=v5) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self.lost.wait(_CLOSE_S)
            network.stop(self._client)
            self._lose()  # also if the network thread died without saying so

    def _lose(self) -> None:
        self.lost.set()
        self.over.set()
        self.sender.lose()

    def _settle(self, problem: Exception | None) -> None:
        if not self._settled.is_set():
            self._problem = problem
            self._settled.set()

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._answered = True
        self._last_words.ignore()
        if reason.is_failure:
            self._settle(refusal(reason))
            return
        self.sender.limit(properties)
        self.session_present = flags.session_present
        if flags.session_present:  # what was not acknowledged comes again, from here on
            self._lives.resumed = self._life
        else:
            self._lives.first = self._life
        if problem := self._subscription.request(client, properties):
            self._settle(problem)

    def _on_subscribe(
        self,
        client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        ours, problem = self._subscription.answered(client, mid, reasons)
        if ours:
            self._settle(problem)

    def _on_unsubscribe(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if self._subscription.given_up(mid):
            self._last_message = time.monotonic()
            self._settle(None)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.why_lost = why_ended(reason)
        if reason.is_failure and self.why_lost not in _OF_ITS_OWN and self._subscription.lost():
            self.lost_asking = True
            # Perhaps for this question, perhaps for another reason: neither may be claimed.
            self.why_lost += f"; some brokers do so on a subscription to {DROPPED_TOPIC}"
        if not self._answered:
            self._settle(HungUpError(self._last_words.why(), silent=False))
        else:
            self._settle(
                ConnectionFailedError(
                    f"connection ended as we subscribed to {', '.join(self._subscription.topics)}:"
                    f" {self.why_lost}, or on a topic that we may not read"
                )
            )
        self._lose()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        # Nothing but this: an exception here would end the network thread.
        self._last_message = time.monotonic()
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"
        if topic == DROPPED_TOPIC:
            if message.payload.isdigit():
                self._on_dropped(int(message.payload))
            return
        if message.qos and self._acknowledgements.forgotten:
            self._acknowledgements.forget()
        elif not (self._is_own(topic) or _is_presence(topic, message.payload)):
            self._take(topic, message)
        elif message.qos:
            self._acknowledgements.of_no_delivery(message.mid)

    def _take(self, topic: str, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        kept = payload[: self._settings.max_payload_bytes + 1]
        seen = topic, kept, len(payload), message.timestamp, now()
        if message.qos:
            acknowledge = self._acknowledgements.of_delivery(message.mid)
            delivery = Delivery(*seen, acknowledge, self._resent, self._make_room)
            if self._deliver(delivery) is False:
                self._acknowledgements.refuse()
        elif self._deliver(Delivery(*seen, nothing)) is False:
            self._overrun += 1

    def _resumed_since(self) -> bool:
        return self._lives.first <= self._life < self._lives.resumed
