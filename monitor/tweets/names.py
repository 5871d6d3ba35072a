"""How names of entities are compared, and the names that stand for none."""

from __future__ import annotations

import unicodedata
from typing import Final

OTHERS: Final = "(others)"
"""What labels are stored under whose entity has no place of its own (`daemon.admission`), and what
entities are shown as that are added up."""
NO_ENTITY: Final = "(no entity)"
"""How tweets about no entity are shown; they are stored under ''."""

RESERVED: Final = frozenset({OTHERS, NO_ENTITY})
"""Folded, as they are written here."""


def folded(name: str) -> str:
    """Return what all spellings of a name have in common.

    Case, compatibility forms (NFKC), ``-`` or ``_`` for a space, and marks that are not seen
    (Unicode's category Cf) do not make another name. So names that are folded differently have
    different topics, too (`topics.level`).
    """
    seen = name
    if not name.isascii():
        seen = unicodedata.normalize("NFKC", name)
        seen = "".join(mark for mark in seen if unicodedata.category(mark) != "Cf")
    spaced = seen.casefold().replace("-", " ").replace("_", " ")
    return " ".join(spaced.split()) or name


def reserved(name: str) -> bool:
    """Whether a name, however spelled, would be taken for one of those that stand for none."""
    return folded(name) in RESERVED
