"""The face of a room: names handed out by its package, their modules imported when they are used.

Start-up counts on a board: whoever asks a room for one name does not wait for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def face(room: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package (PEP 562).

    Args:
        room: the package's name.
        names: what it hands out, by the module of the package that has it.
    """
    module_of = {name: module for module, of_module in names.items() for name in of_module}

    def attribute(name: str) -> Any:  # noqa: ANN401  (of every type there is)
        if name not in module_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(import_module(f"{room}.{module_of[name]}"), name)

    return attribute
