"""A text as words, and a word as a number, which is all that is kept of it while they are counted.

The number is a checksum (CRC-32), so no list of all words is needed, which a stranger could make as
long as he likes; and it is the same in each run, so the same log gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Final
from zlib import crc32

from monitor.tweets.spelling import folded
from monitor.tweets.streamsafe import nfkc

MOST_CHARS: Final = 300
"""Of a text so much is read: a whole tweet, and the beginning of a longer post."""
MOST_WORDS: Final = 40
"""Of a tweet so many words count, the ends of its sentences included."""
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
_RETWEET: Final = "rt @"


class Codes(dict[str, int]):
    """The numbers of tokens; those met first are remembered, as most come again."""

    def __missing__(self, token: str) -> int:
        """Reckon a number: above 0, or `NO_WORD`."""
        code = NO_WORD
        if not _NO_WORD.match(token):
            code = crc32(_bare(token).encode(errors="surrogatepass")) or 1
        if len(self) < _REMEMBERED and len(token) <= _REMEMBERED_CHARS:
            self[token] = code
        return code

    def of(self, text: str) -> list[int]:
        """Return the numbers of a text's words, in order, with `NO_WORD` between what is apart."""
        return [*map(self.__getitem__, _tokens(text)[:MOST_WORDS])]


def spelt(text: str, codes: Sequence[int], known: Codes) -> str | None:
    """Return the words of a text that have these numbers, one after another; None if none have."""
    tokens = _tokens(text)
    numbers = [known[token] for token in tokens]
    for place in _places(numbers, codes):
        return " ".join(_bare(token) for token in tokens[place : place + len(codes)])
    return None


def names_of(name: str, known: Codes) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of a name as it is written in texts: its words, joined, as a hashtag."""
    tokens = _tokens(name.lstrip("@#"))
    words = [token for token in tokens if known[token] != NO_WORD]
    if not words:
        return
    yield tuple(known[word] for word in words)
    end = len(tokens) - tokens[::-1].index(words[-1])
    yield tuple(known[token] for token in tokens[tokens.index(words[0]) : end])  # "Dr. Who"
    for joined in {"".join(words), "_".join(words)}:
        yield (known[joined],)
        yield (known[f"#{joined}"],)


def _places(numbers: Sequence[int], codes: Sequence[int]) -> Iterator[int]:
    wanted = [*codes]
    for place in range(len(numbers) - len(wanted) + 1):
        if [*numbers[place : place + len(wanted)]] == wanted:
            yield place


def _tokens(text: str) -> list[str]:
    """Split a text, of a retweet what it repeats."""
    text = text[:MOST_CHARS]
    if "&" in text:
        text = unescape(text)
    text = folded(text if text.isascii() else nfkc(text))
    return _TOKEN.findall(text, len("rt ") if text.startswith(_RETWEET) else 0)


def _bare(word: str) -> str:
    """Leave the mark of the possessive out."""
    return word.removesuffix("'s")
