"""A row of a file or a stream, and what the model is asked about it: read as messages are.

So what the daemon labels is labelled here, with the same text, and what it refuses is refused with
the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from monitor.tweets.rejection import RejectedError
from monitor.tweets.tweet import text_and_entities
from monitor.tweets.twitter import WHOLE

Row: TypeAlias = dict[str, Any]

TEXT: Final = "text"
"""The column or field of the text, if no other is named: then the whole text wins."""
WHOLE_TEXTS: Final = (*WHOLE, "extended_tweet", "note_tweet", "data", "tweet")
"""Columns that stand for it where it is missing, and go before it where they hold more."""
ENTITY: Final = "entity"
"""The column or field that may name an entity, if no other is named."""

READ: Final = frozenset(
    {
        *(*WHOLE_TEXTS, TEXT, ENTITY, "entities", "id_str", "user", "author_id", "truncated"),
        *("retweeted_status", "referenced_tweets", "includes", "public_metrics"),
    }
)
"""Columns that tell the text, the form that it is in, and the entity."""
_NAMING: Final = ("entity", "entities")


class BadRowError(Exception):
    """A row cannot be labelled; the message says why."""


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A row that can be labelled."""

    row: Row
    text: str
    """Of its tweet, never blank."""
    entity: str | None
    """That it names."""


def asked(row: Row, text: str = TEXT, entity: str = ENTITY) -> AskedRow:
    """Read a row as a message.

    Args:
        row: an object of any form that messages have.
        text: the field that holds the text; another than `TEXT` is taken as it is.
        entity: the field that may name an entity; `ENTITY` stands for ``entities``, too.

    Raises:
        BadRowError: it holds no tweet, or names several entities.
    """
    if text != TEXT and text not in row:
        raise BadRowError(f"not an object with a `{text}`")
    named = {name: row[name] for name in _NAMING if name in row} if entity == ENTITY else {}
    if text == TEXT:
        message = {name: value for name, value in row.items() if name not in _NAMING} | named
    else:
        message = {"text": row[text]} | named
    try:
        said, names = text_and_entities(message)
    except RejectedError as error:
        raise BadRowError(error.detail) from None
    own = row.get(entity) if entity != ENTITY else names[0] if names else None
    if not isinstance(own, str | None):
        raise BadRowError(f"`{entity}` is not a string")
    if len(names) > 1 and not row.get(ENTITY):
        raise BadRowError("names several entities, and a row has one label; write a row for each")
    return AskedRow(row, said, own)
