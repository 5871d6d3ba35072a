"""Which entities a tweet is about: brands, people, institutions, as configured.

Names are found as whole words, in whatever spelling (`monitor.tweets.spelling`), after Unicode's
compatibility normalization (NFKC). Scripts written without spaces between words (Chinese,
Japanese, Thai) are out of scope: a name is found there only if it stands apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from monitor.tweets.masking import replace_emails, replace_links
from monitor.tweets.spelling import MARKS, REFERENCE, folded, letters_of_references, referred
from monitor.tweets.streamsafe import nfkc
from monitor.tweets.tweet import MAX_ENTITIES, MAX_NAME_CHARS


@dataclass(frozen=True, slots=True)
class Entity:
    """One ``[[entities]]`` table of the configuration."""

    name: str
    """The name that labels are stored under. It is an alias, too."""
    aliases: tuple[str, ...] = ()
    """Other names. One written as ``@handle`` or ``#hashtag`` is found only as that. A model that
    reads marks knows by them who is meant."""
    exclude: tuple[str, ...] = ()
    """Phrases, as "apple pie", inside which the entity's names do not count."""


class EntityMatcher:
    """Finds the configured entities in texts.

    - An alias is also found as ``@handle`` and ``#hashtag``, in its possessive ("Apple's"), and, if
      it has several words or punctuation inside, joined ("Land Rover" in ``#LandRover`` and
      ``#Land_Rover``, "AT&T" in ``@att``). It is not found inside a longer word: neither
      "pineapple" nor ``#AppleEvent`` is about Apple.
    - Case and accents do not matter; a dash is as good as a space, one quotation mark as good as
      another, ``&amp;`` is ``&``. A closing ``.`` of an alias may be left out, a closing ``!`` or
      ``?`` only in handles and hashtags, which cannot have it: "guess" is not about "Guess?". Other
      punctuation counts.
    - Links and e-mail addresses are not looked into.
    - Entities do not hide each other: "Apple Music" names both Apple and Apple Music, if both
      are configured, unless Apple excludes "Apple Music".

    The names lie in a tree, a word a level, so that names which begin with the same words are
    looked for together: the time that ``match`` takes depends on the text and on how many words the
    longest name has, not on the number of entities.

    Args:
        entities: In the order in which ``match`` reports them.
        loosely: Whether a closing ``!`` or ``?`` may be left out everywhere: where it is known
            that a text is about the entity.

    Raises:
        ValueError: Two entities claim the same name, or a name or phrase cannot be found in any
            text because it has no word, because more than one word follows its ``@`` or ``#``, or
            because it has more than `MAX_NAME_CHARS` characters.
    """

    def __init__(self, entities: Sequence[Entity], *, loosely: bool = False) -> None:
        self._names = [entity.name.strip() for entity in entities]
        self._tree = _Node()
        for position, entity in enumerate(entities):
            for phrase in entity.exclude:
                self._add(words_to_find(phrase, entity.name), position, excludes=True)
        owners: dict[tuple[str, ...], int] = {}
        for position, entity in enumerate(entities):
            for alias in (entity.name, *entity.aliases):
                words = words_to_find(alias, entity.name)
                words = without_mark(words) if loosely else words
                owner = owners.setdefault(words, position)
                if owner != position:
                    raise ValueError(
                        f"entities {self._names[owner]!r} and {entity.name!r}"
                        f" both claim the name {alias!r}"
                    )
        self._canonical: dict[str, str] = {}
        for words, position in owners.items():
            self._add(words, position, excludes=False)
            self._canonical[" ".join(words)] = self._names[position]
        for words, position in owners.items():  # an exact spelling goes before these
            self._canonical.setdefault(_bare(" ".join(words)), self._names[position])
            self._canonical.setdefault(" ".join(without_mark(words)), self._names[position])
            if joined := _joined(words):
                self._canonical.setdefault(joined, self._names[position])

    def match(self, text: str) -> tuple[str, ...]:
        """Name the entities that a text mentions, in configuration order, each once.

        Of more than `MAX_ENTITIES` those named first count: each costs a run of the model.
        """
        if not self._names:
            return ()
        found: dict[int, None] = {}  # in the order of the text
        for _, _, position in self._found(_tokens(text)):
            found[position] = None
            if len(found) >= MAX_ENTITIES:
                break
        return tuple(self._names[position] for position in sorted([*found][:MAX_ENTITIES]))

    def locate(self, text: Searchable) -> list[Mention]:
        """Say where a text mentions the entities, in order of the mentions' beginnings.

        Mentions of different entities may overlap.
        """
        if not self._names:
            return []
        return [
            Mention(text.spans[first][0], text.spans[end - 1][1], self._names[position])
            for first, end, position in self._found(text.tokens)
        ]

    def _found(self, tokens: list[str]) -> Iterator[tuple[int, int, int]]:
        """Yield each mention's first token, the token after it, and its entity's position."""
        first = self._tree.following
        excluded_to: dict[int, int] = {}  # entity -> the furthest end of its exclusions so far
        for start, token in enumerate(tokens):
            node = first.get(token)
            if node is None:  # as most
                continue
            ends = []
            end = start + 1
            while node:
                for entity in node.excluded:
                    excluded_to[entity] = max(excluded_to.get(entity, 0), end)
                if node.named:
                    ends.append((end, node.named))
                if not node.following or end == len(tokens):
                    break
                node = node.following.get(_bare(tokens[end]))
                end += 1
            # All exclusions that begin here before all names.
            for end, named in ends:
                for entity in named:
                    if end > excluded_to.get(entity, 0):
                        yield start, end, entity

    def canonical(self, name: str) -> str:
        """Find the configured spelling of a name that a publisher or a level of a topic gives.

        Case, a leading ``@`` or ``#``, and ``-`` or ``_`` for a space do not matter. A name that
        is not configured comes back as it is, without the white space around it.
        """
        key = " ".join(_words(name))
        for spelling in (key, _bare(key), _bare(key).replace("_", " ")):
            if spelling in self._canonical:
                return self._canonical[spelling]
        return name.strip()

    def _add(self, words: tuple[str, ...], position: int, *, excludes: bool) -> None:
        first, *rest = words
        self._tree.add(words, position, excludes=excludes)
        if _bare(first) != first:  # asked for as a handle or hashtag
            return
        for sigil in "@#":
            self._tree.add((sigil + first, *rest), position, excludes=excludes)
        if not rest:
            return
        tags = {_joined(words), _joined(words, "_")} - {""}
        for tag in tags:
            for sigil in "@#":
                self._tree.add((sigil + tag,), position, excludes=excludes)
        if "_" in (tag := _joined(words, "_")):
            self._tree.add((tag,), position, excludes=excludes)


class Searchable:
    """A text split into words once, however many names are looked for in it."""

    def __init__(self, text: str, most: int | None = None) -> None:
        """Take a text; of a longer one the first ``most`` characters, as it is searched."""
        self.text = readable(text)[:most]
        """In the spelling that is searched."""
        # As most: folded it is as long, and so are its words.
        self._is_plain = self.text.isascii() and "&" not in self.text

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where its words and punctuation marks stand in it."""
        if self._is_plain:
            return [word.span() for word in _TOKEN.finditer(self.text)]
        return [span for span, _ in self._found]

    @cached_property
    def tokens(self) -> list[str]:
        """Its words and punctuation marks, in one spelling."""
        if self._is_plain:
            return _TOKEN.findall(folded(self.text))
        return [token for _, token in self._found]

    @cached_property
    def _found(self) -> list[tuple[tuple[int, int], str]]:
        found = ((word.span(), _spelt(folded(word[0]))) for word in _TOKEN.finditer(self.text))
        return [each for each in found if each[1] not in _BETWEEN]


class Mention(NamedTuple):
    """Where a text names an entity: characters from ``start`` to before ``end``."""

    start: int
    end: int
    entity: str


@dataclass(slots=True)
class _Node:
    """Where one word after another leads; the root is where a phrase begins."""

    following: dict[str, _Node] = field(default_factory=dict)
    named: tuple[int, ...] = ()
    """Entities that have a name which ends here."""
    excluded: tuple[int, ...] = ()
    """Entities that have an exclusion which ends here."""

    def add(self, words: Iterable[str], entity: int, *, excludes: bool) -> None:
        node = self
        for word in words:
            following = node.following.get(word)
            if following is None:
                following = node.following[word] = _Node()
            node = following
        if excludes:
            node.excluded = tuple(dict.fromkeys((*node.excluded, entity)))
        else:
            node.named = tuple(dict.fromkeys((*node.named, entity)))


_TOKEN: Final = re.compile(
    rf"[\w{MARKS}]+|[@#](?<![\w{MARKS}].)[\w{MARKS}]+|{REFERENCE}|[^\w\s{MARKS}-]"
)
_BETWEEN: Final = ("", "-")
"""What dashes, and marks without a letter, become: nothing between words."""
_LOOKALIKES: Final = {
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{ACUTE ACCENT}": "'",
    "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    # NFKC would write these as letters of the word before.
    "\N{TRADE MARK SIGN}": " ",
    "\N{SERVICE MARK}": " ",
    # Not seen by readers.
    "\N{SOFT HYPHEN}": "",
    "\N{ZERO WIDTH SPACE}": "",
}
_LOOKALIKE: Final = re.compile(f"[{''.join(_LOOKALIKES)}]")
_ON_NOTHING: Final = re.compile(rf"(?<![\w{MARKS}])[{MARKS}]+(?=[@#])")
"""Accents without a letter, which would hide that a handle begins there."""
_INSIDE: Final = re.compile(
    r"(?<=[\w@#-])[\u180e\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+(?=[\w-])"
)
"""Joiners, marks of direction and the like inside a word. Between emoji they make one of many."""


def readable(text: str) -> str:
    """Return ``text`` as names are looked for in it, in its own case.

    Lookalikes are exchanged for the plain sign, then comes NFKC. An e-mail address becomes a
    space, a link the word "http".
    """
    return replace_links(replace_emails(_plain(text), " "), " http ")


def _plain(text: str) -> str:
    """Write what looks alike in one way."""
    if "&" in text:
        text = letters_of_references(text)
    if text.isascii():
        return text
    text = _ON_NOTHING.sub("", _INSIDE.sub("", text))
    return nfkc(_LOOKALIKE.sub(lambda found: _LOOKALIKES[found[0]], text))


def _tokens(text: str) -> list[str]:
    """Split a text into words, handles, hashtags and punctuation marks, in one spelling."""
    # Addresses first, as `readable` does: folded, a dash would be part of one.
    text = folded(replace_links(replace_emails(_plain(text), " "), " "))
    tokens = _TOKEN.findall(text)
    if "&" in text and ";" in text:
        return [token for token in map(_spelt, tokens) if token]
    return tokens


def _spelt(token: str) -> str:
    """Write a character reference as the sign that it stands for."""
    return referred(token) if len(token) > 1 and token[0] == "&" else token


@lru_cache(maxsize=32)  # the names of a message are asked for twice, and few come in one
def _words(name: str) -> tuple[str, ...]:
    """Split a name into tokens, without what people leave out at its end."""
    tokens = _tokens(name)
    while len(tokens) > 1 and tokens[-1] == ".":
        tokens.pop()
    return (*tokens[:1], *(_bare(token) for token in tokens[1:]))


def words_to_find(name: str, entity: str) -> tuple[str, ...]:
    """Return the words of a name or phrase of ``entity``, the same for all its spellings.

    Raises:
        ValueError: as `EntityMatcher` raises it.
    """
    if len(name.strip()) > MAX_NAME_CHARS:
        raise ValueError(
            f"entity {entity[:MAX_NAME_CHARS]!r}: a name of over {MAX_NAME_CHARS} characters"
        )
    words = _words(name)
    if not any(_is_word(_bare(word)) for word in words):
        raise ValueError(f"entity {entity!r}: {name!r} has no word to look for")
    if len(words) > 1 and _bare(words[0]) != words[0]:
        raise ValueError(f"entity {entity!r}: {name!r} is more than a handle or hashtag")
    return words


def without_mark(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what closes a name as it would a sentence."""
    while len(words) > 1 and words[-1] in ("!", "?", "."):
        words = words[:-1]
    return words


def _joined(words: tuple[str, ...], by: str = "") -> str:
    """Join a name as its hashtag would.

    Empty for "C++", where the marks are the name, and for "E!", where a letter would be left.
    """
    words = without_mark(words)
    apart = _is_word(words[0]) and _is_word(words[-1])
    joined = by.join(filter(_is_word, words)) if apart else ""
    return joined if len(joined) > 1 else ""


def _bare(token: str) -> str:
    """Drop the sigil of a handle or hashtag."""
    return token[1:] if len(token) > 1 and token[0] in "@#" else token


def _is_word(token: str) -> bool:
    return token[-1].isalnum() or token[-1] == "_"
