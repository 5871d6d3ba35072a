"""What is known of our session at the broker, and why the broker may refuse one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ONLINE: Final = "online"
OFFLINE: Final = "offline"
LOWERED: Final = "the broker does not take QoS 1: tweets that come while we are away are lost"


class BrokerRefusedError(Exception):
    """The broker will not have us; trying again will not help."""

    remedy = "see [mqtt] username, password"
    """What its owner can do."""


class CannotShareError(BrokerRefusedError):
    """The broker knows no shared subscriptions, so there can be no group."""

    remedy = (
        "[mqtt] group needs a broker of MQTT 5 that has them, such as mosquitto; without a group"
        " each board labels everything"
    )


class ConnectionFailedError(Exception):
    """One attempt failed; the next may not."""


class HungUpError(ConnectionFailedError):
    """The broker did not answer the CONNECT: as one does that cannot read it, or is just starting.

    ``silent`` tells that it kept the connection, and said nothing for as long as we waited.
    """

    def __init__(self, message: str, *, silent: bool) -> None:
        super().__init__(message)
        self.silent = silent


class UnsupportedProtocolError(ConnectionFailedError):
    """The broker says that it does not speak this version of MQTT."""


@dataclass(frozen=True, slots=True)
class BrokerSession:
    """What we know of our session at the broker from an earlier life."""

    expected: bool = False
    """Whether there was one."""
    stale_topics: Sequence[str] = ()
    """Filters it still has, but should not."""


@dataclass(slots=True)
class Lives:
    """Counts connections, and knows what the broker did with them."""

    begun: int = 0
    first: int = 0
    """The one that the session at the broker began with: what came by those before, it forgot."""
    resumed: int = 0
    """The latest that the broker took up the session with."""
    lost_asking: int = 0
    """Connections in a row that ended before the broker answered the subscription to $SYS."""
