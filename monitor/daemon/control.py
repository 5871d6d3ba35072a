"""What tells the daemon to reload or to end: signals, and threads that die."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType

import structlog

from monitor.console import describe
from monitor.store import DamagedLogError, StoreError


class Control:
    """What the main thread waits for: a signal, or the failure of a part."""

    def __init__(self) -> None:
        # Not an Event, whose lock a signal's handler may find held by the very thread it runs in;
        # SimpleQueue.put may be called anywhere.
        self._woken: SimpleQueue[None] = SimpleQueue()
        self.ending = False
        self._asked = False
        self.failures: list[str] = []
        self.damaged = False
        """Whether the log turned out to be damaged."""

    def fail(self, why: str) -> None:
        """End, because of this."""
        # Said now: with a stage that hangs nobody will come to say it at the end.
        structlog.get_logger().error("failed", why=why)
        self.failures.append(why)
        self.ending = True
        self._woken.put(None)

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds at most, and return whether there was a signal or a failure."""
        try:
            self._woken.get(timeout=timeout)
        except Empty:
            return False
        return True

    def rest(self) -> None:
        """Forget what has woken us; look at ``ending`` only afterwards, or it may be missed."""
        with suppress(Empty):
            while True:
                self._woken.get_nowait()

    def install(self) -> None:
        """Take over the signals, and the last words of threads."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        if not os.isatty(0):  # where a hang-up means that the terminal was closed
            signal.signal(signal.SIGHUP, lambda _number, _frame: self._woken.put(None))
        threading.excepthook = self._on_thread_death

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self._asked:  # twice: now
            os._exit(128 + number)
        self._asked = self.ending = True
        self._woken.put(None)

    def _on_thread_death(self, args: threading.ExceptHookArgs) -> None:
        name, error = args.thread and args.thread.name, args.exc_value
        self.damaged |= isinstance(error, DamagedLogError)
        if isinstance(error, StoreError):  # says all there is to say
            self.fail(str(error))
            return
        structlog.get_logger().error("thread-died", thread=name, exc_info=error)
        self.fail(f"{name}: {describe(error) if error else 'ended'}")
