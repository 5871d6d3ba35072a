"""What is filled into the cases: names of several kinds, places, numbers, complaints, praise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.cases import FOLDER, read_table
from monitor.lab.evaluation.behaviour.filling import Filling, unknown_placeholder


@dataclass(frozen=True, slots=True)
class Name:
    """An entity that the cases are asked about."""

    name: str
    kind: str
    real: bool
    """Somebody of that name exists; failures are not shown under it."""


@dataclass(frozen=True)
class Words:
    """The contents of names.toml."""

    names: Sequence[Name]
    places: Sequence[str]
    numbers: Sequence[str]
    complaints: Sequence[str]
    """Templates that can only make a text worse for ``{name}``."""
    praises: Sequence[str]
    """Templates that can only make it better."""

    def rival(self, name: Name) -> Name:
        """Return who stands for ``{other}``: the next of the same kind, so each is one once."""
        kin = [one for one in self.names if one.kind == name.kind]
        return kin[(kin.index(name) + 1) % len(kin)]

    def filling(self, name: Name, index: int) -> Filling:
        """Return what fills the case number ``index``: its place and number depend on that."""
        place = self.places[index % len(self.places)]
        number = self.numbers[index % len(self.numbers)]
        return Filling(name.name, self.rival(name).name, place, number)

    def sample(self, index: int, count: int) -> Iterator[Name]:
        """Yield ``count`` names for the case number ``index``; over the cases all come up."""
        names = self.names
        count = min(count, len(names))
        for step in range(count):
            yield names[(index + step * len(names) // count) % len(names)]

    def invented(self) -> frozenset[str]:
        """Return the names of nobody."""
        return frozenset(name.name for name in self.names if not name.real)


def read_words(folder: Path = FOLDER) -> Words:
    """Return the contents of names.toml.

    Raises:
        TrainingError: the file is missing or broken.
    """
    path = folder / "names.toml"
    table = read_table(path)
    try:
        names = [Name(**row) for row in table.pop("names")]
        words = Words(names, **table)
        kinds = [name.kind for name in names]
    except (KeyError, TypeError) as error:
        raise TrainingError(
            f"{path}: needs names (each with name, kind, real), places, numbers, complaints and"
            f" praises, and nothing else: {error}"
        ) from error
    for kind in kinds:
        if kinds.count(kind) < 2:
            raise TrainingError(f"{path}: {kind} needs a second name, to be compared with")
    for template in (*words.complaints, *words.praises):
        if wrong := unknown_placeholder(template):
            raise TrainingError(f"{path}: {wrong} is no placeholder; see the head of open.toml")
    return words
