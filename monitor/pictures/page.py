"""The page around the pictures, as one HTML document."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from monitor import __version__
from monitor.periods import epoch
from monitor.pictures import board, courses, entities, links, shares, words
from monitor.pictures.markup import Content, Markup, join, tag
from monitor.pictures.overview import Overview
from monitor.pictures.spans import NAMES
from monitor.standings import learning
from monitor.zones import zone_name

Theme = Literal["auto", "day", "night"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "day", "night")

STYLE: Final = (Path(__file__).parent / "style.css").read_text("utf-8")
"""The style sheet of all pages."""

_SIGN: Final = Markup("<!DOCTYPE html>\n")


def document(title: str, head: Content, body: Content, theme: Theme = "auto") -> Markup:
    """Return a whole document."""
    return join(
        _SIGN,
        tag(
            "html",
            tag(
                "head",
                tag("meta", charset="utf-8"),
                tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
                tag("meta", name="color-scheme", content="light dark"),
                tag("title", title),
                head,
            ),
            tag("body", body),
            lang="en",
            data_theme=theme,
        ),
        "\n",
    )


def header(here: str, switch: Content, label: str | None = None) -> Markup:
    """Return what is at the top of each page that is served.

    Args:
        here: address of the page, to mark it.
        switch: of the theme.
        label: address of the page on which tweets are labelled, where there is one.
    """
    places = (
        ("/", "Overview"),
        (links.query("latest-tweets"), "Tweets"),
        (links.query("latest-alerts"), "Alerts"),
        (links.QUERIES, "All queries"),
        *([(label, "Label")] if label else []),
    )
    return join(
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag(
            "header",
            tag("a", "Reputation monitor", href="/", class_="brand"),
            tag(
                "nav",
                [
                    tag("a", text, href=href, aria_current="page" if href == here else None)
                    for href, text in places
                ],
                aria_label="pages",
            ),
            switch,
            class_="top",
        ),
    )


def content(overview: Overview, span: str | None) -> Markup:
    """Return the pictures of an overview, of all entities or one.

    Args:
        overview: what was read.
        span: its name, for links; None for a page that leads nowhere.
    """
    linked = span is not None
    return tag(
        "main",
        shares.PATTERNS,
        _title(overview, span),
        _standing(overview, span) if overview.rows else _nothing(overview, span),
        [
            tag("p", said, class_="note")
            for said in (*overview.report.unread.told(), *learning.told(overview.report.learning))
        ],
        tag(
            "section",
            tag("h2", "The board", id="board"),
            board.vitals(overview),
            board.charts(overview, linked=linked),
            aria_labelledby="board",
        ),
        _small_print(overview),
        id="content",
        tabindex="-1",
    )


def _title(overview: Overview, span: str | None) -> Markup:
    asked = overview.entity
    period = words.period(overview.span.since, overview.span.until, overview.span.window)
    back = None
    if span and asked is not None:
        everything = links.overview(None, span)
        back = tag("p", tag("a", "\u2190 all entities", href=everything), class_="back")
    return join(
        back,
        tag("h1", "How each entity stands" if asked is None else words.name(asked)),
        tag(
            "div",
            _spans(overview, span) if span else None,
            tag("p", period, class_="period"),
            class_="span-bar",
        ),
    )


def _spans(overview: Overview, current: str) -> Markup:
    """Link to the spans there are, and to the times before and after."""
    span, asked = overview.span, overview.entity
    choices = [
        tag(
            "a",
            text,
            href=links.overview(asked, name),
            aria_current="true" if name == current else None,
        )
        for name, (_, _, text) in NAMES.items()
    ]
    later = span.end + (span.end - span.since)
    return tag(
        "nav",
        tag("a", "\N{LEFTWARDS ARROW} earlier", href=links.overview(asked, current, span.since)),
        choices,
        tag(
            "a",
            "later \N{RIGHTWARDS ARROW}",
            href=links.overview(asked, current, later if later < overview.now else None),
        )
        if span.end < overview.now
        else None,
        class_="spans",
        aria_label="span of time",
    )


def _standing(overview: Overview, span: str | None) -> Markup:
    if overview.entity is None:
        title, course = "Negative share over time", courses.courses(overview)
    else:
        title = f"By {overview.span.window}"
        course = courses.entity(overview, overview.rows[0], linked=span is not None)
    return join(
        entities.summary(overview, linked=span is not None),
        _tweets(overview) if span is not None and overview.entity is not None else None,
        tag("div", entities.table(overview, span), class_="card"),
        tag("section", tag("h2", title, id="time"), course, aria_labelledby="time"),
    )


def _tweets(overview: Overview) -> Markup:
    name = overview.entity or ""
    places = (
        ("latest negative", links.query("negative-tweets", entity=name)),
        ("latest unsure", links.query("unsure-labels", entity=name)),
    )
    return tag(
        "p",
        "Its tweets: ",
        [[tag("a", text, href=href), " "] for text, href in places],
        class_="tweets",
    )


def _nothing(overview: Overview, span: str | None) -> Markup:
    first, last = overview.report.first, overview.report.last
    if first is None or last is None:
        return tag("p", "No tweet has been labelled yet.", class_="empty")
    ends = " to ".join(words.moment(epoch(end)) for end in (first, last))
    leads = None
    if span:
        back = links.overview(overview.entity, span, epoch(last) + 60)
        leads = tag("a", "Show the time up to the last one.", href=back)
    said = f"No tweets in this time. The log holds tweets from {ends} {zone_name(epoch(last))}. "
    return tag("p", said, leads, class_="empty")


def _small_print(overview: Overview) -> Markup:
    model = overview.board.model
    labels = ["Alerts count labels as they are."] if overview.report.alerts else []
    said = [
        *overview.report.basis,
        *labels,
        f"Retweets are counted apart. Times are {zone_name(overview.now)}.",
    ]
    if model:
        said.append(f"Labels by {model} ({overview.board.runtime}).")
    written = f"{words.moment(overview.now)} {zone_name(overview.now)}"
    said.append(f"Written {written} by reputation monitor {__version__}.")
    return tag("footer", tag("p", " ".join(said)), class_="small-print")
