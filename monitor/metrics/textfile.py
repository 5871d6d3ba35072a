"""A file ``*.prom`` for node_exporter's textfile collector, replaced as a whole each minute."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest

from monitor.atomic import replacing

_EVERY_S: Final = 60.0


class Textfile:
    """Keeps the file up to date."""

    def __init__(self, path: Path, registry: CollectorRegistry) -> None:
        """Write it for the first time; `start` goes on with it.

        Args:
            path: where node_exporter looks (``--collector.textfile.directory``).
            registry: what there is to tell.

        Raises:
            OSError: if it cannot be written.
        """
        self._path, self._registry = path, registry
        try:
            self._write()
        except OSError as error:
            raise OSError(
                f"[metrics] textfile = '{path}': cannot be written: {error.strerror or error}"
            ) from error
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="textfile", daemon=True)

    def start(self) -> None:
        """Write it every minute."""
        self._thread.start()

    def close(self) -> None:
        """Write it a last time."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
            self._write_if_possible()

    def _keep_writing(self) -> None:
        while not self._closed.wait(_EVERY_S):
            self._write_if_possible()

    def _write_if_possible(self) -> None:
        try:
            self._write()
        except OSError as error:
            structlog.get_logger().warning("metrics-unwritable", error=str(error))

    def _write(self) -> None:
        # Not the library's write_to_textfile: under the unit's umask node_exporter, which is
        # somebody else, could not read what that makes. There are no tweets in it.
        text = generate_latest(self._registry)
        # Not durable: it is written anew all the time, and a card wears out.
        with replacing(self._path, mode=0o644, durable=False) as draft:
            draft.write_bytes(text)
