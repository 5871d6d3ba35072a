"""How one line of sentences.toml becomes many texts: choices and words drawn at random."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Final

from monitor.lab.errors import TrainingError
from monitor.lab.naming import written

CHOICE: Final = re.compile(r"\(([^()]*\|[^()]*)\)")
"""An innermost choice: what is between brackets, with a bar in it."""

WORD: Final = re.compile(r"\{(\w+)\}")

NAMED: Final = re.compile(r"\{([@#]?)(name|other)('s)?\}")

LEFT_OVER: Final = re.compile(r"[{}|]")


def said(line: str, words: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """Return one way to say ``line``: every choice made, every word filled in, names not yet.

    Raises:
        TrainingError: brackets or braces do not fit together, or a word is not in ``words``.
    """
    text, changed = line, 1
    while changed:
        text, changed = CHOICE.subn(lambda found: chance.choice(found[1].split("|")), text)

    def filled(found: re.Match[str]) -> str:
        return chance.choice(words[found[1]]) if found[1] in words else found[0]

    text = " ".join(WORD.sub(filled, text).split())
    if wrong := LEFT_OVER.search(NAMED.sub("", text)):
        raise TrainingError(f"sentences.toml: {wrong[0]!r} is left over in {line!r}")
    return re.sub(r" ([,.!?:;])", r"\1", text)


def named(text: str, names: Mapping[str, str]) -> str:
    """Return ``text`` with the ``names`` of ``name`` and ``other`` filled in."""

    def of(found: re.Match[str]) -> str:
        sigil, role, possessive = found.groups()
        return written(names[role], sigil, bool(possessive))

    return NAMED.sub(of, text)
