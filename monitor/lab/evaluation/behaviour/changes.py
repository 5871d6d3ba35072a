"""Changes of a text that must not matter to anybody's reputation."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from monitor.lab.evaluation.behaviour.filling import pieces_of

_LONG_WORD: Final = re.compile(r"(?<![@#\w./])[a-z]{5,}(?![\w./])", re.IGNORECASE)


def typo(template: str) -> str:
    """Exchange two neighbouring letters inside a longer word; the same ones every time.

    Placeholders, handles, hashtags and links are left alone. A template without a longer word
    stays as it is.
    """
    pieces = pieces_of(template)
    words = [
        (piece, found.start(), found.end())
        for piece in range(0, len(pieces), 2)
        for found in _LONG_WORD.finditer(pieces[piece])
    ]
    if not words:
        return template
    choose = random.Random(template)  # noqa: S311  (texts, not secrets)
    piece, start, end = choose.choice(words)
    at = choose.randrange(start + 1, end - 2)
    text = pieces[piece]
    pieces[piece] = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return "".join(pieces)


def punctuation(text: str) -> str:
    """Drop a full stop at the end, repeat another mark there, or add a full stop."""
    if text.endswith("."):
        return text.rstrip(".")
    return text + (text[-1] if text[-1] in "!?" else ".")


TEMPLATE_CHANGES: Final[dict[str, Callable[[str], str]]] = {"typo": typo}
"""By name, those made before a template is filled in."""

TEXT_CHANGES: Final[dict[str, Callable[[str], str]]] = {
    "lower case": str.lower,
    "capitals": str.upper,
    "punctuation": punctuation,
    "link": lambda text: f"{text} https://t.co/4f9Kq2LmXa",
    "mention": lambda text: f"@jess_w88 {text}",
    "hashtag": lambda text: f"{text} #tuesday",
}
"""By name, those made afterwards."""
