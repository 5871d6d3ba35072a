"""The end of paho's network thread."""

from __future__ import annotations

from contextlib import suppress

from paho.mqtt.client import Client


def stop(client: Client) -> None:
    """Have a client's network thread end, and wait until it has.

    The thread makes paho forget it as the last thing it does. That may come between paho's look
    whether there is one and its wait for it (`Client.loop_stop` of 2.1), which then raises
    AttributeError: there is nothing to wait for any more.
    """
    with suppress(AttributeError):
        client.loop_stop()
