"""What a model that reads marks is asked, made of a text and the name of an entity."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.inference.marking import Marker, Searched, question
from monitor.tweets import MAX_NAME_CHARS, Entity
from monitor.tweets.entities import words_to_find

MOST_WORDS: Final = 16
"""The longest name, in words and punctuation marks, that is looked for if it is not configured.

Messages name whom they like: names of hundreds of words in texts that repeat them take long."""

_REMEMBERED: Final = 256
"""Names, of which the latest are."""


class Read(NamedTuple):
    """What a model reads of a text, and what it reads instead of whom it is asked about."""

    text: str
    question: str | None


class Asking:
    """Marks texts as training does (`monitor.lab.training.mixture.asked`), emoji still as signs.

    In a text that is asked about an entity its mentions become one mark, those of the other
    configured entities another. An entity that is not configured is looked for by the name that it
    is asked about by. Where nobody is asked about, nobody is marked.
    """

    def __init__(self, entities: Sequence[Entity], most: int) -> None:
        """Take the configured entities, and how many characters of a text are read at most.

        Raises:
            ValueError: as `monitor.tweets.entities.EntityMatcher` raises it.
        """
        self._configured = Marker(entities)
        self._nobody = Marker(())
        self._most = most
        # Streams name the same few again and again; each takes some ten kilobytes.
        self._known = lru_cache(_REMEMBERED)(self._look_up)

    def read(self, pairs: Sequence[tuple[str, str | None]]) -> list[Read]:
        """Mark each text for its entity; what is read already stays as it is.

        A text is split into words once, whoever it is asked about.
        """
        texts: dict[str, Searched] = {}
        read: list[Read] = []
        for pair in pairs:
            if isinstance(pair, Read):
                read.append(pair)
                continue
            text, entity = pair
            if text not in texts:
                # Normalized it may be longer; half of that fills the model, but of odd texts.
                texts[text] = Searched(text[: self._most], self._most // 2)
            if entity is None:
                marked = self._nobody.mark(texts[text], None)
            else:
                name, stranger = self._known(entity)
                marked = self._configured.mark(texts[text], name, stranger=stranger)
            read.append(Read(marked, question(entity)))
        return read

    def _look_up(self, entity: str) -> tuple[str, Marker | None]:
        """Return what an entity is called here, and what finds it if it is not configured."""
        name = entity.strip()
        if name in self._configured.joined or len(name) > MAX_NAME_CHARS:
            return name, None
        name = self._configured.matcher.canonical(name)
        if name in self._configured.joined:
            return name, None
        try:
            words = words_to_find(name, name)
        except ValueError:  # no text can name it
            return name, None
        return name, Marker([Entity(name)]) if len(words) <= MOST_WORDS else None
