"""A client of paho as the configuration wants it: who we are, TLS, and the way to the broker."""

from __future__ import annotations

from typing import Any, Final

from paho.mqtt.client import Client, WebsocketConnectionError
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from monitor.settings import MqttSettings
from monitor.settings.tls import explain, make_context

_NO_WORD: Final = "Unspecified error"
"""What paho says of a connection that ended without a DISCONNECT."""
SILENT_END: Final = (
    "the broker or the network ended the connection without a reason; a broker does so, too, when"
    " another client connects with our client_id"
)


def make_client(
    settings: MqttSettings,
    client_id: str,
    protocol: MQTTProtocolVersion,
    *,
    clean: bool,
    reconnect: bool = False,
) -> Client:
    """Make a client; `connect` connects it.

    Args:
        settings: as whom, and which way.
        client_id: the identifier to connect with.
        protocol: the version of MQTT to speak.
        clean: begin without a session, and leave none (MQTT 3.1.1; in MQTT 5 `connect` says so).
        reconnect: have paho connect again if the connection is lost.

    Raises:
        OSError: if a file of the TLS settings cannot be used.
    """
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if protocol == MQTTProtocolVersion.MQTTv5 else clean,
        protocol=protocol,
        transport="websockets" if settings.transport == "websockets" else "tcp",
        reconnect_on_failure=reconnect,
        manual_ack=True,
    )
    if settings.transport == "websockets":
        client.ws_set_options(path=settings.websocket_path)
    if settings.username:
        client.username_pw_set(settings.username, settings.password or None)
    if settings.tls:
        client.tls_set_context(make_context(settings))
    return client


def connect(client: Client, settings: MqttSettings, **v5: Any) -> None:  # noqa: ANN401  (as paho's)
    """Open the connection and send CONNECT; what is answered comes to the client's callbacks.

    Raises:
        OSError: if the broker cannot be reached; the message says what may help.
    """
    try:
        client.connect(settings.host, settings.port, settings.keepalive_s, **v5)
    except WebsocketConnectionError as error:
        raise OSError(
            f"no WebSockets: {error} (is [mqtt] port the one for WebSockets, and websocket_path"
            " what the broker listens on?)"
        ) from error
    except OSError as error:
        raise OSError(explain(error)) from error


def why_ended(reason: ReasonCode) -> str:
    """Say why a connection ended, in words that are of use where paho has none."""
    return SILENT_END if str(reason) == _NO_WORD else str(reason)
