"""`monitor notify` as it runs on: a thread a recipient, so that none waits for another."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from monitor.daemon.control import Control
from monitor.daemon.notify import notify
from monitor.notifying.courier import LIMIT_S
from monitor.notifying.outage import Outage
from monitor.notifying.sending import NotSentError
from monitor.notifying.telling import LogUnreadableError, Telling

LOOK_S: Final = 5.0
"""Between two looks at the log."""
_FIRST_WAIT_S: Final = 5.0
_LONGEST_WAIT_S: Final = 900.0
"""Between two attempts to reach somebody: a random time, up to a bound that doubles to this."""
STOP_S: Final = LIMIT_S + 5.0
"""Seconds for a message that is on its way; less than TimeoutStopSec= of the unit."""


class NotifyFailedError(Exception):
    """A thread ended by an error; the message says by which."""


def serve(tellings: Sequence[Telling]) -> None:
    """Tell whom there is to tell until a signal ends it. Call from the main thread.

    Raises:
        NotifyFailedError: if a thread died.
    """
    control = Control()
    control.install()
    ending = threading.Event()
    reading = Outage()
    threads = [
        threading.Thread(
            target=_Round(telling, reading, ending).run,
            name=f"recipient {telling.recipient.name}",
            # One that hangs does not keep the process from ending.
            daemon=True,
        )
        for telling in tellings
    ]
    for thread in threads:
        thread.start()
    structlog.get_logger().info("telling", recipients=[t.recipient.name for t in tellings])
    notify("READY=1")
    while not control.ending:
        control.wait(3600.0)
        control.rest()
    notify("STOPPING=1")
    ending.set()
    for thread in threads:
        thread.join(0.0 if control.failures else STOP_S)
    if control.failures:
        raise NotifyFailedError(control.failures[0])


class _Round:
    """Looks again and again for one recipient."""

    def __init__(self, telling: Telling, reading: Outage, ending: threading.Event) -> None:
        self._telling, self._ending = telling, ending
        self._reading, self._reaching = reading, Outage()
        self._log = structlog.get_logger().bind(recipient=telling.recipient.name)

    def run(self) -> None:
        """Tell what is due, until the end."""
        attempts = Retrying(
            retry=retry_if_exception_type(NotSentError),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=stop_when_event_set(self._ending),
            sleep=sleep_using_event(self._ending),
            before_sleep=self._failed,
            # When it ends, what was not told is told after the next start.
            retry_error_callback=lambda _state: None,
        )
        while not self._ending.is_set():
            for attempt in attempts:
                with attempt:
                    self._once(attempt.retry_state.attempt_number)
            self._ending.wait(LOOK_S)

    def _once(self, attempt: int) -> None:
        try:
            # Some services refuse a message for its attachment alone.
            self._telling(page=attempt == 1)
        except LogUnreadableError as error:
            if self._reading.is_news(str(error)):
                self._log.warning(
                    "alerts-unreadable", why=str(error), note="looked for again and again"
                )
            return
        except NotSentError:
            self._readable()
            raise
        self._readable()
        if (after_s := self._reaching.over()) is not None:
            self._log.info("reached-again", after_s=after_s)

    def _readable(self) -> None:
        if (after_s := self._reading.over()) is not None:
            self._log.info("alerts-readable", after_s=after_s)

    def _failed(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        why = str(error)
        if self._reaching.is_news(why):
            self._log.warning("not-told", why=why, note="tried again, up to 15 minutes later")
