"""A report as one page with pictures: a file that needs no other, no script and no network."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from monitor.atomic import replacing
from monitor.pictures import page
from monitor.pictures.markup import Markup, tag
from monitor.pictures.overview import Overview, read
from monitor.pictures.spans import Span


def write(
    path: Path,
    connection: sqlite3.Connection,
    *,
    since: float,
    until: float,
    entity: str | None,
    now: float,
) -> None:
    """Write the page; it appears when it is complete, or not at all.

    Args:
        path: the file; replaced if it is there.
        connection: from `reader.open_log`.
        since: seconds since the epoch; rounded down to a whole hour, day or week.
        until: the same; the last window may not be over.
        entity: only this one; "" for tweets about no entity; None for all.
        now: the same, for what the page says of the board.

    Raises:
        OSError: if it cannot be written.
        UnknownEntityError: if the log holds nothing about the entity.
    """
    overview = read(connection, Span.of(since, min(until, now)), entity=entity, now=now)
    with replacing(path) as draft:
        draft.write_text(rendered(overview), "utf-8")


def rendered(overview: Overview) -> Markup:
    """Return the page as text."""
    switch = tag(
        "label",
        tag("input", type="checkbox", id="swap"),
        " other theme",
        class_="theme",
        for_="swap",
    )
    return page.document(
        "Reputation report",
        tag("style", Markup(page.STYLE)),
        [
            tag("a", "Skip to the content", href="#content", class_="skip"),
            tag("header", tag("span", "Reputation report", class_="brand"), switch, class_="top"),
            page.content(overview, None),
        ],
    )
