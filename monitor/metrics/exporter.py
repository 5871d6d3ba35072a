"""The ways to read the metrics that ``[metrics]`` turns on: HTTP, a textfile; none by default."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.metrics.measurements import Measurements
from monitor.settings import MetricsSettings

if TYPE_CHECKING:
    from monitor.metrics.endpoint import Endpoint
    from monitor.metrics.textfile import Textfile


class Exporter:
    """Answers scrapes and keeps a textfile, under one configuration."""

    def __init__(self, settings: MetricsSettings, measurements: Measurements) -> None:
        """Take address and file; `start` begins.

        Raises:
            OSError: if the address is taken or the file cannot be written.
        """
        self.settings = settings
        self._begun = False
        self._ways: list[Endpoint | Textfile] = []
        with ExitStack() as made:
            if settings.listen or settings.textfile:
                from monitor.metrics.exposition import registry

                known = registry(measurements)
            if settings.listen:
                from monitor.metrics.endpoint import Endpoint

                self._ways.append(made.enter_context(closing(Endpoint(settings.listen, known))))
            if settings.textfile:
                from monitor.metrics.textfile import Textfile

                self._ways.append(Textfile(Path(settings.textfile), known))
            made.pop_all()

    def start(self) -> None:
        """Answer and write from now on; once begun, it goes on under the next station."""
        if not self._begun:
            self._begun = True
            for way in self._ways:
                way.start()

    def close(self) -> None:
        """Write a last time, and answer no more."""
        for way in self._ways:
            way.close()
