"""What is published of an entity's alerts (docs/mqtt.md)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.console import as_json

State: TypeAlias = Literal["alert", "ok", "learning"]
"""The last: what is usual is not well known yet, and only a great rise is found soon."""


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
    alert_id: int | None = None,
    learnt: int | None = None,
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
            "alert_id": alert_id,
            "learnt": learnt,
        }
    )
