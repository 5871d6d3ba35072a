"""A tweet as the model reads it: who is asked about is marked, and no name decides.

The mentions of the entity that is asked about become one token, those of the other configured
entities another. So the same words about a bank and about a singer are the same text, and in
"A beats B" the marks say which of the two is meant. Nothing here needs PyTorch.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from monitor.entities import Entity, EntityMatcher, Mention

TARGET: Final = "[TARGET]"
"""Stands for the entity that is asked about, in the text and as the question."""

OTHER: Final = "[OTHER]"
"""Stands for each other configured entity."""

USER: Final = "@user"
"""Stands for every handle that is no configured entity's, as in TweetEval (arXiv 2010.12421)."""

SHORTEST_PREFIX: Final = 4
"""Letters of a name, joined, from which on a handle that begins with it ("@acmehelp") is of it."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What mentions are replaced by; None leaves them as they are written."""

    target: str | None = TARGET
    other: str | None = OTHER


MARKS: Final = Marks()


class Marker:
    """Prepares texts that name any of ``entities``.

    Mentions are found as `EntityMatcher` finds them. Those of the entity that is asked about are
    also found inside a hashtag in camel case ("#NeverAgainAcme"), and at the beginning of a
    handle or hashtag ("@AcmeHelp"): that the tweet is about the entity is known already.

    Raises:
        ValueError: as `EntityMatcher` raises it.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._matcher = EntityMatcher(entities)
        self._joined = {
            entity.name.strip(): tuple(
                joined
                for name in (entity.name, *entity.aliases)
                if len(joined := _letters(name)) >= SHORTEST_PREFIX
            )
            for entity in entities
        }

    def mark(self, text: str, target: str | None, marks: Marks = MARKS) -> str:
        """Return ``text`` as the model reads it, asked about ``target`` (None: about nobody).

        Where a mention of the target and one of another overlap, the target's counts. Handles of
        nobody that is configured become `USER`, a hashtag in camel case its words, a link "http".
        Emoji are left alone (see `spell_emoji`).
        """
        text, mentions = self._matcher.locate(_WRITTEN_MARK.sub(r"\1", text))
        parts: list[str] = []
        done = 0
        for mention in _apart(mentions, target):
            parts.append(self._rest(text[done : mention.start], target, marks))
            by = marks.target if mention.entity == target else marks.other
            written = text[mention.start : mention.end]
            parts.append(written if by is None else by)
            done = mention.end
        parts.append(self._rest(text[done:], target, marks))
        return " ".join("".join(parts).split())

    def _rest(self, text: str, target: str | None, marks: Marks) -> str:
        """Prepare what is between two mentions."""
        names = self._joined.get(target, ()) if target is not None else ()

        def tag(found: re.Match[str]) -> str:
            sigil, body = found[1], found[2]
            words = _words_in(body)
            if names and marks.target is not None:
                if _letters(body).startswith(names):
                    return f" {marks.target} "
                words = _with_name(words, names, marks.target)
                if sigil == "@" and marks.target in words:
                    return f" {marks.target} "
            if sigil == "@":
                return USER
            return " ".join(words) if len(words) > 1 else found[0]

        return _TAG.sub(tag, text)


def question(target: str | None, kind: str = "") -> str | None:
    """Return the second half of the pair that the model is asked, None for a tweet as a whole.

    ``kind`` is a word for what the entity is, such as "airline".
    """
    if target is None:
        return None
    return f"{TARGET} {kind}" if kind else TARGET


def spell_emoji(text: str) -> str:
    """Exchange emoji for the words of their Unicode names, a row of the same ones for one."""
    if text.isascii():
        return text
    text = _EMOJI.sub(_spelt, _FLAGS.sub(" flag ", text))
    return " ".join(_MODIFIERS.sub("", text).split())


def _spelt(found: re.Match[str]) -> str:
    return f" {_name_of(found[1])} "


@lru_cache(maxsize=4096)
def _name_of(sign: str) -> str:
    name = unicodedata.name(sign, "").lower()
    return _PADDING.sub(" ", name).strip()


def _apart(mentions: Sequence[Mention], target: str | None) -> list[Mention]:
    """Return mentions that do not overlap: the target's first, then the longest."""
    kept: list[Mention] = []
    taken = bytearray(max((mention.end for mention in mentions), default=0))
    for mention in sorted(
        mentions, key=lambda each: (each.entity != target, each.start - each.end, each.start)
    ):
        if not any(taken[mention.start : mention.end]):
            taken[mention.start : mention.end] = b"x" * (mention.end - mention.start)
            kept.append(mention)
    return sorted(kept)


def _with_name(words: list[str], names: Sequence[str], by: str) -> list[str]:
    """Exchange the first run of ``words`` that joined is one of ``names``."""
    longest = max(map(len, names))
    for first in range(len(words)):
        joined = ""
        for end in range(first, len(words)):
            joined += words[end].casefold()
            if joined in names:
                return [*words[:first], by, *words[end + 1 :]]
            if len(joined) > longest:
                break
    return words


def _words_in(tag: str) -> list[str]:
    """Return the words of a hashtag or handle in camel case or with low lines."""
    words = _CAMEL.findall(tag) or [tag]
    if len(words) > 1 and len(words[0]) == 1 and words[0].islower():  # iPhone, eBay
        words[:2] = [words[0] + words[1]]
    return words


def _letters(name: str) -> str:
    """Return a name as it would be joined in a handle."""
    return re.sub(r"[\W_]", "", name.casefold())


_WRITTEN_MARK: Final = re.compile(r"\[(TARGET|OTHER)\]")
_TAG: Final = re.compile(r"(?<!\w)([@#])(\w+)")
_CAMEL: Final = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|[A-Z]|\d+")
_MODIFIER: Final = "[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f\u200d]"
_EMOJI: Final = re.compile(
    "([\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001f3fa\U0001f400-\U0001faff])"
    rf"(?:{_MODIFIER}|\s*\1)*"
)
_MODIFIERS: Final = re.compile(_MODIFIER)
_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")
_PADDING: Final = re.compile(r"\b(?:sign|symbol|emoji|black|heavy|white)\b|-")
