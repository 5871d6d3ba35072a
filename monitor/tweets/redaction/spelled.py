"""E-mail addresses that are spelled out, against robots or by habit.

They are found from the sign or word for "@" on, since every word could be the name before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from monitor.tweets.redaction.draft import Finding, MaskedText


def mask(draft: MaskedText) -> None:
    """Mask spelled addresses. Those that are written as usual have to be masked before."""
    if _may_be_there(draft.plain.lower()):
        draft.mask(_findings(draft.plain))


# "bob (at) example [dot] com", "bob at example dot com", "bob at gmail.com", "bob @ example . com"
_DOT: Final = r"(?:[ ]{0,2}[(\[{<][ ]?(?:dot|\.)[ ]?[)\]}>][ ]{0,2}|[ ]{1,2}dot[ ]{1,2})"
_LABEL: Final = r"[\w-]{1,63}+"
_LABELS: Final = rf"{_LABEL}(?:(?:\.|{_DOT}){_LABEL})"
# A number or a link may be glued to an address: it will be taken out.
_AFTER: Final = r"(?!(?!https?://|www\.)[^\W\d]|-)"
_COMMON: Final = rf"(?:com|org|net|edu|gov|info|biz|email|app|dev|social){_AFTER}"
_WORD: Final = "(?:of|is|on|or|if|an|as|by|he|we|up|go|do|to)"
_END: Final = rf"(?:{_COMMON}|(?!{_WORD})[a-z]{{2}}{_AFTER})"
# "look at cnn.com" is no address, "bob at gmail.com" is one.
_PROVIDER: Final = (
    "(?:g(?:oogle)?mail|y(?:ahoo|mail)|hotmail|outlook|live|msn|icloud|aol|gmx|web|t-online"
    "|proton(?:mail)?|mail|fastmail|zoho|yandex|qq|163|126|naver|rediffmail|libero|orange)"
)
_AT: Final = re.compile(
    rf"[(\[{{<][ ]?(?:at|@)[ ]?[)\]}}>][ ]{{0,2}}{_LABELS}{{1,4}}"
    rf"|(?:(?<=[ ])at[ ]|@)[ ]{{0,2}}(?:"
    rf"{_PROVIDER}[ ]?\.[ ]?{_END}"
    rf"|{_LABELS}{{0,3}}?(?:{_DOT}{_END}(?:{_DOT}{_END})?|[ ]\.[ ]{_COMMON}))",
    re.IGNORECASE,
)
_NAME: Final = frozenset(".+%-_'")
"""What a name may consist of besides letters and digits."""
_LONGEST_NAME: Final = 64
# "us at example dot com" is where a shop is, not who.
_NOBODY: Final = frozenset(
    {
        "us",
        "me",
        "it",
        "them",
        "out",
        "here",
        "more",
        "now",
        "look",
        "shop",
        "order",
        "online",
        "user",
    }
)

# Each is looked for by itself, in lower case: what begins with a literal is found fast.
_BRACKETED: Final = re.compile(r"[(\[{<][ ]?(?:at|@|dot|\.)[ ]?[)\]}>]")
_WORD_AT: Final = re.compile(rf"at[ ]{{1,2}}{_PROVIDER}[ ]?\.")
_SIGN_AT: Final = re.compile(rf"@(?:[ ]{{0,2}}{_PROVIDER}[ ]?\.|[ ]?{_LABEL}[ ]\.[ ])")


def _may_be_there(lower: str) -> bool:
    return (
        " dot " in lower
        or bool(_BRACKETED.search(lower))
        or bool(_WORD_AT.search(lower))
        or ("@" in lower and bool(_SIGN_AT.search(lower)))
    )


def _findings(plain: str) -> Iterator[Finding]:
    done = 0
    for match in _AT.finditer(plain):
        before = max(done, match.start() - _LONGEST_NAME)
        end = before + len(plain[before : match.start()].rstrip(" "))
        start = _name_before(plain, before, end)
        name = plain[start:end]
        if name and (match[0][0] not in "aA" or name.lower() not in _NOBODY):
            done = match.end()
            yield start, done, "<email>"


def _name_before(plain: str, least: int, end: int) -> int:
    """Find where a name ("bob.smith", "bob dot smith") begins that ends at a place."""
    start = end
    while start > least:
        if plain[start - 1].isalnum() or plain[start - 1] in _NAME:
            start -= 1
        elif plain.endswith(" dot ", least, start) and start - 5 > least:
            start -= 5
        else:
            break
    return start
