"""A text that is being redacted: plain characters to search in, and what was found there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from monitor.tweets.redaction import folding

_TAKEN: Final = "<"
"""Stands for each character that is masked: like a mark ("<link>"), it is part of nothing else."""

LONGEST: Final = 25_000
"""Characters that are kept of a text: as many as a post on X may have."""
_SPARE: Final = 500
"""Characters behind them that are searched, too, for what begins before the cut."""
CROWDED: Final = 1_000
"""Signs that addresses are made of, after which a text is cut, so that masking takes no longer.

A post of `LONGEST` characters in sentences has some 300 of them.
"""
# With the compatibility characters that `folding` takes for them.
_SIGN: Final = re.compile("[@./:\uff20\ufe6b\uff0e\ufe52\u2024\u00b7\u2022\uff0f\uff1a]")

Finding = tuple[int, int, str]
"""Start and end in `MaskedText.plain`, and the mark that belongs there."""


class MaskedText:
    """Passes search `plain` one after the other, and see nothing of what one before has found.

    Args:
        text: what is to be redacted.
    """

    def __init__(self, text: str) -> None:
        self._limit = _limit(text)
        self._text = text[: self._limit + _SPARE]
        self._masked: list[Finding] = []
        self.plain = folding.fold(self._text)
        """The text in plain characters (`folding`) without what was masked."""
        # As most are: then marks are put where they belong at once.
        self._is_plain = self.plain is self._text and len(text) <= self._limit

    def by(self, mark: str) -> str | Callable[[re.Match[str]], str]:
        """Give the replacement for `re.sub` on `plain` that masks each match."""
        if self._is_plain:
            return mark

        def take(match: re.Match[str]) -> str:
            start, end = match.span()
            self._masked.append((start, end, mark))
            return _TAKEN * (end - start)

        return take

    def mask(self, findings: Iterable[Finding]) -> None:
        """Mask what was found.

        Args:
            findings: in order; what begins within another is part of it.
        """
        parts: list[str] = []
        done = 0
        for start, end, mark in findings:
            if start < done:
                continue
            parts += self.plain[done:start], mark if self._is_plain else _TAKEN * (end - start)
            done = end
            if not self._is_plain:
                self._masked.append((start, end, mark))
        self.plain = "".join(parts) + self.plain[done:]

    def finished(self) -> str:
        """Give the text with a mark in the place of each finding; of a long one the beginning."""
        if self._is_plain:
            return self.plain[: _end(self.plain, LONGEST)]
        text = self._text
        if not self._masked and len(text) <= self._limit:
            return text
        places = folding.places(text) if len(self.plain) != len(text) else range(len(text))
        limit = _end(text, self._limit)
        has_marks = not text.isascii()
        parts: list[str] = []
        done = 0
        for start, end, mark in sorted(self._masked):
            if places[start] >= limit:
                break
            if places[start] < done:  # within what is masked as a whole
                continue
            last = places[end - 1] + 1
            while has_marks and last < len(text) and folding.is_mark(text[last]):
                last += 1  # an accent belongs to the character before it, which is masked
            parts += text[done : places[start]], mark
            done = last
        redacted = "".join(parts) + text[done:limit]
        return redacted[: _end(redacted, LONGEST)]  # marks may be longer than what they stand for


def _limit(text: str) -> int:
    """Find how many characters of a text are kept at most."""
    if len(text) > CROWDED:
        for sign in islice(_SIGN.finditer(text), CROWDED, CROWDED + 1):
            return min(LONGEST, sign.start())
    return LONGEST


def _end(text: str, limit: int) -> int:
    """Find where a text is cut: before the word or the mark that does not fit as a whole."""
    if len(text) <= limit:
        return len(text)
    before = max(text.rfind(sign, max(limit - _SPARE, 0), limit + 1) for sign in " \n<@")
    return before if before > 0 else limit


def without(plain: str, spans: Iterable[tuple[int, int]]) -> str:
    """Take spans out of a text without moving what is behind them."""
    parts: list[str] = []
    done = 0
    for start, end in spans:
        parts += plain[done:start], _TAKEN * (end - start)
        done = end
    return "".join(parts) + plain[done:]
