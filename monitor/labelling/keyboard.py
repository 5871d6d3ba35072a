"""One key at a time from a terminal, which is given back as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from monitor.console.terminal import TerminalGoneError

_ESCAPE: Final = b"\x1b"
_REST_S: Final = 0.025
"""How long the rest of an arrow key's sequence may take."""


def usable() -> bool:
    """Whether standard input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def keys() -> Iterator[Callable[[], bytes]]:
    """Yield what waits for the next key and returns its bytes; Ctrl-C stays Ctrl-C.

    What is typed ahead is kept. After Ctrl-Z and `fg` keys are read as before.

    Raises:
        TerminalGoneError: the terminal is gone, from what is yielded.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def take(_signal: int = 0, _frame: FrameType | None = None) -> None:
        with suppress(termios.error):
            tty.setcbreak(terminal, termios.TCSANOW)

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    handlers: dict[int, Callable[[int, FrameType | None], object]] = {
        signal.SIGCONT: take,
        signal.SIGTERM: end,
    }
    usual = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    # A signal just before we wait for a key would wait for it, too, but for this.
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    told = signal.set_wakeup_fd(wake)
    take()
    try:
        yield lambda: _key(terminal, woken)
    finally:
        signal.set_wakeup_fd(told)
        os.close(woken)
        os.close(wake)
        for number, handler in usual.items():
            signal.signal(number, handler)
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(terminal, termios.TCSANOW, before)


def _key(terminal: int, woken: int) -> bytes:
    while terminal not in (ready := select.select([terminal, woken], [], [])[0]):
        if woken in ready:
            os.read(woken, 1024)
    found = _byte(terminal)
    if found == _ESCAPE:
        while select.select([terminal], [], [], _REST_S)[0]:
            found += _byte(terminal)
    return found


def _byte(terminal: int) -> bytes:
    try:
        found = os.read(terminal, 1)
    except OSError as error:
        raise TerminalGoneError from error
    if not found:
        raise TerminalGoneError
    return found
