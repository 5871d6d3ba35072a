"""Values out of a message, by what they are rather than by where they stand.

An optional value that is not what it should be is left out and remembered. It never costs the
tweet: publishers do not know what we read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from monitor.tweets.rejection import Reason, RejectedError
from monitor.tweets.wrapping import Fields

_UNSEEN: Final = frozenset(
    "\N{HANGUL FILLER}\N{HALFWIDTH HANGUL FILLER}\N{HANGUL CHOSEONG FILLER}"
    "\N{HANGUL JUNGSEONG FILLER}\N{BRAILLE PATTERN BLANK}\N{REPLACEMENT CHARACTER}"
)
"""Letters and signs to Unicode, and blank to readers, or nothing that was written."""
_UNSEEN_KINDS: Final = frozenset({"Cc", "Cf", "Mn", "Zl", "Zp", "Zs"})
"""Unicode's general categories of what shows nothing where it stands alone. Not "Cn": Python does
not know the newest emoji."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Replace what SQLite's UTF-8 cannot hold: NUL and lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\0", "\ufffd")


def tidied(text: str) -> str:
    """Return a value as it is kept: without white space and byte order marks around it."""
    return storable(text).strip().strip("\ufeff").strip()


class Taking:
    """Takes a message's optional values, and remembers which were left out."""

    def __init__(self) -> None:
        self._left_out: dict[str, None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of fields, each once; all of them names that we look for."""
        return tuple(self._left_out)

    def leave_out(self, name: str) -> None:
        """Remember that a field is not what it should be."""
        self._left_out[name] = None

    def string(self, fields: Fields, name: str, *, number: bool = False) -> str | None:
        """Take the stripped string (or integer, if allowed); None where it is absent or blank."""
        value = fields.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return tidied(value) or None
        if number and type(value) is int:  # a bool is an int, too
            return str(value)
        self.leave_out(name)
        return None

    def like(self, pattern: re.Pattern[str], fields: Fields, name: str) -> str | None:
        """Take a string that has the form that it should have, since it is kept as it is."""
        value = self.string(fields, name)
        if value is None or pattern.fullmatch(value):
            return value
        self.leave_out(name)
        return None

    def object(self, fields: Fields, name: str) -> Fields:
        """Take an object, empty where it is absent."""
        value = fields.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.leave_out(name)
        return {}


def first_text(values: Iterable[object]) -> str:
    """Return the first of the values that is a text, without white space around it.

    Raises:
        RejectedError: None is; the reason is that of the last one that there is.
    """
    error = RejectedError(Reason.NO_TEXT, "The message has no text.")
    for value in values:
        if isinstance(value, str):
            if any(map(_is_seen, text := tidied(value))):
                return text
            error = RejectedError(Reason.EMPTY, "The text is empty.")
        elif value is not None:
            error = RejectedError(Reason.WRONG_TYPE, "The text is not a string.")
    raise error


def _is_seen(sign: str) -> bool:
    return sign not in _UNSEEN and unicodedata.category(sign) not in _UNSEEN_KINDS
