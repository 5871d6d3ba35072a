"""The archive of blocks: small whole networks that come with the program, to be measured."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from monitor.console import strict_json
from monitor.lab.structure import Structure

INDEX: Final = "blocks.json"
"""Name to structure; beside it in the archive, a file NAME.tflite for each."""

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every member, so that the same blocks give the same archive."""


@dataclass(frozen=True)
class Block:
    """One of them: its name in the archive, and what it is (``quantization`` included)."""

    name: str
    structure: Structure


def packed(blocks: Iterable[tuple[Block, bytes]]) -> bytes:
    """Return an archive of ``blocks`` with their FlatBuffers."""
    members = dict(blocks)
    index = {block.name: asdict(block.structure) for block in members}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:

        def add(name: str, data: bytes) -> None:
            member = zipfile.ZipInfo(name, _LONG_AGO)
            # Weights that repeat themselves: half as large as deflated.
            archive.writestr(member, data, zipfile.ZIP_LZMA)

        add(INDEX, strict_json(index).encode())
        for block, flatbuffer in members.items():
            add(f"{block.name}.tflite", flatbuffer)
    return content.getvalue()


class Blocks:
    """An archive, open: at most one block is unpacked at a time, for boards have little memory."""

    def __init__(self, content: bytes) -> None:
        """Open what `packed` has made."""
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.all = tuple(
            Block(name, Structure.of(table, name))
            for name, table in json.loads(self._archive.read(INDEX)).items()
        )

    def of(self, quantization: str) -> tuple[Block, ...]:
        """Return the blocks whose weights are kept so."""
        return tuple(b for b in self.all if b.structure.quantization == quantization)

    def flatbuffer(self, block: Block) -> bytes:
        """Return the content of a block's file."""
        return self._archive.read(f"{block.name}.tflite")


@cache
def ours() -> Blocks:
    """Return the blocks that came with the program."""
    return Blocks(files("monitor.lab.profiling").joinpath("blocks.zip").read_bytes())
