"""Asks whose session a broker holds under our name, before anything that could end it.

Some brokers do not take the client identifier that a client sends: with `use_username_as_clientid`,
mosquitto takes the user name, and so do others. All programs with one user name are then one client
to it, and who connects "clean" ends the session, and the queue, of the daemon.
"""

from __future__ import annotations

import time
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.mqtt.client import connect, make_client
from monitor.mqtt.session import HungUpError
from monitor.mqtt.ways import refusal
from monitor.settings import MqttSettings
from monitor.settings.tls import LastWords

KNOWN: Final = (
    "the broker takes us for a client that it knows, as mosquitto does with"
    " use_username_as_clientid: give each program a user name of its own"
)
_ANSWER_S: Final = 10.0
_WEEK_S: Final = 7 * 24 * 3600
"""How long a session that is not ours is to live on, at least, until its owner comes back."""


def holds_session(settings: MqttSettings, client_id: str, protocol: MQTTProtocolVersion) -> bool:
    """Whether the broker has a session for whom it takes us for; nothing in it is touched.

    A client that is connected with that session loses its connection, and gets back all of it when
    it comes again. What waits in the session is not read: the connection ends with the broker's
    first packet. A session that this connection began ends with it (MQTT 5), or with the next one
    that is clean (MQTT 3.1.1).

    Raises:
        OSError: if the broker cannot be reached.
        BrokerRefusedError, ConnectionFailedError: if it does not take us; see `ways.refusal`.
    """
    client = make_client(settings, client_id, protocol, clean=False)
    answers: list[tuple[bool, ReasonCode]] = []

    def on_connect(
        _client: Client, _data: object, flags: ConnectFlags, reason: ReasonCode, _more: object
    ) -> None:
        answers.append((flags.session_present, reason))

    client.on_connect = on_connect
    last_words = LastWords(client)
    five = protocol == MQTTProtocolVersion.MQTTv5
    v5: dict[str, Any] = {}
    if five:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = max(settings.session_expiry_s, _WEEK_S)
        properties.ReceiveMaximum = 1
        v5 = {"clean_start": False, "properties": properties}
    connect(client, settings, **v5)
    # Packet by packet, without a thread: paho would answer messages that are not for us.
    deadline = time.monotonic() + _ANSWER_S
    while not answers and client.socket() and time.monotonic() < deadline:
        client.loop(0.1)
    last_words.ignore()
    if not answers:
        silent = client.socket() is not None
        client.disconnect()
        why = "no answer from the broker" if silent else last_words.why()
        raise HungUpError(why, silent=silent)
    ((present, reason),) = answers
    if reason.is_failure:
        raise refusal(reason)
    goodbye: Properties | None = None
    if five and not present:
        goodbye = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        goodbye.SessionExpiryInterval = 0
    client.disconnect(properties=goodbye)
    while client.socket() and client.want_write() and time.monotonic() < deadline:
        client.loop(0.1)
    return present
