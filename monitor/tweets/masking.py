"""Addresses in a text, replaced: of e-mail, and links with or without their scheme."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# All of these take time linear in the length of the text: what could be tried again from each
# position is either possessive or begins only where a word does. Alternatives and hints begin
# with a literal, which is several times faster on the many texts that have nothing to replace.
_LINK: Final = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://[^\s<]*[\w/]|[Ww](?<!\w.)[Ww][Ww]\.(?=\w)[^\s<]*[\w/]"
)
_BARE_LINK: Final = re.compile(
    r"(?<![\w-])(?<!\w\.)(?:[\w-]++\.)++[A-Za-z]{2,24}/(?:[^\s<]*[\w/])?"  # but not "and/or"
)
_BARE_LINK_HINT: Final = re.compile(r"\.[A-Za-z]{2,24}/")
# The second @ is the full-width one of East Asian keyboards. Addresses glued together go as one.
_EMAIL: Final = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]++(?<=\w)[@\uff20][\w-]++(?:\.[\w-]++)++"
    r"(?:[\w.+%'-]*+[@\uff20][\w-]++(?:\.[\w-]++)*+)*+"
)
_EMAIL_HINT: Final = re.compile(r"[@\uff20][\w-]++\.")


def replace_emails(text: str, by: str | Callable[[re.Match[str]], str]) -> str:
    """Replace each e-mail address."""
    return _EMAIL.sub(by, text) if _EMAIL_HINT.search(text) else text


def replace_links(text: str, by: str | Callable[[re.Match[str]], str]) -> str:
    """Replace each link, with its scheme or without (``t.co/…``), but no punctuation after it.

    Addresses have to go first: they may have the form of a link.
    """
    text = _LINK.sub(by, text)
    return _BARE_LINK.sub(by, text) if _BARE_LINK_HINT.search(text) else text
