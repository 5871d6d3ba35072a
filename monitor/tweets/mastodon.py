"""Statuses of Mastodon and of servers that have its API, such as Pleroma and GoToSocial.

Source: the Status entity of the Mastodon API.
"""

from __future__ import annotations

import re
from typing import Final

from monitor.tweets import hypertext
from monitor.tweets.found import Found, Identify
from monitor.tweets.taking import Taking, first_text
from monitor.tweets.wrapping import Fields

_NUMBER: Final = re.compile(r"(?:^|/)(\d{1,20})$")
_DIGITS: Final = 12
"""Of the digest of an address."""


def read(message: Fields, identify: Identify, taking: Taking) -> Found | None:
    """Read a status, None if it is of no such form.

    A boost has its own id and author, and the text of what it repeats. A warning in front of a
    post belongs to the text.

    Raises:
        RejectedError: It has no text.
    """
    if not isinstance(message.get("content"), str) or not isinstance(message.get("account"), dict):
        return None
    original = taking.object(message, "reblog")
    shown = original if isinstance(original.get("content"), str) else message
    lines = (taking.string(shown, "spoiler_text"), hypertext.text_of(shown["content"]))
    account = message["account"]
    return Found(
        text=first_text(["\n".join(filter(None, lines))]),
        ids=(named(taking.string(message, "uri"), identify), message.get("id")),
        author=taking.string(account, "url")
        or taking.string(account, "acct")
        or taking.string(account, "id", number=True),
        created_at=message.get("created_at"),
        lang=shown.get("language"),
        is_retweet=bool(original),
    )


def named(address: str | None, identify: Identify) -> str | None:
    """Name a status by its address, which is the same on all servers; their numbers are not.

    The address names the author, of whom only a pseudonym is kept: its digest stands for it,
    behind the number that ascends.
    """
    if address is None:
        return None
    digest = identify(address.encode())
    number = _NUMBER.search(address)
    return f"{number[1]}-{digest[:_DIGITS]}" if number else digest
