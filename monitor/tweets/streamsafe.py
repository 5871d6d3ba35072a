"""Unicode's compatibility normalization (NFKC) in a time that is linear in the text's length.

Normalizing sorts every run of combining marks, and Python's sort of them takes quadratic time: two
seconds for 32,000 marks out of order. A text in stream-safe format has at most 30 in a row, which
is more than any language writes.

Source: UAX #15, section 13, Stream-Safe Text Format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_MARKS: Final = 30
"""Characters in a row, in the decomposed text, that are no starters (UAX15-D3)."""

_JOINER: Final = "\N{COMBINING GRAPHEME JOINER}"
"""Invisible, and a starter: marks are not sorted across it."""
_AT_ONCE: Final = 3
"""No character decomposes into more marks than that (U+1F82 is one that does)."""

# What decomposes into marks alone is beyond ASCII, no white space and, but for two voiced sound
# marks of half width, no letter. So are emoji, which do not count.
_RUN: Final = re.compile(r"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){2,}+")


def nfkc(text: str) -> str:
    """Normalize a text (NFKC), a joiner put into each run of too many marks."""
    return unicodedata.normalize("NFKC", stream_safe(text))


def stream_safe(text: str) -> str:
    """Put an invisible joiner (U+034F) into each run of more than 30 combining marks."""
    return _RUN.sub(lambda run: _joined(run[0]), text)


def _joined(run: str) -> str:
    if _AT_ONCE * (len(run) + 1) <= MOST_MARKS:
        return run
    parts = []
    marks = _AT_ONCE  # those that the letter before may decompose into
    for sign in run:
        classes = [*map(unicodedata.combining, unicodedata.normalize("NFKD", sign))]
        if all(classes):
            marks += len(classes)
            if marks > MOST_MARKS:
                parts.append(_JOINER)
                marks = len(classes)
        else:
            marks = _AT_ONCE
        parts.append(sign)
    return "".join(parts)
