"""One recipient: what it has not been told is looked up, sent, and only then noted as told.

So a message goes out at least once. Whoever is killed between the two sends it once more.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from monitor.notifying import news, words
from monitor.notifying.memory import Memory
from monitor.notifying.news import News
from monitor.notifying.recipients import Recipient
from monitor.notifying.schedule import Schedule, Summary
from monitor.notifying.sending import send
from monitor.store import StoreError, open_log


@dataclass(frozen=True, slots=True)
class Desk:
    """What all recipients have in common."""

    log: Path
    memory: Memory
    schedule: Schedule
    dashboard: str
    """Its address; "" for none."""


class LogUnreadableError(Exception):
    """The log cannot be read now; the message says why."""


class Telling:
    """Tells one recipient what is due."""

    def __init__(self, recipient: Recipient, desk: Desk) -> None:
        """Begin; nothing is looked up or sent yet."""
        self.recipient = recipient
        self._desk = desk

    def __call__(self, *, page: bool = True) -> None:
        """Send what is due, if anything is.

        Args:
            page: whether a summary's page is attached, if the service takes attachments.

        Raises:
            LogUnreadableError: the log cannot be read.
            NotSentError: the recipient could not be reached, or refused.
        """
        now = time.time()
        self._desk.memory.keep()
        try:
            found, due = self._looked(now)
            if self._desk.schedule.is_quiet(now):
                return
            if found:
                self._tell(words.of_alerts(found, self._desk.schedule.zone, self._desk.dashboard))
                self._note(found.told)
            if due.is_due:
                self._tell(self._summed(due), page=page)
                self._note(replace(found.told, summary=due.until))
        except (StoreError, sqlite3.Error) as error:
            raise LogUnreadableError(str(error)) from error

    def _looked(self, now: float) -> tuple[News, Summary]:
        told = self._desk.memory[self.recipient.key]
        with closing(open_log(self._desk.log)) as connection:
            before = told or news.first(connection)
            due = self._desk.schedule.summary(now, before.summary)
            before = replace(before, summary=due.told)
            if before != told:
                self._note(before)
            return news.look(connection, before, now), due

    def _summed(self, due: Summary) -> words.Message:
        from monitor.notifying import summary  # with numpy, that nothing else here needs

        desk = self._desk
        with closing(open_log(desk.log)) as connection:
            return summary.of_span(
                connection, due.since, due.until, desk.schedule.zone, desk.dashboard
            )

    def _tell(self, message: words.Message, *, page: bool = False) -> None:
        for_all = send(self.recipient, message, page=page)
        log = structlog.get_logger().bind(recipient=self.recipient.name)
        log.info("told", what=message.kind, title=message.title)
        if not for_all:
            log.warning("told-in-part", note="the service refuses one of the addresses")

    def _note(self, told: news.Told) -> None:
        self._desk.memory.put(self.recipient.key, told)
