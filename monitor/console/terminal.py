"""Text for a terminal: control characters escaped, as wide as there are columns.

Tweets and the names of entities come from strangers. In a terminal an escape sequence among them
could set its title, answer for the user or hide what follows.
"""

from __future__ import annotations

import locale
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TextIO

from monitor.console.strict import strict_json

_MOST_MARKS: Final = 2
"""Combining marks kept on a character; more are no language, and paint over other lines."""


class TerminalGoneError(Exception):
    """The terminal was closed while the program read keys from it (SIGHUP may be ignored)."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Signs that stand for figures."""

    levels: str
    """From least to most, for a sparkline."""
    negative: str
    neutral: str
    positive: str
    bar: str
    up: str
    down: str
    more: str
    """Stands for what was cut off."""
    plus_minus: str
    here: str
    """Marks what is chosen."""
    unicode: bool


UNICODE: Final = Glyphs("▁▂▃▄▅▆▇█", "-", "·", "+", "█", "▲", "▼", "…", "±", "▸", True)
ASCII: Final = Glyphs("_.-:=+*#", "-", ".", "+", "#", "^", "v", "~", "+-", ">", False)


def glyphs(stream: TextIO | None = None) -> Glyphs:
    """Choose signs that a stream, by default standard output, and the locale can show.

    Python writes UTF-8 in the C locale, too; whoever has set ``LC_ALL=C`` is believed.
    """
    encoding = (stream or sys.stdout).encoding or ""
    both = (encoding, locale.nl_langinfo(locale.CODESET))
    return UNICODE if all(name.lower().replace("-", "") == "utf8" for name in both) else ASCII


def printable(text: str, signs: Glyphs = UNICODE) -> str:
    """Return a text as one line without anything that a terminal would obey or that has no form.

    Control characters and line breaks become spaces; what is invisible, such as marks of writing
    direction, goes. For an ASCII terminal other characters become ``?``.
    """
    kept: list[str] = []
    marks = 0
    for character in text:
        columns = _columns(character)
        if columns is None and unicodedata.category(character) in ("Cf", "Mn"):
            continue  # what goes parts no marks from their character
        marks = marks + 1 if columns == 0 else 0
        if marks <= _MOST_MARKS:
            kept.append(" " if columns is None else character)
    line = "".join(kept)
    return line if signs.unicode else line.encode("ascii", "replace").decode()


def escaped(text: str) -> str:
    r"""Return a text with all that a terminal would obey, or that has no form, as ``\u009b``.

    Line breaks and spaces of any kind stay. For messages, which quote the names of files, topics
    and entities, and for JSON, where that is how such a character is written (RFC 8259, section 7):
    whoever parses it gets the text as it was, lone surrogates included.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == "\n" or unicodedata.category(character) == "Zs"
        else _escape(character)
        for character in text
    )


def as_json(document: object) -> str:
    """Write a document as one line of JSON that steers no terminal which it is shown in.

    Raises:
        TypeError: it holds what JSON cannot.
    """
    return escaped(strict_json(document, ensure_ascii=False))


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def width(text: str) -> int:
    """Return how many columns a printable text takes."""
    return sum(_columns(character) or 0 for character in text)


def fit(text: str, columns: int, signs: Glyphs = UNICODE, *, right: bool = False) -> str:
    """Cut or pad a printable text to exactly so many columns.

    Args:
        text: from `printable`.
        columns: at least 0.
        signs: their ``more`` ends what was cut.
        right: pad on the left.
    """
    room = columns - width(text)
    if room < 0:
        text = _cut(text, columns - width(signs.more)) + signs.more if columns else ""
        room = columns - width(text)
    return " " * room + text if right else text + " " * room


def wrap(text: str, columns: int) -> Iterator[str]:
    """Break a printable text into lines of at most so many columns, between words if that goes.

    `textwrap` counts characters, and wide ones take two columns.
    """
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= columns:
            line = joined
            continue
        if line:
            yield line
        line = word
        while width(line) > columns:
            head = _cut(line, columns)
            yield head
            line = line[len(head) :]
    if line:
        yield line


def sparkline(values: Sequence[float | None], highest: float, signs: Glyphs = UNICODE) -> str:
    """Draw values from 0 to ``highest``, a column each; None leaves a gap."""
    top = len(signs.levels) - 1
    return "".join(
        " "
        if value is None
        else signs.levels[round(top * min(max(value / highest, 0.0), 1.0)) if highest > 0 else 0]
        for value in values
    )


def shares_bar(shares: Sequence[float], columns: int, signs: Glyphs = UNICODE) -> str:
    """Draw shares of negative, neutral and positive in so many columns, by largest remainder."""
    exact = [share * columns for share in shares]
    parts = [int(length) for length in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[: columns - sum(parts)]:
        parts[i] += 1
    letters = (signs.negative, signs.neutral, signs.positive)
    return "".join(letter * part for letter, part in zip(letters, parts, strict=True))


def _cut(text: str, columns: int) -> str:
    """Return the longest beginning that takes at most so many columns."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character) or 0
        if taken > columns:
            return text[:place]
    return text


@lru_cache(maxsize=4096)
def _columns(character: str) -> int | None:
    """Return a character's columns: 0 for a combining mark, 2 for a wide one, None for no form.

    Source: Unicode Standard Annex 11 (East Asian Width). Variation selectors have no form here:
    terminals disagree on how wide an emoji is with one.
    """
    if not character.isprintable() or "\ufe00" <= character <= "\ufe0f":
        return None
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
