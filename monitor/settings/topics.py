"""Where we publish: everything below one topic, an entity in a level of its own."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

AVAILABILITY: Final = "availability"
RESULTS: Final = "results"
ALERTS: Final = "alerts"
BOARD: Final = "sensors/board"
_OWN: Final = (AVAILABILITY, RESULTS, BOARD, f"{ALERTS}/+", "sensors/entities/+")

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


def is_own(prefix: str, topic: str) -> bool:
    """Whether a topic is one of those that we publish on, below a prefix."""
    own = topic.removeprefix(f"{prefix}/")
    if own == topic:
        return False
    above, _, last = own.rpartition("/")
    return own in (AVAILABILITY, RESULTS, BOARD) or (
        bool(last) and above in (ALERTS, "sensors/entities")
    )


def covers_own(prefix: str, filter_: str) -> bool:
    """Whether a topic filter asks for our own topics by name: "tweets/#", below "tweets".

    One that begins with a wildcard, or higher up ("#", "fleet/#" below "fleet/attic"), asks for
    what others publish, and ours only come along.
    """
    levels = filter_.split("/")
    if levels[0] == "$share":
        levels = levels[2:]
    stem = prefix.split("/")
    if levels[: len(stem)] != stem:
        return False
    rest = levels[len(stem) :]
    return any(_meets(rest, own.split("/")) for own in _OWN)


def _meets(filter_: Sequence[str], own: Sequence[str]) -> bool:
    """Whether some topic is covered by both; of ours "+" stands for an entity."""
    if filter_[:1] == ["#"]:
        return True
    if not filter_ or not own:
        return not filter_ and not own
    return (filter_[0] == own[0] or "+" in (filter_[0], own[0])) and _meets(filter_[1:], own[1:])


def impossible(topic: str) -> str | None:
    """Say why no message can have a topic (MQTT 5.0, sections 1.5.4 and 4.7); None if one can."""
    if not topic:
        return "it is empty"
    if any(mark in topic for mark in "+#"):
        return "'+' and '#' stand in filters only"
    try:
        length = len(topic.encode())
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if "\0" in topic or length > 65_535:
        return "it holds a NUL" if "\0" in topic else "it is longer than 65,535 bytes"
    return None


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
