"""What an installation takes of a card, by package."""

from __future__ import annotations

from importlib.metadata import distributions
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

BLOCK: Final = 4096
"""Bytes: what a file system gives at least."""


def on_disk(path: Path) -> int:
    """Return the bytes that a file takes in whole blocks, with its bytecode if it has some."""
    taken = -(-path.stat().st_size // BLOCK) * BLOCK
    if path.suffix == ".py" and (compiled := Path(cache_from_source(str(path)))).exists():
        taken += on_disk(compiled)
    return taken


def by_package(site_packages: Path) -> dict[str, int]:
    """Return the bytes of each installed package, the largest first.

    Folders are not counted, nor what another version of Python compiled.
    """
    found: dict[str, int] = {}
    for distribution in distributions(path=[str(site_packages)]):
        files = (Path(str(file.locate())) for file in distribution.files or ())
        sources = (file for file in files if file.suffix != ".pyc" and file.is_file())
        found[distribution.name] = sum(map(on_disk, sources))
    return dict(sorted(found.items(), key=lambda item: -item[1]))
