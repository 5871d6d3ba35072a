"""How a broker accepts a connection: with MQTT 5 or 3.1.1, with a last will or without.

A broker says so, or hangs up on what it does not know. One that hangs up may also be on its way up
itself, so what was found after that is tried a second time from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from monitor.mqtt.session import (
    BrokerRefusedError,
    ConnectionFailedError,
    HungUpError,
    UnsupportedProtocolError,
)

HANGS_UP: Final = "the broker hangs up on it"
_UNSUPPORTED_PROTOCOL: Final = "Unsupported protocol version"
_FOR_GOOD: Final = frozenset(
    {"Bad user name or password", "Not authorized", "Client identifier not valid", "Banned"}
)
_MAY_BE_THE_WILL: Final = frozenset(
    {
        "Unspecified error",
        "Malformed packet",
        "Protocol error",
        "Implementation specific error",
        "Not authorized",
        "Topic name invalid",
        "Packet too large",
        "Quota exceeded",
        "Payload format invalid",
        "Retain not supported",
        "QoS not supported",
    }
)
"""Reasons to refuse a CONNECT (MQTT 5, section 3.2.2.2) that may be caused by its will."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Way:
    """How to connect."""

    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    will: bool = True
    """Whether with the last will, if there is one."""
    refusal: str = ""
    """Why without."""

    @property
    def version(self) -> str:
        """The version of MQTT, as people write it."""
        return "5" if self.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"


def refusal(reason: ReasonCode) -> BrokerRefusedError | ConnectionFailedError:
    """Make the error that a broker's refusal of a CONNECT means."""
    why = str(reason)
    if why == _UNSUPPORTED_PROTOCOL:
        return UnsupportedProtocolError(why)
    return BrokerRefusedError(why) if why in _FOR_GOOD else ConnectionFailedError(why)


def find(
    attempt: Callable[[Way], _T], close: Callable[[_T], object], *, will: bool
) -> tuple[_T, Way]:
    """Try one way after the other, at once.

    Args:
        attempt: opens a connection.
        close: closes one, before another is tried.
        will: whether there is a last will.

    Raises:
        OSError: if the broker cannot be reached.
        BrokerRefusedError, ConnectionFailedError: as `attempt` does; if it hangs up whatever we
            try, as it did the first time.
    """
    try:
        found, way, sure = _walk(attempt, will=will)
        if sure:
            return found, way
        close(found)
    except _UnsureError:
        pass
    try:
        found, way, _ = _walk(attempt, will=will)
    except _UnsureError as error:
        raise error.refusal from None
    return found, way


def attempt_this(attempt: Callable[[Way], _T], way: Way) -> tuple[_T, Way]:
    """Try one way, and if it may be for the will that the broker refuses us, also without.

    Raises:
        OSError: if the broker cannot be reached.
        BrokerRefusedError, ConnectionFailedError: as `attempt` does the first time.
    """
    try:
        return attempt(way), way
    except (BrokerRefusedError, ConnectionFailedError) as error:
        if not way.will or str(error) not in _MAY_BE_THE_WILL:
            raise
        without = replace(way, will=False, refusal=str(error))
        try:
            return attempt(without), without
        except (BrokerRefusedError, ConnectionFailedError):
            raise error from None


class _UnsureError(Exception):
    """The broker refused us, after it had hung up on another way."""

    def __init__(self, refusal: BrokerRefusedError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def _walk(attempt: Callable[[Way], _T], *, will: bool) -> tuple[_T, Way, bool]:
    """Find a way, and tell whether no hang-up came before it (or but silence, which takes long)."""
    unsupported: set[MQTTProtocolVersion] = set()
    hung_up: list[HungUpError] = []
    failed: ConnectionFailedError | None = None
    for way in _ways(will=will):
        silent = [error.silent for error in hung_up]
        if way.protocol in unsupported or (way.refusal and all(silent)):
            continue
        try:
            return *attempt_this(attempt, way), all(silent)
        except UnsupportedProtocolError as error:
            unsupported.add(way.protocol)
            failed = failed or error
        except HungUpError as error:
            hung_up.append(error)
            failed = failed or error
        except BrokerRefusedError as error:
            if all(silent):
                raise
            raise _UnsureError(error) from error
    assert failed is not None
    raise failed


def _ways(*, will: bool) -> Iterator[Way]:
    for protocol in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        yield Way(protocol, will)
    if will:
        for protocol in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
            yield Way(protocol, will=False, refusal=HANGS_UP)
