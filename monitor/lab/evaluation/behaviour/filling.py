"""Placeholders of a case filled in: names as they are, as handles, hashtags and possessives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from monitor.lab.naming import written

ROLES: Final = ("name", "other")
"""Entities of a text that the model may be asked about: the placeholders that hold a name."""

_PLACEHOLDER: Final = re.compile(r"\{(?:([@#]?)(name|other)('s)?|(place|number))\}")


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands for the placeholders."""

    name: str
    other: str
    place: str
    number: str

    def entity(self, role: str) -> str:
        """Return who has one of `ROLES`."""
        return self.name if role == "name" else self.other

    def text(self, template: str) -> str:
        """Fill ``template`` in."""
        return _PLACEHOLDER.sub(self._one, template)

    def _one(self, found: re.Match[str]) -> str:
        sigil, role, possessive, word = found.groups()
        if word:
            return self.place if word == "place" else self.number
        return written(self.entity(role), sigil, bool(possessive))


def pieces_of(template: str) -> list[str]:
    """Return a template as pieces: text, placeholder, text, ..., beginning and ending with text."""
    pieces, end = [], 0
    for found in _PLACEHOLDER.finditer(template):
        pieces += [template[end : found.start()], found[0]]
        end = found.end()
    return [*pieces, template[end:]]


def unknown_placeholder(template: str) -> str | None:
    """Return something in braces that would not be filled in, if there is any."""
    left = re.search(r"\{[^{}]*\}?|\}", _PLACEHOLDER.sub("", template))
    return left[0] if left else None
