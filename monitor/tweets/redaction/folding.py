"""A text in plain characters: one for each of its own that can be seen, so that places stay known.

Whole-text normalization (NFKC) takes quadratic time for long runs of combining marks, and does not
say where in the text its characters come from. Here every character is looked up by itself.

Source: Unicode Standard Annex #15 (compatibility characters), #44 (general categories).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np

# Outside these there are only letters, emoji and unassigned places.
_BLOCKS: Final = (
    *(range(0x80, 0x3400), range(0xA490, 0xAC00), range(0xFB00, 0x12000)),
    *(range(0x16A00, 0x17000), range(0x1B000, 0x1F200), range(0xE0000, 0xE0200)),
)
_OTHERS: Final = {
    # Not seen, though they count as letters: fillers of Hangul.
    **dict.fromkeys((0x115F, 0x1160, 0x3164, 0xFFA0)),
    # What people write for a plus, a dash, a stop.
    **{ord(sign): "+" for sign in "\u00b1\u2795"},
    **{ord(sign): "-" for sign in "\u2212\u2796"},
    **{ord(sign): "." for sign in "\u00b7\u2022\u2219\u22c5\u3002\uff61"},
    **{ord(sign): "/" for sign in "\u2044\u2215"},
}


def fold(text: str) -> str:
    """Write a text in plain characters.

    - A digit of any script or shape is 0 to 9, a space a blank, a dash ``-``.
    - Of a compatibility character (full-width ``@``, bold ``a``) the ASCII character is taken.
    - Combining marks and what cannot be seen (zero-width, soft hyphen, variation selectors) are
      left out; `places` tells where.
    - All else, letters of every script among it, stays.
    """
    if text.isascii() or not _FOLDED.search(text):  # most texts: searching is faster
        return text
    return text.translate(_PLAIN)


def is_mark(character: str) -> bool:
    """Whether a character is part of the one before it, as an accent or a keycap is."""
    return unicodedata.category(character)[0] == "M"


def _plain() -> Iterator[tuple[int, str | None]]:
    """Give the code points that do not stay as they are, with what is written for them."""
    for code in chain(*_BLOCKS):
        character = chr(code)
        match unicodedata.category(character):
            case "Cn" | "Lo":
                continue
            case "Mn" | "Mc" | "Me" | "Cf":
                yield code, None
            case "Zs":
                yield code, " "
            case "Pd":
                yield code, "-"
            case _:
                digit = unicodedata.digit(character, None)
                plain = unicodedata.normalize("NFKC", character) if digit is None else str(digit)
                if len(plain) == 1 and plain.isascii():
                    yield code, plain


_PLAIN: Final[dict[int, str | None]] = dict(_plain()) | _OTHERS


# By code point; the last stands for all above.
_UNSEEN: Final = np.zeros(max(_PLAIN) + 2, bool)
_UNSEEN[[code for code, plain in _PLAIN.items() if plain is None]] = True


def places(text: str) -> Sequence[int]:
    """Return for each character of ``fold(text)`` where in ``text`` it comes from."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kept: list[int] = np.flatnonzero(~_UNSEEN[np.minimum(codes, len(_UNSEEN) - 1)]).tolist()
    return kept


def _ranges() -> str:
    """Write the class of the characters that `fold` changes, rather too large than slow."""
    ranges: list[list[int]] = []
    for code in sorted(code for code in _PLAIN if code < 0x10000):
        if ranges and code <= ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    ranges += [0x10000, 0x1F1FF], [0xE0000, 0xE01FF]  # few of many, but no emoji
    return "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in ranges)


_FOLDED: Final = re.compile(f"[{_ranges()}]")
