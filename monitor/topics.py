"""Where we publish: everything below one topic, an entity in a level of its own."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

AVAILABILITY: Final = "availability"
RESULTS: Final = "results"
ALERTS: Final = "alerts"
BOARD: Final = "sensors/board"

_LONGEST: Final = 64
_HASH_DIGITS: Final = 8


def level(name: str) -> str:
    """Write an entity's name as one level of a topic: lower-case letters, digits and hyphens.

    "Veldane Motors" becomes "veldane-motors". A name that such a level cannot hold gets a hash
    after an underscore ("Mokka & Moss": "mokka-moss_aaaee882"), so two names share a level only if
    they differ in nothing but case or in a hyphen for a space, as one entity's names may.
    """
    folded = name.casefold()
    ascii_ = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:_LONGEST].rstrip("-")
    if slug and slug == folded.replace(" ", "-"):
        return slug
    digest = hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{slug}_{digest[:_HASH_DIGITS]}"


def alert(entity: str) -> str:
    """Where the state of an entity's alert is published."""
    return f"{ALERTS}/{level(entity)}"


def standing(entity: str) -> str:
    """Where it is published how an entity stands."""
    return f"sensors/entities/{level(entity)}"


def below(prefix: str, topic: str) -> bool:
    """Whether a topic lies below another."""
    return topic.startswith(f"{prefix}/")


def problem(topic: str) -> str | None:
    """Say why nothing can be published on a topic, or below it; None if it can."""
    if any(mark in topic for mark in "+#\0"):
        return "'+' and '#' stand in filters only"
    if topic.startswith("$"):
        return "what begins with '$' is the broker's own"
    if topic.startswith("/") or topic.endswith("/") or "//" in topic:
        return "a level is empty"
    if len(topic.encode("utf-8", "surrogatepass")) > 60_000:
        return "too long"
    return None
