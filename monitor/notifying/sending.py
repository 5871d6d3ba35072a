"""Has a message carried by another process (`courier`), for so long and no longer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import monitor
from monitor.console import strict_json
from monitor.notifying.courier import LIMIT_S
from monitor.notifying.recipients import Recipient
from monitor.notifying.words import Message

_PACKAGE: Final = Path(monitor.__file__).parents[1]
_OURS: Final = "MONITOR_"


class NotSentError(Exception):
    """A message was not taken, or not for all that is known; the message says why."""


class UnusableError(Exception):
    """The URL cannot be used; the message says why."""


class MissingError(Exception):
    """A library is not installed; the message is its name."""


def send(recipient: Recipient, message: Message, *, page: bool = True) -> bool:
    """Send a message, and return once the service has taken it.

    Args:
        recipient: whom to.
        message: what.
        page: whether its page is attached.

    Returns:
        Whether it was taken for all; False if for some addresses alone, cc and bcc among them.

    Raises:
        NotSentError: it was not taken, or nobody knows.
        UnusableError: the URL is none that Apprise knows.
        MissingError: Apprise is not there.
    """
    order = {
        "url": recipient.url,
        "kind": message.kind,
        "title": message.title,
        "body": message.body,
    }
    with ExitStack() as stack:
        if page and message.page is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-notify-"))
            file = Path(folder) / "report.html"
            file.write_text(message.page, "utf-8")
            order["page"] = str(file)
        answer = _ordered(order)
    if not answer["sent"]:
        raise NotSentError(answer["why"])
    return not answer["partly"]


def see_usable(recipient: Recipient) -> None:
    """See that Apprise is there and can use the URL, without sending anything.

    Raises:
        NotSentError, MissingError: as `send`.
        UnusableError: the URL is none that Apprise knows, or names several addressees: where one
            of them failed, all would be told again.
    """
    addressees = _ordered({"url": recipient.url})["addressees"]
    if addressees > 1:
        raise UnusableError(f"names {addressees} addressees; give each a URL of its own")


def _ordered(order: Mapping[str, str]) -> dict[str, Any]:
    # Neither our secrets nor what lies in the working directory is any business of Apprise's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = os.pathsep.join(filter(None, [str(_PACKAGE), environment.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "monitor.notifying.courier"],
            input=strict_json(order).encode(),
            capture_output=True,  # what it may say of an error quotes the URL: it is not shown
            timeout=LIMIT_S,
            check=False,
            env={**environment, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is ours: a message on its way is not broken off
        )
    except subprocess.TimeoutExpired:
        raise NotSentError(f"no end within {LIMIT_S} s") from None
    except OSError as error:
        raise NotSentError(f"no process to send it: {error.strerror}") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise NotSentError(f"the process that sends ended with code {done.returncode}") from None
    if missing := answer.get("missing"):
        raise MissingError(missing)
    if answer.get("unknown"):
        raise UnusableError(
            "none that Apprise can use; how they are written is at https://appriseit.com/services/"
        )
    return answer
