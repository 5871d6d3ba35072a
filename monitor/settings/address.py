"""``[metrics] listen``: where scrapes are answered."""

from __future__ import annotations

import ipaddress
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_LAST_PORT: Final = 65535


def parse(listen: str) -> tuple[str, int]:
    """Return the address and port that a text means.

    Args:
        listen: ``127.0.0.1:9464``, ``[::1]:9464``, ``localhost:9464``, or a port alone, which means
            loopback. Other names would have to be looked up, so addresses have to be numbers.

    Raises:
        ValueError: if it is none of these.
    """
    host, _, port = listen.strip().rpartition(":")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _LAST_PORT):
        raise ValueError(f"must end in a port between 1 and {_LAST_PORT}")
    if host in ("", "localhost"):
        return LOOPBACK, int(port)
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        raise ValueError(
            "must be an IP address and a port, such as 127.0.0.1:9464 or [::1]:9464"
        ) from None
    if bracketed != (address.version == 6):
        raise ValueError("an IPv6 address, and no other, stands in brackets: [::1]:9464")
    return str(address), int(port)
