"""Labelled tweets as a model that reads marks is asked about them.

Whom an owner would have configured is not in a file of labelled tweets. Where no configuration is
given, those count as configured whom training would count (`lab.training.mixture.known_in`):
of some collections everybody in the file, else everybody that the rows of one text name.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from monitor.inference.asking import Asking, Read
from monitor.lab.training.mixture import SOURCES, TweetCollection, known_in
from monitor.tweets import Entity
from monitor.verdict import Pair

PARTS: Final = ("_train", "_val", "_test")
"""Ends of the names of a collection's files."""


def source_of(name: str) -> TweetCollection:
    """Return the collection that the file ``name`` is a part of, as far as it is known."""
    collection = {one.removesuffix("_train"): source for one, source in SOURCES.items()}
    for part in PARTS:
        name = name.removesuffix(part)
    return collection.get(name, TweetCollection(0))


def marked(name: str, pairs: Sequence[Pair], most: int) -> list[Read]:
    """Return the texts and entities of the file ``name``, marked.

    Args:
        name: of the file, without its endings.
        pairs: texts, and who is asked about or None.
        most: characters of a text that are read (`Classifier.readable`).
    """
    asking = lru_cache(maxsize=256)(lambda entities: Asking(entities, most))
    known: list[tuple[Entity, ...]] = known_in(pairs, source_of(name))
    return [
        read
        for pair, entities in zip(pairs, known, strict=True)
        for read in asking(entities).read([pair])
    ]
