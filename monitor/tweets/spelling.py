"""One spelling for all ways to write a name: case, accents, quotes, dashes, HTML.

People write Citroen for Citroën and AKBANK for Akbank; phones write typographic quotes and dashes;
APIs write ``&amp;``. Only Latin and Greek letters lose their accents, and the Cyrillic ё: elsewhere
a mark makes another letter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from html import unescape
from typing import Final

MARKS: Final = "\u0300-\u036f"
"""Combining diacritical marks, as a range of a regular expression: parts of the word before."""

_LETTERS: Final = (range(0xC0, 0x250), range(0x370, 0x400), range(0x1E00, 0x2000))
"""Latin-1 to Latin Extended-B, Greek, and what Unicode has of both with several marks."""
# What has no decomposition, as its users write it without the letter; the rest casefolds.
_STROKES: Final = {
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN SMALL LETTER H WITH STROKE}": "h",
    "\N{LATIN SMALL LETTER T WITH STROKE}": "t",
    "\N{LATIN SMALL LETTER ETH}": "d",
    "\N{LATIN SMALL LETTER THORN}": "th",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{CYRILLIC SMALL LETTER IO}": "\N{CYRILLIC SMALL LETTER IE}",
}
_QUOTES: Final = {
    "'": "`\N{PRIME}\N{SINGLE LOW-9 QUOTATION MARK}\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    '"': "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE PRIME}"
    "\N{DOUBLE LOW-9 QUOTATION MARK}\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
    "-": "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}"
    "\N{HORIZONTAL BAR}\N{MINUS SIGN}",
}
REFERENCE: Final = r"&(?:amp;)*(?:amp|quot|apos|lt|gt|nbsp|[lr][sd]quo);"
"""References of HTML to signs, once or several times escaped, as a regular expression."""
_LETTER: Final = re.compile(r"&(?:amp;)*(#(?:\d{1,7}|[xX][\da-fA-F]{1,6})|[A-Za-z]{3,8});")
"""References by number, and what may be one to a letter."""
_REFERRED: Final = {
    "amp": "&",
    "quot": '"',
    "ldquo": '"',
    "rdquo": '"',
    "lt": "<",
    "gt": ">",
    "nbsp": "",
}
"""What they stand for, if it is no apostrophe; a space is nothing between words."""


def folded(text: str) -> str:
    """Return a text, normalized already (NFKC), in the one spelling in which names are compared."""
    text = text.casefold()
    if text.isascii():
        return text.replace("`", "'") if "`" in text else text
    return text.translate(_table())


def referred(reference: str) -> str:
    """Return what a reference (`REFERENCE`, folded) stands for."""
    name = reference[1:-1].rpartition(";")[2]
    return _REFERRED.get(name, "'")


def letters_of_references(text: str) -> str:
    """Undo references to letters (``&euml;``), and those by number (``&#38;``), whatever they are.

    The other names, as ``&amp;``, stay: a sign in a name is compared with what they stand for.
    """
    return _LETTER.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    sign = unescape(f"&{found[1]};")
    one = len(sign) == 1 and (sign.isprintable() or sign.isspace())
    return sign if one and (found[1][0] == "#" or sign.isalpha()) else found[0]


@cache
def _table() -> dict[int, str]:
    """Make the table when it is first needed: most texts do without."""
    table = dict.fromkeys(range(0x300, 0x370), "")
    for codes in _LETTERS:
        for code in codes:
            apart = unicodedata.normalize("NFD", chr(code))
            if len(apart) > 1 and all(0x300 <= ord(mark) < 0x370 for mark in apart[1:]):
                table[code] = apart[0]
    table |= {ord(letter): plain for letter, plain in _STROKES.items()}
    table |= {ord(sign): plain for plain, signs in _QUOTES.items() for sign in signs}
    return table
