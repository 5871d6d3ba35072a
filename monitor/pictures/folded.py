"""A table folded away beside a chart, with every figure: for keyboards and screen readers."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.pictures.markup import Markup, tag


def details(title: str, head: Sequence[str], body: Sequence[Markup]) -> Markup:
    """Return a table that opens on demand and can be scrolled with the keyboard."""
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
        tag("tbody", body),
        class_="figures-table",
    )
    region = tag("div", table, class_="wide", tabindex="0", role="region", aria_label=title)
    return tag("details", tag("summary", title), region)
