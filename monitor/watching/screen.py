"""The terminal of ``monitor watch``: curses draws, so that only what changed goes over the line."""

from __future__ import annotations

import curses
import os
import signal
import sqlite3
import sys
import time
from contextlib import suppress
from typing import Final

from monitor.console import Glyphs
from monitor.console.terminal import TerminalGoneError
from monitor.watching.frame import View, frame
from monitor.watching.snapshot import Snapshot, take

_QUIT: Final = (ord("q"), ord("Q"), 27)
_ERROR: Final = -1
"""What curses says when the time is over, and when the terminal cannot be read."""
_EARLY_S: Final = 0.05
_EARLY: Final = 20
"""Errors in a row, each that much before the time is over, that are no signal's doing."""
_ESCAPE_MS: Final = 25
"""How long the rest of an arrow key's sequence may take, before Escape is Escape."""


class UndrawableError(Exception):
    """The terminal cannot do what curses asks of it; the message says which, and the way out."""


def usable() -> bool:
    """Whether standard input and output are a terminal that curses can draw on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        curses.setupterm()
    except curses.error:
        return False
    return bool(curses.tigetstr("cup"))


def watch(connection: sqlite3.Connection, log: str, interval_s: float, signs: Glyphs) -> None:
    """Draw a log again and again, until q.

    Raises:
        sqlite3.Error: if it can no longer be read.
        TerminalGoneError: if the terminal cannot.
        UndrawableError: if nothing can be drawn on it.
    """
    # Killed, it leaves the terminal as it was.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.environ.setdefault("ESCDELAY", str(_ESCAPE_MS))
    screen = _Screen(connection, log, interval_s, signs)
    try:
        curses.wrapper(screen.run)
    except curses.error as error:
        if screen.early < _EARLY:
            raise UndrawableError(
                f"TERM={os.environ.get('TERM')}: cannot be drawn on ({error}); --once prints one"
                " picture"
            ) from error
        raise TerminalGoneError from error


class _Screen:
    def __init__(
        self, connection: sqlite3.Connection, log: str, interval_s: float, signs: Glyphs
    ) -> None:
        self._connection = connection
        self._log = log
        self._interval_s = interval_s
        self._signs = signs
        self._chosen: str | None = None
        """The entity whose tweets are shown; "" for those about none, None for all."""
        self.early = 0
        """Times in a row that nothing could be read, before the time for it was over."""

    def run(self, screen: curses.window) -> None:
        with suppress(curses.error):  # a serial terminal may have no way to hide its cursor
            curses.curs_set(0)
        while True:
            started = time.monotonic()
            rows, _ = screen.getmaxyx()
            now = time.time()
            snapshot = take(self._connection, self._log, now, self._chosen, rows)
            self._draw(screen, snapshot)
            if not self._keys(screen, snapshot, started + self._interval_s):
                return

    def _keys(self, screen: curses.window, snapshot: Snapshot, until: float) -> bool:
        """Wait for the next look, or a key that asks for one; False for q."""
        while (left := until - time.monotonic()) > 0:
            screen.timeout(max(1, int(1000 * left)))
            key = screen.getch()
            early = key == _ERROR and time.monotonic() < until - _EARLY_S
            self.early = self.early + 1 if early else 0
            if self.early == _EARLY:
                raise TerminalGoneError
            if key in _QUIT:
                return False
            if key in (curses.KEY_UP, curses.KEY_DOWN):
                self._choose(snapshot, -1 if key == curses.KEY_UP else 1)
                return True
            if key == curses.KEY_RESIZE:
                self._draw(screen, snapshot)
        return True

    def _choose(self, snapshot: Snapshot, step: int) -> None:
        choices = _choices(snapshot)
        place = choices.index(self._chosen) if self._chosen in choices else 0
        self._chosen = choices[max(0, min(place + step, len(choices) - 1))]

    def _draw(self, screen: curses.window, snapshot: Snapshot) -> None:
        rows, columns = screen.getmaxyx()
        choices = _choices(snapshot)
        view = View(
            columns - 1,  # curses cannot write the last cell without scrolling
            rows,
            self._signs,
            choices.index(self._chosen) if self._chosen in choices else 0,
            f"q quits  {'↑ ↓ choose' if self._signs.unicode else 'up, down: choose'}"
            " an entity, whose tweets are shown",
        )
        screen.erase()
        for row, line in enumerate(frame(snapshot, view)):
            with suppress(curses.error):  # the terminal became smaller meanwhile
                screen.addstr(row, 0, line)
        screen.refresh()


def _choices(snapshot: Snapshot) -> list[str | None]:
    return [None, *(entity.standing.entity or "" for entity in snapshot.entities)]
