"""Handles signals that arrive while Python is still importing the program.

That takes seconds on a slow board, and systemd, a shell or a hand may change their mind meanwhile.
Nothing has been opened yet, so whoever is asked to end can do it at once. Later others take over:
the daemon's `control.Control`, or for other commands Python's own Ctrl-C. This is run first of all,
and imports nothing that takes time, as typing would.

Until here, while Python itself starts (some 20 ms), a signal does what it does to any program. That
systemd does not mind: it takes an end by SIGTERM for a clean one (systemd.service(5)).
"""

from __future__ import annotations

import os
import signal
from types import FrameType

STOPPED = 130
"""The exit code after Ctrl-C: 128 + SIGINT, as shells have it."""

_interrupted = False


def install(arguments: list[str]) -> None:
    """Have signals end the program with its exit code, and nothing else.

    Args:
        arguments: of the command line, with the command's name first.
    """
    if arguments[:1] == ["run"]:  # whose normal end they are
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        if not os.isatty(0):  # as `Control` has it: the configuration is read later anyway
            signal.signal(signal.SIGHUP, _go_on)
    elif signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def hand_over() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, where somebody is there to catch it."""
    if signal.getsignal(signal.SIGINT) is _stop:
        signal.signal(signal.SIGINT, _interrupt)


def was_interrupted() -> bool:
    """Whether there was a Ctrl-C: what a library raises after it may be its answer to that."""
    return _interrupted


def _end(_number: int, _frame: object) -> None:
    os._exit(0)


def _stop(_number: int, _frame: object) -> None:
    # The import it breaks into must not have a chance to catch it, or to show where it was.
    try:
        os.write(2, b"monitor: stopped\n")
    finally:
        os._exit(STOPPED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _interrupted
    _interrupted = True
    signal.default_int_handler(number, frame)


def _go_on(_number: int, _frame: object) -> None:
    pass
