"""What a connection subscribes to, and what the broker answers.

* Subscriptions ask for QoS 1 at most, also where publishers use 2 (see `connection`).
* In a group (MQTT 5.0, section 4.8.2) the broker gives every tweet to one of its boards. A broker
  that cannot share is refused: subscribed the plain way, each board would label everything.
* mosquitto tells how many messages it has dropped, if it is asked. Other brokers end a connection
  that asks for what they do not have, so that question comes last, and not for ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from monitor.mqtt.session import CannotShareError, ConnectionFailedError, Lives
from monitor.settings import MqttSettings

DROPPED_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
"""Where mosquitto tells how many messages it has dropped, for all its clients, since its start."""
_CANNOT_SHARE: Final = "it has no shared subscriptions"
_SHARED_REFUSED: Final = "Shared subscription not supported"  # as paho calls reason code 0x9E
_MOST_LOST_ASKING: Final = 2
"""Connections in a row that the question of what was dropped may cost: one could be chance, such as
another client that connects with our identifier just then."""


class Subscription:
    """The subscriptions of one connection. Used by its network thread alone, once it is made."""

    def __init__(
        self,
        settings: MqttSettings,
        protocol: MQTTProtocolVersion,
        stale_topics: Sequence[str],
        lives: Lives,
        *,
        visit: bool,
        leaving: bool,
    ) -> None:
        """Prepare; the arguments are those of `connection.Connection`."""
        self._settings = settings
        self._five = protocol == MQTTProtocolVersion.MQTTv5
        self._stale_topics = list(stale_topics)
        self._lives = lives
        self._visit, self._leaving = visit, leaving
        self.topics: Sequence[str] = _visitors(settings) if visit else settings.filters
        """Filters."""
        self.granted: int = settings.qos
        """The least quality of service that the broker grants."""
        self._mid: int | None = None
        self._asking: int | None = None

    def request(self, client: Client, offered: Properties | None) -> CannotShareError | None:
        """Subscribe, or give all subscriptions up; `answered` or `given_up` follows.

        Args:
            client: connected.
            offered: what the broker said with its CONNACK (MQTT 5).

        Returns:
            What stands in the way, in which case nothing was sent.
        """
        if self._settings.group and not self._shares(offered):
            return CannotShareError(_CANNOT_SHARE)
        if self._leaving:
            _, self._mid = client.unsubscribe([*self.topics, *self._stale_topics])
            if self._may_ask:
                client.unsubscribe(DROPPED_TOPIC)
            return None
        qos = self._settings.qos
        if self._five:
            # Retained messages come with a new subscription only, not on every reconnection; to a
            # group never, though mosquitto before 2.0.13 would send them to each of its boards.
            options = SubscribeOptions(
                qos=qos,
                retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND
                if self._settings.group or self._visit
                else SubscribeOptions.RETAIN_SEND_IF_NEW_SUB,
            )
            _, self._mid = client.subscribe([(topic, options) for topic in self.topics])
        else:
            _, self._mid = client.subscribe([(topic, qos) for topic in self.topics])
        if self._stale_topics:
            client.unsubscribe(self._stale_topics)
        return None

    def answered(
        self, client: Client, mid: int, reasons: Sequence[ReasonCode]
    ) -> tuple[bool, Exception | None]:
        """Take an answer to a subscription.

        Returns:
            Whether it is the one to all our topics, and what is wrong with it.
        """
        if mid == self._asking:  # if it will not say, we do without
            self._asking, self._lives.lost_asking = None, 0
        if mid != self._mid:
            return False, None
        if any(str(reason) == _SHARED_REFUSED for reason in reasons):
            return True, CannotShareError(_CANNOT_SHARE)
        refused = [
            f"{topic}: {reason}"
            for topic, reason in zip(self.topics, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            return True, ConnectionFailedError(f"subscription refused: {'; '.join(refused)}")
        self.granted = min((reason.value for reason in reasons), default=0)
        if not self._visit and self._may_ask:  # after the answer, as the question may cost us
            _, self._asking = client.subscribe(DROPPED_TOPIC)
        return True, None

    def given_up(self, mid: int) -> bool:
        """Whether this answers our giving up; what there was no subscription to does not matter."""
        return mid == self._mid

    def lost(self) -> bool:
        """Take note that the connection ended without a reason; return whether we were asking."""
        if self._asking is None:
            return False
        self._lives.lost_asking += 1
        return True

    @property
    def _may_ask(self) -> bool:
        """Whether to ask what was dropped: not if it costs us the connection (rumqttd)."""
        return self._lives.lost_asking < _MOST_LOST_ASKING

    def _shares(self, offered: Properties | None) -> bool:
        """Whether the broker has shared subscriptions (MQTT 5.0, section 3.2.2.3.13)."""
        return self._five and bool(getattr(offered, "SharedSubscriptionAvailable", 1))


def _visitors(settings: MqttSettings) -> tuple[str, ...]:
    """Filters like ours, but shared in groups of a visitor's own: he takes nothing from ours."""
    return tuple(
        re.sub(r"^\$share/[^/]*", lambda group: f"{group[0]}-visit", topic)
        for topic in settings.filters
    )
