"""A text that is being redacted: plain characters to search in, and what was found there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from monitor.redaction import folding

_TAKEN: Final = "<"
"""Stands for each character that is masked: like a mark ("<link>"), it is part of nothing else."""


MOST: Final = 1024
"""Findings that are put back into the text one by one; a tweet has a few."""

_RUN: Final = re.compile(f"{_TAKEN}+")

Finding = tuple[int, int, str]
"""Start and end in `Draft.plain`, and the mark that belongs there."""


class Draft:
    """Passes search `plain` one after the other, and see nothing of what one before has found.

    Args:
        text: what is to be redacted.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._masked: list[Finding] = []
        self.plain = folding.fold(text)
        """The text in plain characters (`folding`) without what was masked."""
        self._is_plain = self.plain is text  # as most are: then marks are put where they belong

    def by(self, mark: str) -> str | Callable[[re.Match[str]], str]:
        """Give the replacement for `re.sub` on `plain` that masks each match."""
        if self._is_plain:
            return mark

        note = self._masked.append

        def take(match: re.Match[str]) -> str:
            start, end = match.span()
            note((start, end, mark))
            return _TAKEN * (end - start)

        return take

    def mask(self, findings: Iterable[Finding]) -> None:
        """Mask what was found.

        Args:
            findings: in order, none overlapping another.
        """
        parts: list[str] = []
        done = 0
        for start, end, mark in findings:
            parts += self.plain[done:start], mark if self._is_plain else _TAKEN * (end - start)
            done = end
            if not self._is_plain:
                self._masked.append((start, end, mark))
        self.plain = "".join(parts) + self.plain[done:]

    def finished(self) -> str:
        """Give the text with a mark in the place of each finding."""
        if self._is_plain:
            return self.plain
        if not self._masked:
            return self._text
        if len(self._masked) > MOST:  # putting them back would take longer than finding them
            return _RUN.sub("<masked>", self.plain)
        text = self._text
        places: range | list[int] = range(len(text))
        if len(self.plain) != len(text):
            places = [place for place, each in enumerate(text) if each not in folding.UNSEEN]
        parts: list[str] = []
        done = 0
        for start, end, mark in sorted(self._masked):
            if places[start] < done:  # within what was masked to the end of the text
                continue
            last = places[end - 1] + 1
            while last < len(text) and folding.is_mark(text[last]):
                last += 1  # an accent belongs to the character before it, which is masked
            parts += text[done : places[start]], mark
            done = last
        return "".join(parts) + text[done:]


def without(plain: str, spans: Iterable[tuple[int, int]]) -> str:
    """Take spans out of a text without moving what is behind them."""
    parts: list[str] = []
    done = 0
    for start, end in spans:
        parts += plain[done:start], _TAKEN * (end - start)
        done = end
    return "".join(parts) + plain[done:]
