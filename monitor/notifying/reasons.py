"""Why a message was not taken, in words of ours.

What a service or a library says of a failure may quote the URL, with a password or a token in it.
So none of it is passed on: it is only looked through for what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

_HTTP: Final = re.compile(r"\berror=(\d{3})\b")
_SMTP: Final = re.compile(r"(?:was refused: |\()([45]\d\d)(?:, b['\"]| )")
_SMTP_WORDS: Final = {
    "421": "not now",
    "450": "the mailbox is not available now",
    "451": "not now",
    "452": "no room",
    "530": "it wants a user name and password",
    "534": "it wants another way to log in",
    "535": "wrong user name or password",
    "550": "no such mailbox, or we may not send there",
    "552": "too much",
    "553": "no such mailbox",
    "554": "it does not take it",
}
"""RFC 5321, section 4.2.3, and RFC 4954, section 6."""
_SIGNS: Final = (
    (r"CERTIFICATE_VERIFY_FAILED", "its certificate is not accepted"),
    (r"\[SSL|SSLError|STARTTLS extension not supported", "no TLS; is it the right port?"),
    (r"timed out|[Tt]imeout", "no answer in time"),
    (r"refused\b", "nobody listens there"),
    (r"[Nn]ame or service|name resolution|[Nn]o address associated|resolve", "no such host"),
    (r"unreachable|No route", "the network does not lead there"),
    (
        r"reset by peer|unexpectedly closed|RemoteDisconnected|aborted|[Bb]roken ?[Pp]ipe",
        "it hung up without an answer",
    ),
    (r"response ended prematurely|IncompleteRead|Invalid(?:Chunk|Header)", "half an answer"),
)
UNKNOWN: Final = "not taken, and no reason that could be shown here"


def why(said: Iterable[str]) -> str:
    """Say why, of what Apprise said of a failure, from the first line to the last."""
    text = "\n".join(said)
    if codes := _HTTP.findall(text):
        try:
            return f"answered {codes[-1]} ({HTTPStatus(int(codes[-1])).phrase})"
        except ValueError:
            return f"answered {codes[-1]}"
    if codes := _SMTP.findall(text):
        meaning = _SMTP_WORDS.get(codes[-1])
        return f"answered {codes[-1]}" + (f" ({meaning})" if meaning else "")
    return next((words for sign, words in _SIGNS if re.search(sign, text)), UNKNOWN)
