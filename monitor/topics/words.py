"""A text as words, and a word as a number, which is all that is kept of it while they are counted.

The number is a checksum (CRC-32), so no list of all words is needed, which a stranger could make as
long as he likes; and it is the same in each run, so the same log gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from sys import byteorder
from typing import Final
from zlib import crc32

from monitor.tweets.spelling import folded
from monitor.tweets.streamsafe import nfkc

MOST_CHARS: Final = 300
"""Of a text so much is read: a whole tweet, and the beginning of a longer post."""
MOST_WORDS: Final = 40
"""Of a tweet so many words count, the ends of its sentences included."""
BYTES: Final = 4
"""Of a number."""
NO_WORD: Final = 0
"""Stands for what parts words: the end of a sentence, a link, a mention, what was masked."""

_REMEMBERED: Final = 1 << 16
_REMEMBERED_CHARS: Final = 24
"""Longer ones are mostly links, each of which comes once."""

_TOKEN: Final = re.compile(
    r"<\w+>|@[\w.]+|https?://\S+|www\.\S+"  # no words
    r"|\d+(?:[.,]\d+)+|#?\w+(?:'\w+)*"
    r"|[.,!?;:()\"]+"
)
_NO_WORD: Final = re.compile(r"[<@.,!?;:()\"]|https?://|www\.")


class Codes(dict[str, bytes]):
    """The numbers of what stands between blanks, mostly a word: four bytes each, as the board's.

    Those met first are remembered: most come again, and to look one up is ten times as fast.
    """

    def __missing__(self, chunk: str) -> bytes:
        """Reckon them."""
        if chunk.isalnum():
            codes = (crc32(chunk.encode()) or 1).to_bytes(BYTES, byteorder)
        else:
            tokens = _TOKEN.findall(chunk)
            codes = b"".join(_code(token).to_bytes(BYTES, byteorder) for token in tokens)
        if len(self) < _REMEMBERED and len(chunk) <= _REMEMBERED_CHARS:
            self[chunk] = codes
        return codes

    def of(self, text: str) -> bytes:
        """Return the numbers of a text's words, in order, with `NO_WORD` between what is apart."""
        chunks = _chunks(text)[:MOST_WORDS]
        return b"".join(map(self.__getitem__, chunks))[: BYTES * MOST_WORDS]


def spelt(text: str, codes: Sequence[int]) -> str | None:
    """Return the words of a text that have these numbers, one after another; None if none have."""
    tokens = _tokens(text)
    numbers, wanted = [*map(_code, tokens)], [*codes]
    for first in range(len(numbers) - len(wanted) + 1):
        if numbers[first : first + len(wanted)] == wanted:
            return " ".join(map(_bare, tokens[first : first + len(wanted)]))
    return None


def names_of(name: str) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of a name as it is written in texts: its words, joined, as a hashtag."""
    tokens = _tokens(name.lstrip("@#"))
    words = [token for token in tokens if _code(token) != NO_WORD]
    if not words:
        return
    yield tuple(map(_code, words))
    end = len(tokens) - tokens[::-1].index(words[-1])
    yield tuple(map(_code, tokens[tokens.index(words[0]) : end]))  # "Dr. Who"
    for joined in {"".join(words), "_".join(words)}:
        yield (_code(joined),)
        yield (_code(f"#{joined}"),)


def _tokens(text: str) -> list[str]:
    return [token for chunk in _chunks(text) for token in _TOKEN.findall(chunk)]


def _chunks(text: str) -> list[str]:
    """Split a text at its blanks; of a retweet what it repeats."""
    text = text[:MOST_CHARS]
    if "&" in text:
        text = unescape(text)
    text = folded(text if text.isascii() else nfkc(text))
    return text.split()[text.startswith("rt @") :]


def _code(token: str) -> int:
    """Reckon the number of a word, above 0, or `NO_WORD`."""
    if _NO_WORD.match(token):
        return NO_WORD
    return crc32(_bare(token).encode(errors="surrogatepass")) or 1


def _bare(word: str) -> str:
    """Leave the mark of the possessive out."""
    return word.removesuffix("'s")
