"""Tries whether a broker would accept the daemon, without taking over a session that is in use."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.mqtt.connection import Connection, visitor
from monitor.mqtt.look import KNOWN, holds_session
from monitor.mqtt.sender import Message
from monitor.mqtt.session import LOWERED, OFFLINE, ConnectionFailedError
from monitor.mqtt.ways import Way, find
from monitor.settings import MqttSettings


@dataclass(frozen=True, slots=True)
class Seen:
    """What a broker would do with the daemon."""

    version: str
    """Of MQTT."""
    notes: tuple[str, ...] = ()
    """What it would not do, and what follows, in words."""


def probe(settings: MqttSettings, availability: str = "") -> Seen:
    """Connect under another client identifier, with last will and subscriptions, and leave.

    The first connection only finds out whose session the broker would give us: if it is one that
    somebody has, all else is left alone, for it would be done in his place.

    Args:
        settings: which broker, as whom, to what.
        availability: the topic of the last will; "" for none.

    Raises:
        OSError: if the broker cannot be reached, or does not take us as it is now.
        BrokerRefusedError: if it refuses for good, or cannot share and there is a group.
    """

    def attempt(way: Way) -> Connection | None:
        if holds_session(settings, visitor(settings), way.protocol):
            return None
        connection = Connection(
            settings,
            way.protocol,
            1,
            lambda _delivery: None,
            will=Message(availability, OFFLINE, retain=True) if way.will else None,
            visit=True,
        )
        try:
            connection.open()
        finally:  # also if interrupted: a connection that just ends has its will published
            connection.close()
        return connection

    try:
        connection, way = find(attempt, lambda _closed: None, will=bool(availability))
    except ConnectionFailedError as error:
        raise OSError(str(error)) from error
    if connection is None:
        return Seen(way.version, (KNOWN,))
    notes = []
    if way.refusal:
        notes.append(
            f"the broker refuses our last will ({way.refusal}): no availability is published"
        )
    if connection.granted < settings.qos:
        notes.append(LOWERED)
    return Seen(way.version, tuple(notes))
