"""``[mqtt] host``: a name or an address, and what to write instead of the other forms of it."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import Final

_SCHEMES: Final = {
    "mqtt": "",
    "tcp": "",
    "mqtts": "tls = true",
    "ssl": "tls = true",
    "tls": "tls = true",
    "ws": 'transport = "websockets"',
    "http": 'transport = "websockets"',
    "wss": 'transport = "websockets", tls = true',
    "https": 'transport = "websockets", tls = true',
}
"""What a URL's scheme means, in keys of ours."""
_PORTS: Final = {"mqtts": 8883, "ssl": 8883, "tls": 8883}
_PORTS_OF_THE_WEB: Final = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_URL: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][\w+.-]*)://)?(?:(?P<user>.*)@)?(?P<rest>.*)")
_REST: Final = re.compile(
    r"(?:\[(?P<bracketed>[^\[\]]*)\]|(?P<name>[^:/?#\[\]]*))(?P<colon>:(?P<port>\d*))?(?P<path>[/?#].*)?"
)


def written_instead(host: str) -> str | None:
    """Say what to write instead of a host that is written otherwise; None if it is a host alone.

    The answer has no user name or password in it.
    """
    if host != host.strip() or not host.isprintable():
        return "cannot be the name of a host: there is a space or an invisible character about it"
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return None
    url = _URL.fullmatch(host)
    rest = url and _REST.fullmatch(url["rest"])
    if not url or not rest:
        return 'is no host; write its name or address alone, such as "broker.example" or "::1"'
    scheme = (url["scheme"] or "").lower()
    name = rest["bracketed"] or rest["name"]
    if not (scheme or url["user"] or rest["colon"] or rest["path"] or rest["bracketed"]):
        return None
    if scheme and scheme not in _SCHEMES:
        return f"{scheme}:// is no way to an MQTT broker that we know; write its host and port"
    keys = [f'host = "{name}"']
    if rest["port"]:
        keys.append(f"port = {rest['port']}")
    elif port := {**_PORTS, **_PORTS_OF_THE_WEB}.get(scheme):
        keys.append(f"port = {port}")
    keys += filter(None, [_SCHEMES.get(scheme, "")])
    path = (rest["path"] or "").rstrip("/")
    if path and scheme in _PORTS_OF_THE_WEB:
        keys.append(f'websocket_path = "{path}"')
    if url["user"]:
        keys.append("username and password in the keys of these names")
    return f"is more than a host; write {', '.join(keys)}"
