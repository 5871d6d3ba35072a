"""A last line that tells a file as we wrote it from one that somebody has changed since.

The line holds the SHA-256 of what is above it, so nothing has to be remembered anywhere else.
"""

from __future__ import annotations

import hashlib
from typing import Final

_WORDS: Final = "# By `monitor install-service`, which replaces it while it is unchanged: "


def stamped(text: str) -> str:
    """Add the line."""
    return f"{text}{_WORDS}{_digest(text)}\n"


def is_unchanged(text: str) -> bool:
    """Say whether this is, to the byte, what some version of us wrote."""
    above, _, digest = text.rpartition(_WORDS)
    return digest == f"{_digest(above)}\n"


def was_once(text: str, other: str) -> bool:
    """Say whether this began as the other one, and was changed above the line."""
    return text.endswith(f"{_WORDS}{_digest(other)}\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
