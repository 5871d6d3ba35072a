"""E-mail addresses, links and mentions, also those that are spelled out against robots."""

from __future__ import annotations

import re
from typing import Final

from monitor.redaction.draft import Draft
from monitor.tweet import replace_emails, replace_links


def mask(draft: Draft) -> None:
    """Mask addresses, links and mentions in a text."""
    # In this order, no step makes anything that an earlier one would take.
    draft.plain = replace_emails(draft.plain, draft.by("<email>"))
    if _may_be_spelled(draft.plain):
        draft.plain = _SPELLED.sub(draft.by("<email>"), draft.plain)
    draft.plain = replace_links(draft.plain, draft.by("<link>"))
    if "@" in draft.plain:
        draft.plain = _MENTION.sub(draft.by("@user"), draft.plain)


# A handle of the Fediverse, Bluesky or Instagram may have stops and hyphens in it. What follows in
# the way of a sentence ("@bob.Great") or a price ("@5.50") does not belong to it, unless the end is
# that of a domain.
_MENTION: Final = re.compile(
    r"(?:@\w++)++(?:"
    r"(?:[.-][A-Za-z\d_-]++)*\.(?i:com|org|net|social|app|dev|io|me|online|info)(?![\w-])"
    r"|(?:(?<!@\d)(?<!@\d\d)(?<!@\d\d\d)[.-][a-z\d_]\w*+)*+)"
)

# "bob (at) example [dot] com", "bob at example dot com", "bob at gmail.com", "bob @ example . com"
_OPEN: Final = r"[ ]{0,2}[(\[{<][ ]?"
_CLOSE: Final = r"[ ]?[)\]}>][ ]{0,2}"
_DOT: Final = rf"(?:{_OPEN}(?:dot|\.){_CLOSE}|[ ]{{1,2}}dot[ ]{{1,2}})"
_LABEL: Final = r"[\w-]{1,63}+"
_COMMON: Final = "(?:com|org|net|edu|gov|info|biz|email|app|dev|social)"
_END: Final = rf"(?:{_COMMON}|[a-z]{{2}})(?![\w-])"
_PROVIDER: Final = (
    "(?:g(?:oogle)?mail|y(?:ahoo|mail)|hotmail|outlook|live|msn|icloud|aol|gmx|web|t-online"
    "|proton(?:mail)?|mail|fastmail|zoho|yandex|qq|163|126|naver|rediffmail|libero|orange)"
)
# "us at example dot com" is where a shop is, not who.
_NOBODY: Final = "".join(
    rf"(?<!\b{word})"
    for word in "us me it them out here more now look shop order online available visit".split()
)
_SPELLED: Final = re.compile(
    rf"(?<![\w.+%-])[\w.+%-]{{1,64}}+(?:{_DOT}[\w+%-]{{1,64}}+){{0,3}}+(?=[ ]{{0,2}}(?:[(\[{{<@]|at\b))(?:"
    rf"{_OPEN}(?:at|@){_CLOSE}{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{1,4}}"
    rf"|(?:{_NOBODY}[ ]{{1,2}}(?:at|@)[ ]{{1,2}}|@)"
    rf"{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{0,3}}?{_DOT}{_END}"
    rf"|(?:[ ]{{1,2}}at[ ]{{1,2}}|[ ]{{0,2}}@[ ]{{0,2}}){_PROVIDER}[ ]?\.[ ]?{_END}"
    rf"|[ ]?@[ ]?{_LABEL}[ ]\.[ ]{_COMMON}(?![\w-])"
    rf")",
    re.IGNORECASE,
)
# Each is looked for by itself, in lower case, because what begins with a literal is found fast.
_BRACKETED: Final = re.compile(r"[(\[{<][ ]?(?:at|@|dot|\.)[ ]?[)\]}>]")
_WORD_AT: Final = re.compile(rf"at[ ]{{1,2}}{_PROVIDER}[ ]?\.")
_SIGN_AT: Final = re.compile(rf"@(?:[ ]{{0,2}}{_PROVIDER}[ ]?\.|[ ]?{_LABEL}[ ]\.[ ])")


def _may_be_spelled(plain: str) -> bool:
    lower = plain.lower()
    return (
        " dot " in lower
        or bool(_BRACKETED.search(lower))
        or bool(_WORD_AT.search(lower))
        or ("@" in lower and bool(_SIGN_AT.search(lower)))
    )
