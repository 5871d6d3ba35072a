"""TensorFlow, imported when it is first used: that takes seconds, and it greets whoever does."""

from importlib import import_module
from typing import Any

from monitor.inference.chatter import without_chatter


class _Lazily:
    """Stands for the module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (of every type there is)
        with without_chatter():
            return getattr(import_module("tensorflow"), name)


tf: Any = _Lazily()

__all__ = ["tf"]
