"""A tweet as the model reads it: who is asked about is marked, and no name decides.

The mentions of the entity that is asked about become one token, those of the other configured
entities another. So the same words about a bank and about a singer are the same text, and in
"A beats B" the marks say which of the two is meant. Nothing here needs PyTorch.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, count, pairwise
from typing import Final

from monitor.tweets import Entity, EntityMatcher
from monitor.tweets.entities import Mention, Searchable, without_mark, words_to_find
from monitor.tweets.spelling import folded

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


class Tag:
    """A hashtag or handle, without its sign, taken apart."""

    def __init__(self, body: str) -> None:
        self.words = _words_in(body)
        self._letters = _letters(body)
        spelt = [folded(word) for word in self.words]
        self._joined = "".join(spelt)
        # Where a word ends, in characters of them joined -> how many words that are.
        self._ends = dict(zip(accumulate(map(len, spelt)), count(1)))

    def begins_with(self, names: tuple[str, ...]) -> bool:
        """Whether it is of somebody who has one of ``names`` (each joined)."""
        return self._letters.startswith(names)

    def with_name(self, names: tuple[str, ...], by: str) -> list[str]:
        """Return its words, the first run of them that joined is one of ``names`` exchanged."""
        if not any(name in self._joined for name in names):  # as in most
            return self.words
        for start, first in ((0, 0), *self._ends.items()):
            if self._joined.startswith(names, start):
                found = [name for name in names if self._joined.startswith(name, start)]
                ends = [start + len(name) for name in found if start + len(name) in self._ends]
                if ends:
                    return [*self.words[:first], by, *self.words[self._ends[min(ends)] :]]
        return self.words


class Searched:
    """A text whose mentions and tags are found once, whoever it is asked about."""

    def __init__(self, text: str, most: int | None = None) -> None:
        """Take a text; of a longer one the first ``most`` characters, once it is normalized."""
        self._words = Searchable(_WRITTEN_MARK.sub(r"\1", text), most)
        self._mentions: dict[EntityMatcher, list[Mention]] = {}
        self._by_entity: dict[EntityMatcher, dict[str, list[Mention]]] = {}
        self._tags: dict[str, Tag] = {}

    @property
    def text(self) -> str:
        """As it is searched; mentions say where in it they stand."""
        return self._words.text

    def mentions(self, matcher: EntityMatcher) -> list[Mention]:
        """Return where the text names the entities of ``matcher``."""
        if matcher not in self._mentions:
            self._mentions[matcher] = matcher.locate(self._words)
        return self._mentions[matcher]

    def mentions_of(self, entity: str, matcher: EntityMatcher) -> list[Mention]:
        """Return where the text names one of the entities of ``matcher``."""
        if matcher not in self._by_entity:
            self._by_entity[matcher] = defaultdict(list)
            for mention in self.mentions(matcher):
                self._by_entity[matcher][mention.entity].append(mention)
        return self._by_entity[matcher][entity]

    def tag(self, body: str) -> Tag:
        """Return a hashtag or handle of the text, given without its sign, taken apart."""
        if body not in self._tags:
            self._tags[body] = Tag(body)
        return self._tags[body]


class Marker:
    """Prepares texts that name any of ``entities``.

    Mentions are found as `EntityMatcher` finds them. Those of the entity that is asked about are
    also found inside a hashtag in camel case ("#NeverAgainAcme"), at the beginning of a handle or
    hashtag ("@AcmeHelp"), and, where there is no other, without the mark that closes its name
    ("Yahoo" for "Yahoo!"): that the tweet is about the entity is known already.

    Raises:
        ValueError: as `EntityMatcher` raises it.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self.matcher: Final = EntityMatcher(entities)
        """What finds the mentions."""
        self._closed: Final = EntityMatcher([*filter(_has_mark, entities)], loosely=True)
        self.joined: Final = {
            entity.name.strip(): tuple(
                joined
                for name in (entity.name, *entity.aliases)
                if len(joined := _letters(name)) >= SHORTEST_PREFIX
            )
            for entity in entities
        }
        """Of each entity its names as handles and hashtags have them."""

    def mark(
        self,
        text: str | Searched,
        target: str | None,
        marks: Marks = MARKS,
        stranger: Marker | None = None,
    ) -> str:
        """Return ``text`` as the model reads it, asked about ``target`` (None: about nobody).

        Where a mention of the target and one of another overlap, the target's counts. Handles of
        nobody that is configured become `USER`, a hashtag in camel case its words, a link "http".
        Emoji are left alone (see `spell_emoji`). ``stranger`` knows the target if it is not one of
        the entities of this one.
        """
        searched = text if isinstance(text, Searched) else Searched(text)
        written = searched.text
        mentions = searched.mentions(self.matcher)
        if target is not None and not any(mention.entity == target for mention in mentions):
            mentions = [*mentions, *searched.mentions_of(target, self._closed)]
        names: tuple[str, ...] = ()
        if target is not None:
            if stranger:
                mentions = [*mentions, *searched.mentions_of(target, stranger.matcher)]
                names = stranger.joined[target]
            else:
                names = self.joined.get(target, ())
        tags: dict[str, str] = {}

        def tag(found: re.Match[str]) -> str:
            if not names:
                return USER if found[1] == "@" else _tag_of_nobody(found[2], found[0])
            if found[0] not in tags:
                tags[found[0]] = _read_tag(found[0], searched.tag(found[2]), names, marks.target)
            return tags[found[0]]

        parts: list[str] = []
        done = 0
        for mention in _apart(mentions, target):
            parts.append(_TAG.sub(tag, written[done : mention.start]))
            by = marks.target if mention.entity == target else marks.other
            parts.append(written[mention.start : mention.end] if by is None else by)
            done = mention.end
        parts.append(_TAG.sub(tag, written[done:]))
        return " ".join("".join(parts).split())


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


@lru_cache(maxsize=1024)
def _tag_of_nobody(body: str, written: str) -> str:
    """Return what is read instead of a hashtag where nobody is asked about; they come again."""
    words = _words_in(body)
    return " ".join(words) if len(words) > 1 else written


def _read_tag(written: str, tag: Tag, names: tuple[str, ...], by: str | None) -> str:
    """Return what is read instead of a hashtag or handle, asked about who has ``names``."""
    words = tag.words
    if by is not None:
        if tag.begins_with(names):
            return f" {by} "
        words = tag.with_name(names, by)
        if written[0] == "@" and by in words:
            return f" {by} "
    if written[0] == "@":
        return USER
    return " ".join(words) if len(words) > 1 else written


def _apart(mentions: Sequence[Mention], target: str | None) -> list[Mention]:
    """Return mentions that do not overlap: the target's first, then the longest."""
    ordered = sorted(mentions)
    if all(before.end <= after.start for before, after in pairwise(ordered)):  # as most
        return ordered
    kept: list[Mention] = []
    taken = bytearray(max(mention.end for mention in mentions))
    for mention in sorted(
        mentions, key=lambda each: (each.entity != target, each.start - each.end, each.start)
    ):
        if taken.find(b"x", mention.start, mention.end) < 0:
            taken[mention.start : mention.end] = b"x" * (mention.end - mention.start)
            kept.append(mention)
    return sorted(kept)


def _has_mark(entity: Entity) -> bool:
    """Whether a name of an entity ends in a mark that people leave out."""
    names = (words_to_find(name, entity.name) for name in (entity.name, *entity.aliases))
    return any(without_mark(words) != words for words in names)


def _words_in(tag: str) -> list[str]:
    """Return the words of a hashtag or handle in camel case or with low lines."""
    words = _CAMEL.findall(tag) or [tag]
    if len(words) > 1 and len(words[0]) == 1 and words[0].islower():  # iPhone, eBay
        words[:2] = [words[0] + words[1]]
    return words


def _letters(name: str) -> str:
    """Return a name as it would be joined in a handle."""
    return re.sub(r"[\W_]", "", folded(name))


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
