"""What systemd is told (sd_notify(3))."""

from __future__ import annotations

import os
import socket

import structlog


def notify(state: str) -> None:
    """Tell systemd, if it is there (sd_notify(3)): one datagram to ``$NOTIFY_SOCKET``."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notification:
        try:
            notification.sendto(state.encode(), address)
        except OSError as error:
            structlog.get_logger().warning("notify-failed", error=str(error))
