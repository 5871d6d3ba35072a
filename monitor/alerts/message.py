"""What is published of an entity's alerts (docs/mqtt.md)."""

from __future__ import annotations

from typing import Literal

from monitor.console import as_json


def message(
    entity: str,
    state: Literal["alert", "ok"],
    since: str | None = None,
    *,
    usual_share: float | None = None,
    share: float | None = None,
    tweets: int | None = None,
    alert_id: int | None = None,
) -> str:
    """Write an entity's state as JSON; shares (0-1) are of negative labels."""
    return as_json(
        {
            "entity": entity,
            "state": state,
            "since": since,
            "usual_share": None if usual_share is None else round(usual_share, 4),
            "share": None if share is None else round(share, 4),
            "tweets": tweets,
            "alert_id": alert_id,
        }
    )
