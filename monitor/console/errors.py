"""Describes an exception without quoting what a tweet said."""

from __future__ import annotations

import sqlite3
from typing import Final

_TELLING: Final = (OSError, RuntimeError, sqlite3.Error)
"""Errors of the system, the interpreter and the log: they speak of files, tensors and tables."""


def describe(error: BaseException) -> str:
    """Name an error, with its message if that cannot hold a tweet: ``KeyError(text)`` would."""
    kind = type(error)
    telling = isinstance(error, _TELLING) or kind.__module__.startswith("monitor.")
    return f"{kind.__qualname__}: {error}" if telling else kind.__qualname__
