"""The page of one alert: what it says, how many tweets came around it, and what they are about."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from monitor.console import counted
from monitor.periods import HOUR_S, beginning, ending, epoch
from monitor.pictures import links, words
from monitor.pictures.charts import Axes, Line, Mark, Point, bars, lines
from monitor.pictures.markup import Markup, join, tag
from monitor.pictures.scales import nice_end, ticks
from monitor.standings.labellers import labellers
from monitor.standings.report import Alert, alert_of
from monitor.standings.rise import risen, went_on
from monitor.standings.tallies import tallies
from monitor.zones import minute

_BINS_H: Final = (1, 2, 3, 6, 12, 24, 48, 168)
"""Hours of a bar."""
_MOST_BINS: Final = 96
_TWEETS: Final = 8
"""In a bar, on average, so that a share can be drawn."""
_SHARED: Final = 4
"""Labels of which a share is drawn."""
_BEFORE_S: Final = 3 * 24 * HOUR_S
_AFTER_S: Final = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Bin:
    """What was labelled in some hours, as labelled; retweets left out."""

    start: float
    end: float
    tweets: int
    negatives: int


@dataclass(frozen=True, slots=True)
class Story:
    """Tweets that tell the same."""

    name: str
    """What stands out in it; "" of copies of one text."""
    tweets: int
    retweets: int
    negative_share: float | None
    first_seen: str
    example: str | None
    """The text of a tweet like them; None if it is not stored any more."""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """All that the page shows."""

    number: int
    alert: Alert
    since_earliest: str | None
    since_latest: str | None
    bins: Sequence[Bin]
    stories: Sequence[Story]
    now: float


def read(connection: sqlite3.Connection, number: int, now: float) -> AlertPage | None:
    """Read what a page shows of an alert; None if the log has none of that number."""
    alert = alert_of(connection, number)
    if alert is None:
        return None
    earliest, latest, stories = connection.execute(
        "SELECT since_earliest, since_latest, stories FROM alerts WHERE id = ?", (number,)
    ).fetchone()
    return AlertPage(
        number=number,
        alert=alert,
        since_earliest=earliest,
        since_latest=latest,
        bins=_bins(connection, alert, now),
        stories=[_story(connection, told) for told in json.loads(stories or "[]")],
        now=now,
    )


def _bins(connection: sqlite3.Connection, alert: Alert, now: float) -> list[Bin]:
    """Count what was labelled from days before to a day after, in bars of even length."""
    since = epoch(alert.since)
    over = epoch(alert.ended_at) if alert.ended_at else now
    first = beginning(since - max(_BEFORE_S, over - since), "hour")
    last = max(ending(min(over + _AFTER_S, now), "hour"), first + HOUR_S)
    each = _counts(connection, alert, [first, last])
    tweets = sum(found.tweets for found in each)
    hours = (last - first) / HOUR_S
    width = next(
        (
            bin_h
            for bin_h in _BINS_H
            if hours / bin_h <= _MOST_BINS and tweets * bin_h / hours >= _TWEETS
        ),
        next((bin_h for bin_h in _BINS_H if hours / bin_h <= _MOST_BINS), _BINS_H[-1]),
    )
    ends = [last - n * width * HOUR_S for n in range(math.ceil(hours / width), -1, -1)]
    return _counts(connection, alert, ends)


def _counts(connection: sqlite3.Connection, alert: Alert, edges: Sequence[float]) -> list[Bin]:
    known = labellers(connection)
    found = dict.fromkeys(edges[:-1], (0, 0))
    for task in {model.task for model in known.values()}:
        ids = [id_ for id_, model in known.items() if model.task == task]
        for tally in tallies(connection, tuple(edges), None, task, ids, [alert.entity]):
            if not tally.is_retweet:
                tweets, negatives = found[tally.start]
                found[tally.start] = tweets + sum(tally.counts), negatives + tally.counts[0]
    return [Bin(start, end, *found[start]) for start, end in pairwise(edges)]


def _story(connection: sqlite3.Connection, told: dict[str, Any]) -> Story:
    texts = (
        connection.execute("SELECT text FROM tweets WHERE id = ?", (id_,)).fetchone()
        for id_ in told["examples"]
    )
    return Story(
        name=", ".join(told["words"]),
        tweets=told["tweets"],
        retweets=told["retweets"],
        negative_share=told["negative_share"],
        first_seen=told["first_seen"],
        example=next((row[0] for row in texts if row and row[0]), None),
    )


def content(page: AlertPage) -> Markup:
    """Return the page's content."""
    alert = page.alert
    return tag(
        "main",
        tag(
            "p",
            tag("a", "\u2190 all alerts", href=links.query("latest-alerts", entity="")),
            class_="back",
        ),
        tag("h1", f"{words.name(alert.entity)}: alert {page.number}"),
        tag("p", _sentence(alert), class_="alert" if alert.ended_at is None else None),
        tag("p", _when(page), class_="note"),
        _leads(page),
        tag(
            "section",
            tag("h2", "Around its beginning", id="course"),
            _pictures(page),
            aria_labelledby="course",
        ),
        tag(
            "section",
            tag("h2", "What it is about", id="about"),
            _about(page),
            aria_labelledby="about",
        ),
        id="content",
        tabindex="-1",
    )


def _sentence(alert: Alert) -> str:
    text = risen(alert) + went_on(alert)
    return f"{text[:1].upper()}{text[1:]}."


def _when(page: AlertPage) -> str:
    alert = page.alert
    said = f"It began {words.moment(epoch(alert.since))}"
    if page.since_earliest and page.since_latest:
        ends = (words.moment(epoch(end)) for end in (page.since_earliest, page.since_latest))
        said += f" (95 % interval: {' to '.join(ends)})"
    said += f", was noticed {words.moment(epoch(alert.raised_at))}"
    if alert.ended_at:
        return f"{said} and was over {words.moment(epoch(alert.ended_at))}."
    return f"{said} and holds."


def _pictures(page: AlertPage) -> Markup:
    """Draw tweets and the share of negative labels, over the same time."""
    bins, alert = page.bins, page.alert
    since, until, step = bins[0].start, bins[-1].end, bins[0].end - bins[0].start
    over = epoch(alert.ended_at) if alert.ended_at else min(page.now, until)
    mark = Mark(epoch(alert.since), over, "the alert")
    hours = round(step / HOUR_S)
    each = "an hour" if hours == 1 else f"{hours} hours"
    most = nice_end(max(one.tweets for one in bins))
    marks = [(v, f"{v:,.0f}") for v in ticks(0, most, 3) if v == int(v)]
    shares = [(v, words.percent(v)) for v in (0, 0.25, 0.5, 0.75, 1)]
    told = [
        (
            one,
            f"{words.moment(one.start)}: {counted(one.tweets, 'tweet')}, {one.negatives} negative",
        )
        for one in bins
    ]
    volume = [Point(one.start, one.end, float(one.tweets), title=said) for one, said in told]
    share = [
        Point(one.start, one.end, one.negatives / one.tweets, title=said)
        for one, said in told
        if one.tweets >= _SHARED
    ]
    return join(
        tag(
            "figure",
            tag("figcaption", f"Tweets in {each}"),
            bars(
                Axes(since, until, step, 0, most, marks, height=110),
                volume,
                id_="alert-tweets",
                title="Tweets",
                desc=f"{counted(sum(one.tweets for one in bins), 'tweet')} in this time.",
                marks=[mark],
            ),
        ),
        tag(
            "figure",
            tag(
                "figcaption",
                f"Share of negative labels in {each}",
                tag("span", f" as labelled, where there are {_SHARED} and more", class_="note"),
            ),
            lines(
                Axes(since, until, step, 0, 1, shares, height=140),
                [Line("negative", share)],
                id_="alert-share",
                title="Share of negative labels",
                desc=f"Usually {words.percent(alert.usual_share)}.",
                marks=[mark],
            ),
        ),
    )


def _about(page: AlertPage) -> Markup:
    if not page.stories:
        why = "Nothing stands out in its tweets"
        if page.alert.about is None:
            why = "No texts of its tweets are stored, or they were not looked at yet"
        return tag("p", f"{why}.", class_="empty")
    head = ("story", "tweets", "retweets", "negative", "first seen")
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
        tag("tbody", [_row(page, story) for story in page.stories]),
        class_="stories",
    )
    return tag("div", table, class_="card")


def _row(page: AlertPage, story: Story) -> Markup:
    share, alert = story.negative_share, page.alert
    name: Markup | str = story.name or "copies of one text"
    if story.name:
        over = epoch(alert.ended_at) if alert.ended_at else page.now
        words_ = story.name.partition(", ")[0]
        href = links.tweets(alert.entity, epoch(alert.since), over, words=words_)
        name = tag("a", name, href=href)
    figures = (
        ("tweets", f"{story.tweets:,}"),
        ("retweets", f"{story.retweets:,}"),
        ("negative", "\N{EN DASH}" if share is None else words.percent(share)),
        ("first seen", words.moment(epoch(story.first_seen))),
    )
    return tag(
        "tr",
        tag(
            "th",
            tag("strong", name),
            tag("span", story.example, class_="example") if story.example else None,
            scope="row",
        ),
        [tag("td", text, class_="number", data_label=label) for label, text in figures],
    )


def _leads(page: AlertPage) -> Markup:
    alert = page.alert
    over = epoch(alert.ended_at) if alert.ended_at else page.now
    places = (
        ("negative ones that drove it", links.query("alert-tweets", alert=str(page.number))),
        ("all since it began", links.tweets(alert.entity, epoch(alert.since), over)),
        ("the entity's own page", links.overview(alert.entity, "7d", over)),
    )
    return tag(
        "p",
        "Its tweets: ",
        [[tag("a", text, href=href), " "] for text, href in places],
        class_="tweets",
    )


def title(page: AlertPage) -> str:
    """Return the page's title."""
    return f"{words.name(page.alert.entity)}: alert of {minute(epoch(page.alert.since))[:10]}"
