"""TLS to the broker: one way to set it up, and plain words for what goes wrong with it.

The same for daemon, probe and publisher.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.settings.keys import MqttSettings

if TYPE_CHECKING:  # paho takes 40 ms to import, and the settings need none of it
    from paho.mqtt.client import Client, SocketLike

_ADVICE: Final = {
    9: "is this computer's clock right?",
    10: "if this computer's clock is right, the broker needs a new one",
    18: "if it is your broker's, put it into [mqtt] ca_file",
    19: "[mqtt] ca_file must hold the authority that signed it",
    20: "[mqtt] ca_file must hold the authority that signed it",
    62: "[mqtt] host must be a name that is in it",
    64: "[mqtt] host must be an address that is in it",
}
"""What to do, by OpenSSL's number for why a certificate is not accepted (X509_V_ERR_…)."""


def make_context(mqtt: MqttSettings) -> ssl.SSLContext:
    """Trust the configured authority, verify the broker's name, and show our certificate.

    Made anew for every connection, so that a renewed certificate needs no restart.

    Raises:
        OSError: if a file cannot be used; the message names key and file.
    """
    files = {key: getattr(mqtt, key) for key in ("ca_file", "cert_file", "key_file")}
    for key, file in files.items():
        if file:
            try:
                Path(file).open("rb").close()
            except OSError as error:  # ssl would not say which file
                raise OSError(f"{key} = {file!r}: cannot be read: {error.strerror}") from error
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file or None)
    except ssl.SSLError as error:
        raise OSError(f"ca_file = {mqtt.ca_file!r}: no certificates in PEM: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    def no_passphrase() -> str:  # otherwise OpenSSL asks for it on the terminal
        raise OSError(
            f"key_file = {mqtt.key_file!r}: has a passphrase, and nobody is there to type it"
            " (`openssl pkey -in OLD -out NEW` takes it off)"
        )

    if mqtt.cert_file:
        try:
            context.load_cert_chain(mqtt.cert_file, mqtt.key_file, no_passphrase)
        except ssl.SSLError as error:
            raise OSError(
                f"cert_file = {mqtt.cert_file!r}, key_file = {mqtt.key_file!r}:"
                f" not a certificate and its key in PEM: {error}"
            ) from error
    return context


def explain(error: OSError) -> str:
    """Say why the broker was not reached, and what may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = _ADVICE.get(error.verify_code, "see [mqtt] host, ca_file")
        why = error.verify_message.rstrip(".")
        return f"the broker's certificate is not accepted: {why} ({advice})"
    if isinstance(error, ssl.SSLError | ConnectionResetError):
        return _refusal(str(error)) or f"no TLS: {error} (is [mqtt] port the one for TLS?)"
    if isinstance(error, ConnectionRefusedError | TimeoutError):
        return f"{error} (is it running? [mqtt] host, port)"
    return str(error)


class LastWords:
    """What a broker says by TLS as it hangs up without an answer.

    With TLS 1.3 it refuses our certificate after the handshake, while CONNECT is on its way. paho
    reads that and tells it to its log alone, or fails to write and never reads it.
    """

    def __init__(self, client: Client) -> None:
        """Listen from now on, until `ignore`."""
        self._client = client
        self._refusal = ""
        client.on_log = lambda _client, _userdata, _level, text: self._hear(text)
        client.on_socket_close = lambda _client, _userdata, socket: self._read(socket)

    def ignore(self) -> None:
        """Stop listening: paho's log costs time with every message."""
        self._client.on_log = self._client.on_socket_close = None

    def why(self) -> str:
        """Say why it hung up, as far as it is known."""
        return self._refusal or (
            "the broker hung up without an answer (its log may say why; see [mqtt] port, tls,"
            " cert_file, transport)"
        )

    def _hear(self, text: str) -> None:
        self._refusal = self._refusal or _refusal(text)

    def _read(self, socket: SocketLike) -> None:
        if not isinstance(socket, ssl.SSLSocket):
            return
        try:
            socket.recv(1)
        except OSError as error:
            self._hear(str(error))


def _refusal(text: str) -> str:
    """Translate a TLS alert, found in an error's text; empty if there is none."""
    if alert := re.search(r"\[SSL: \w+_ALERT_(\w+)\]", text):
        why = alert[1].lower().replace("_", " ")
        return f"the broker breaks off: {why} (see its log, and [mqtt] cert_file, key_file)"
    return ""
