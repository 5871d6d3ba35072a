"""HTML to text, as Mastodon and its kin write posts.

They write paragraphs, line breaks, links and spans; a link's address is its text, in parts that
the page hides. So the text is what is left when the tags are gone. The time is linear.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import Final

_BREAK: Final = re.compile(
    r"<br\s*/?>|</p>\s*<p\b[^<>]*>|</?(?:p|div|li|ul|ol|blockquote|pre)\b[^<>]*>"
)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")
_REFERENCE: Final = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}\d{0,2}));")
_LAST: Final = 0x10FFFF


def text_of(html: str) -> str:
    """Return the text of a post: a paragraph or break is a new line."""
    if "<" in html:
        html = _TAG.sub("", _BREAK.sub("\n", html))
    return unescaped(html).strip()


def unescaped(text: str) -> str:
    """Undo character references, such as ``&amp;`` and ``&#39;``; unknown ones stay."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return html5.get(f"{name};", found[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code <= _LAST else found[0]
