"""Where a page leads to, when it is served: other spans, other entities, the tweets behind."""

from __future__ import annotations

from urllib.parse import urlencode

from monitor.clock import utc

QUERIES = "/log"
"""Under this the queries of the log are answered."""


def overview(entity: str | None, span: str, until: float | None = None) -> str:
    """Return the address of a page.

    Args:
        entity: the one to show; None for all.
        span: a name of `spans.NAMES`.
        until: when it ends, in seconds since the epoch; None for now.
    """
    asked = {"span": span}
    if entity is not None:
        asked["entity"] = entity
    if until is not None:
        asked["until"] = f"{utc(until)[: len('2026-11-21T17:05')]}Z"
    return f"/?{urlencode(asked)}"


def tweets(
    entity: str, since: float, until: float, label: str = "", words: str | None = None
) -> str:
    """Return the address of the tweets about an entity in a span, of one label or all.

    Those with some words in their text, if any are given.
    """
    asked = {"entity": entity, "since": utc(since), "until": utc(until), "label": label}
    if words is not None:
        asked["words"] = words
    return f"{QUERIES}/tweets-behind?{urlencode(asked)}"


def alert(number: int | str) -> str:
    """Return the address of an alert's page."""
    return f"/alert?{urlencode({'number': number})}"


def labelling(path: str, entity: str, drawn: str, tweet: str | None = None) -> str:
    """Return the address at which an owner says what a tweet is.

    Args:
        path: of the page.
        entity: whose tweets; '' for those about none.
        drawn: how the tweet is chosen (`owner_labels.DRAWN`).
        tweet: its id; None for the next one.
    """
    asked = {"entity": entity, "drawn": drawn} | ({} if tweet is None else {"tweet": tweet})
    return f"{path}?{urlencode(asked)}"


def query(name: str, **asked: str) -> str:
    """Return the address of a query in `dashboard.queries`."""
    return f"{QUERIES}/{name}{'?' if asked else ''}{urlencode(asked)}"
