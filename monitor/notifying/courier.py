"""Carries one message: a process of its own, for Apprise is imported here and nowhere else.

So the program that waits for alerts for weeks stays small, and a service that hangs, or a library
that never comes back, ends with this process. Read from standard input: a JSON object with the URL,
which no list of processes shows, and the message. Written to standard output: what became of it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import Any, Final

from monitor.console import strict_json
from monitor.notifying.reasons import why

LIMIT_S: Final = 60
"""Seconds that all of it may take."""
_SOCKET_S: Final = 15.0
"""Seconds without a sign of the service; Apprise's own four are few for a mail server."""
_PARTLY: Final = "SMTP recipient "
"""How a line begins that names an address which a server refuses while it takes others (Apprise's
`AppriseSMTPController.sendmail`; if it refuses all, smtplib raises an error)."""
_KINDS: Final = {"alert": "warning", "over": "success", "summary": "info", "test": "info"}
"""Apprise's words for what a message is; services show them as colours."""


class _Heard(logging.Handler):
    """What Apprise says of its doings; it holds the URL, and stays here."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def main() -> None:
    """Do what standard input asks for."""
    # Should whoever waits for us be killed.
    signal.alarm(LIMIT_S + 10)
    order = json.load(sys.stdin)
    answer = _carried(order)
    sys.stdout.write(strict_json(answer))
    sys.stdout.flush()
    os._exit(0)  # without waiting for threads that Apprise may have left


def _carried(order: dict[str, Any]) -> dict[str, Any]:
    try:
        import apprise
    except ImportError as error:
        return {"missing": error.name or "apprise"}
    heard = _Heard()
    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [heard], False
    log.setLevel(logging.DEBUG)
    for limit in ("socket_connect_timeout", "socket_read_timeout"):
        setattr(apprise.URLBase, limit, _SOCKET_S)
    # A redirected POST becomes a GET that is answered well and tells nobody anything.
    asset = apprise.AppriseAsset(
        app_id="Reputation monitor",
        app_desc="Tweet reputation monitor",
        async_mode=False,
        http_redirects=False,
        service_timeout=0,
    )
    service = apprise.Apprise.instantiate(order["url"], asset=asset)
    if service is None:
        return {"unknown": True}
    if "body" not in order:
        return {"addressees": len(service) // (service.retry + 1)}
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    page = order.get("page")
    sent = bool(
        sender.notify(
            title=order["title"],
            body=order["body"],
            notify_type=_KINDS[order["kind"]],
            body_format="text",
            attach=page if page and service.attachment_support else None,
        )
    )
    # A mail server that takes a mail for some of its addresses has sent it to them.
    partly = not sent and any(line.startswith(_PARTLY) for line in heard.lines)
    return {"sent": sent or partly, "partly": partly, "why": why(heard.lines)}


if __name__ == "__main__":
    main()
