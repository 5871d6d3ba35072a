"""What is published of an entity's alerts (docs/mqtt.md)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final, Literal, Protocol, TypeAlias

from monitor.console import as_json

State: TypeAlias = Literal["alert", "ok", "learning"]
"""The last: what is usual is not well known yet, and only a great rise is found soon."""

_TOLD: Final = (
    *("kind", "usual_share", "share", "usual_per_day", "per_day", "tweets"),
    *("all_tweets", "all_negatives", "about"),
)


class Messages(Protocol):
    """Where messages are put to be sent: `monitor.publishing.outbox.Outbox`."""

    def put(
        self, connection: sqlite3.Connection, suffix: str, payload: str, *, retain: bool
    ) -> None:
        """Write a message, inside the caller's transaction."""


def message(
    entity: str,
    state: State,
    since: str | None = None,
    *,
    kind: str | None = None,
    usual_share: float | None = None,
    share: float | None = None,
    usual_per_day: float | None = None,
    per_day: float | None = None,
    tweets: int | None = None,
    all_tweets: int | None = None,
    all_negatives: int | None = None,
    about: str | None = None,
    alert_id: int | None = None,
    learnt: int | None = None,
    days_left: float | None = None,
) -> str:
    """Write an entity's state as JSON; shares (0-1) are of negative labels."""
    return as_json(
        {
            "entity": entity,
            "state": state,
            "since": since,
            "kind": kind,
            "usual_share": None if usual_share is None else round(usual_share, 4),
            "share": None if share is None else round(share, 4),
            "usual_per_day": None if usual_per_day is None else round(usual_per_day, 2),
            "per_day": None if per_day is None else round(per_day, 2),
            "tweets": tweets,
            "all_tweets": all_tweets,
            "all_negatives": all_negatives,
            "about": about,
            "alert_id": alert_id,
            "learnt": learnt,
            "days_left": None if days_left is None else round(days_left, 1),
        }
    )


def of_those_that_hold(
    connection: sqlite3.Connection, alert: int | None = None
) -> Iterator[tuple[str, str]]:
    """Give the entity and the message of each alert that holds, or of one if it does."""
    rows = connection.execute(
        f"SELECT entity, since, id, {', '.join(_TOLD)} FROM alerts"  # noqa: S608  (our own names)
        " WHERE ended_at IS NULL AND (?1 IS NULL OR id = ?1)",
        (alert,),
    )
    for entity, since, id_, *values in rows:
        told = dict(zip(_TOLD, values, strict=True))
        yield entity, message(entity, "alert", since, alert_id=id_, **told)
