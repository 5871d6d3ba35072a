"""How far a run is: a bar on a terminal, else a line a minute, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import click

from monitor.archive.inputs import Input
from monitor.console import counted, escaped

_EVERY_S: Final = 60.0


class Progress:
    """Counts tweets, files and bytes read.

    Use as a context manager.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._files = len(inputs)
        self._bytes = sum(one.size for one in inputs)
        self._ended = 0
        self._ended_bytes = 0
        self._tweets = 0
        self._began = self._told = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._bar = click.progressbar(
            length=max(1, self._bytes),
            label="labelling",
            file=sys.stderr,
            hidden=not self._terminal,
            item_show_func=self._state,
        )

    def advance(self, one: Input, read: float, tweets: int) -> None:
        """Count tweets of a file, of which this share has been read."""
        self._tweets += tweets
        self._show(self._ended_bytes + int(read * one.size))

    def end(self, one: Input) -> None:
        """Count a file."""
        self._ended += 1
        self._ended_bytes += one.size
        self._show(self._ended_bytes)

    def say(self, message: str) -> None:
        """Print a line above the bar."""
        message = escaped(message)
        click.echo(f"\r\x1b[K{message}" if self._terminal else message, err=True)

    def _show(self, read: int) -> None:
        self._bar.update(read - self._bar.pos)
        now = time.monotonic()
        if not self._terminal and now - self._told >= _EVERY_S:
            self._told = now
            left = (now - self._began) * (self._bytes / max(1, read) - 1)
            self.say(f"{self._state()}, {read / max(1, self._bytes):.0%}, {left / 60:.0f} min left")

    def _state(self, _item: int | None = None) -> str:
        rate = self._tweets / max(0.001, time.monotonic() - self._began)
        return (
            f"{counted(self._tweets, 'tweet')}, {rate:,.0f} a second,"
            f" {self._ended} of {counted(self._files, 'file')}"
        )

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, traceback)
