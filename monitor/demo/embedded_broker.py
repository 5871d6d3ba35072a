"""An MQTT 3.1.1 broker inside this process: enough for a demonstration, not one to recommend."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_START_S: Final = 15.0


class EmbeddedBrokerError(Exception):
    """The embedded broker does not start."""


@contextmanager
def embedded_broker() -> Iterator[int]:
    """Run amqtt on a free loopback port, which is yielded, in a thread of its own.

    Raises:
        ModuleNotFoundError: without the extra [demo].
        EmbeddedBrokerError: if it does not start.
    """
    from amqtt.broker import Broker

    for name in ("amqtt", "transitions"):  # chatty, and none of it is news here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    # amqtt trips over its own feet when a client of MQTT 5 hangs up on its refusal.
    loop.set_exception_handler(lambda _loop, _context: None)
    thread = threading.Thread(target=loop.run_forever, name="embedded-broker", daemon=True)
    thread.start()

    async def make() -> Broker:
        broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        await broker.start()
        return broker

    try:
        broker = asyncio.run_coroutine_threadsafe(make(), loop).result(_START_S)
    except Exception as error:  # whatever goes wrong in there, there is no demonstration
        loop.call_soon_threadsafe(loop.stop)
        raise EmbeddedBrokerError(f"the embedded broker does not start: {error!r}") from error
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(_START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
