"""Sentences with the labels they have toward whom they name, as rows to learn from."""

import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from monitor.lab.training.invented.grammar import named, said
from monitor.lab.training.mixture import MixtureRow, invented
from monitor.tweets import Entity
from monitor.verdict import POLARITIES

FILE: Final = Path(__file__).with_name("sentences.toml")

SOURCE: Final = "invented"
"""Where these rows say that they come from."""


@dataclass(frozen=True)
class SentenceGroup:
    """Lines of one kind: their label (index into `POLARITIES`) toward each whom they name."""

    kind: str
    labels: dict[str, int]
    """By role: ``name`` and, where there are two entities, ``other``."""
    lines: tuple[str, ...]


@cache
def read() -> tuple[tuple[SentenceGroup, ...], dict[str, list[str]]]:
    """Return the groups, and the words that stand in their lines."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    groups = []
    for entry in table["group"]:
        labels = {"name": POLARITIES.index(entry["label"])}
        if "other" in entry:
            labels["other"] = POLARITIES.index(entry["other"])
        groups.append(
            SentenceGroup(entry["kind"], labels, tuple(entry["texts"].strip().splitlines()))
        )
    return tuple(groups), table["words"]


def rows(count: int, chance: random.Random) -> Iterator[MixtureRow]:
    """Yield ``count`` rows, every line of sentences.toml equally often.

    A text that names two entities is asked about either.
    """
    groups, words = read()
    lines = [(group, line) for group in groups for line in group.lines]
    order: Sequence[tuple[SentenceGroup, str]] = ()
    for number in range(count):
        place = number % len(lines)
        if place == 0:
            order = chance.sample(lines, len(lines))
        group, line = order[place]
        names: dict[str, str] = {}
        for role in group.labels:
            while (name := invented(chance)) in names.values():
                pass
            names[role] = name
        text = as_typed(named(said(line, words, chance), names), chance)
        target = chance.choice(sorted(group.labels))
        entities = tuple(Entity(name) for name in names.values())
        yield MixtureRow(SOURCE, text, names[target], entities, group.labels[target])


def as_typed(text: str, chance: random.Random) -> str:
    """Return ``text`` as people type it: some in small letters, some with a link behind."""
    if chance.random() < 0.25:
        text = text.lower()
    elif chance.random() < 0.03:
        text = text.upper()
    if chance.random() < 0.1:
        text += " " + chance.choice(("http", "https://t.co/Xq3vZk9w", "…", "lol", "#news"))
    return text
