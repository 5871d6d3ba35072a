"""Scrapes over HTTP: one at a time, from memory that does not grow with who asks."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import structlog
from prometheus_client import CollectorRegistry, make_wsgi_app

from monitor.console import describe
from monitor.settings import address

_PATIENCE_S: Final = 5.0
"""With a client that does not say what it wants, while others wait."""


class Endpoint:
    """Answers at an address."""

    def __init__(self, listen: str, registry: CollectorRegistry) -> None:
        """Take the address; `start` answers.

        Args:
            listen: as `address.parse` reads it.
            registry: what there is to tell.

        Raises:
            OSError: if the address is taken, or is none of this machine's.
        """
        try:
            self._server = _Server(*address.parse(listen))
        except OSError as error:
            raise OSError(f"[metrics] listen = {listen!r}: {error.strerror or error}") from error
        self._server.set_app(make_wsgi_app(registry))
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="scrapes", daemon=True
        )

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and let go of the address."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(WSGIServer):
    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would look our name up, perhaps in a DNS that is far away.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        error = sys.exception()
        structlog.get_logger().warning("scrape-failed", error=error and describe(error))


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing: somebody asks every few seconds."""
