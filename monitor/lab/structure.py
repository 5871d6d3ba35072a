"""The structure of a MobileBERT: what a search looks for, and a training builds.

Light: a board that measures blocks needs nothing but this.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from monitor.atomic import replacing

QUANTIZATIONS: Final = ("int8", "fp32")
"""Of the weights: "int8" is dynamic range, one scale a matrix; "fp32" keeps them as trained."""


class StructureError(Exception):
    """A structure is not one that can be built; the message says which key is wrong."""


@dataclass(frozen=True, order=True)
class Structure:
    """Dimensions of a MobileBERT (arXiv 2004.02984, table 1) and how its weights are kept.

    Widths are in features: ``hidden`` between the layers, ``bottleneck`` inside a layer (queries,
    keys and values of all ``heads`` together are as wide), ``intermediate`` inside a feed-forward
    network, ``embedding`` of the word table. ``stacks`` is the number of feed-forward networks a
    layer, ``vocabulary`` the rows of the word table, ``positions`` the longest input in tokens.
    """

    layers: int = 6
    hidden: int = 384
    bottleneck: int = 128
    heads: int = 4
    intermediate: int = 512
    stacks: int = 4
    embedding: int = 128
    vocabulary: int = 20_181
    positions: int = 128
    quantization: str = "int8"

    def __post_init__(self) -> None:
        """Check each number.

        Raises:
            StructureError: one is no positive whole number, the heads do not divide the
                bottleneck, or the quantization is unknown.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "quantization":
                if value not in QUANTIZATIONS:
                    raise StructureError(
                        f"quantization is {value!r}; must be one of {', '.join(QUANTIZATIONS)}"
                    )
            elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise StructureError(f"{field.name} is {value!r}; must be a whole number above 0")
        if self.bottleneck % self.heads:
            raise StructureError(
                f"bottleneck is {self.bottleneck}; {self.heads} heads must divide it"
            )

    @classmethod
    def of(cls, table: dict[str, Any], where: str = "structure") -> Structure:
        """Return the structure that ``table`` describes; what it does not name is the default.

        Raises:
            StructureError: a key is unknown, or a value impossible; the message starts with
                ``where``.
        """
        known = [field.name for field in fields(cls)]
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                raise StructureError(f"{where}: unknown key {key!r}; {hint}")
        try:
            return cls(**table)
        except StructureError as error:
            raise StructureError(f"{where}: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Structure:
        """Return the structure in a TOML file.

        Raises:
            StructureError: the file is missing, no TOML, or no structure.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise StructureError(f"{path}: {error}") from error
        return cls.of(table, str(path))

    def write(self, path: Path) -> None:
        """Write the structure as a TOML file that `read` takes."""
        lines = [
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
            for key, value in asdict(self).items()
        ]
        with replacing(path) as draft:
            draft.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def __str__(self) -> str:
        """Return the structure in one short line, as tables show it."""
        return (
            f"{self.layers}x{self.hidden}/{self.bottleneck} {self.stacks}x{self.intermediate} "
            f"e{self.embedding} v{self.vocabulary}"
        )
