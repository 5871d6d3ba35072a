"""What a form of message says of its tweet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Identify: TypeAlias = Callable[[bytes], str]
"""Gives the id of what carries none, as a digest of its bytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a form says, the names of its fields translated and nothing checked but the text."""

    text: str
    """Without white space around it, and never empty."""
    ids: tuple[object, ...] = ()
    """What may be its id, the best first."""
    author: str | None = None
    created_at: object = None
    lang: object = None
    is_retweet: bool = False
