"""The part of a page that says how entities stood over time, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from monitor.console import counted
from monitor.periods import epoch
from monitor.pictures import links, words
from monitor.pictures.charts import Axes, Line, Mark, Point, bars, lines
from monitor.pictures.folded import details
from monitor.pictures.markup import Markup, join, tag
from monitor.pictures.overview import EntityRow, Overview
from monitor.pictures.scales import nice_end, ticks
from monitor.pictures.spans import Span
from monitor.standings import Estimate, Standing
from monitor.standings.rise import risen
from monitor.tweets import OTHERS
from monitor.verdict import POLARITIES

_COURSES: Final = 8
_TWEETS: Final = 4
"""In a window, on average; a course of fewer is noise."""
_NEGATIVE, _POSITIVE, _NET = 0, 2, 3
_BAND: Final = "the band is the 95 % interval, dark as far as it is chance"


def courses(overview: Overview) -> Markup:
    """Draw the negative share of the largest entities over time, all to the same scale."""
    span = overview.span
    rows: list[EntityRow] = []
    left: list[EntityRow] = []
    for row in overview.rows:
        if row.whole.entity not in (None, OTHERS):
            enough = row.whole.tweets >= _TWEETS * len(row.windows) and len(rows) < _COURSES
            (rows if enough else left).append(row)
    axes = _share_axes(span, rows, height=100, moments=3)
    figures = [
        tag(
            "figure",
            tag("figcaption", words.name(row.whole.entity)),
            lines(
                axes,
                [Line("negative", _points(row, _NEGATIVE, span, linked=False))],
                id_=f"course-{number}",
                title=f"{words.name(row.whole.entity)}: negative share",
                desc=_desc(row, _NEGATIVE, span),
                marks=_marks(overview, row),
                pointed=False,
            ),
        )
        for number, row in enumerate(rows)
    ]
    few = ", ".join(words.name(row.whole.entity) for row in left[:_COURSES])
    rest = max(0, len(left) - _COURSES) + overview.report.shown.left
    more = f" and {rest:,} more" if rest else ""
    return join(
        tag("p", f"By {span.window}; {_BAND}.", class_="note"),
        tag("div", figures, class_="grid-of-charts"),
        tag("p", f"Too few tweets for a course: {few}{more}.", class_="note") if left else None,
        _courses_table(rows, span) if rows else None,
    )


def entity(overview: Overview, row: EntityRow, *, linked: bool) -> Markup:
    """Draw one entity over time: net score, shares, tweets; each window leads to its tweets."""
    span = overview.span

    def figure(title: str, which: int, axes: Axes, style: str, note: str = "") -> Markup:
        chart = lines(
            axes,
            [Line(style, _points(row, which, span, linked=linked))],
            id_=f"course-{which}",
            title=f"{words.name(row.whole.entity)}: {title.lower()} over time",
            desc=_desc(row, which, span),
            marks=_marks(overview, row),
            zero=which == _NET,
        )
        return tag("figure", tag("figcaption", title, tag("span", note, class_="note")), chart)

    scores = [(v, words.signed(v)) for v in (-1, -0.5, 0, 0.5, 1)]
    net_axes = Axes(span.first, span.end, span.step, -1, 1, scores)
    share_axes = _share_axes(span, [row], height=140)
    note = f" positive share less negative share; {_BAND}"
    return join(
        figure("Net score", _NET, net_axes, "net-line", note),
        tag(
            "div",
            [
                figure(f"{polarity.capitalize()} share", which, share_axes, polarity)
                for which, polarity in enumerate(POLARITIES)
                if which in (_NEGATIVE, _POSITIVE)
            ],
            class_="two",
        ),
        tag("figure", tag("figcaption", "Tweets"), _volume(row, span, linked=linked)),
        _windows_table(row, span, linked=linked),
    )


def _points(row: EntityRow, which: int, span: Span, *, linked: bool) -> list[Point]:
    written = _written(which)
    points = []
    for w in row.windows:
        figure, start, end = _figure(w, which), epoch(w.start), epoch(w.end)
        said = f"{written(figure.value)} ({written(figure.low)} to {written(figure.high)})"
        label = POLARITIES[which] if which < len(POLARITIES) else ""
        points.append(
            Point(
                *(start, end, figure.value, figure.low, figure.high, w.chance[which]),
                title=f"{words.window(start, span.window)}: {said}, {counted(w.tweets, 'tweet')}",
                href=_behind(w, span, label) if linked else None,
            )
        )
    return points


def _behind(w: Standing, span: Span, label: str) -> str:
    """Return where a window leads: to its tweets, or a week, which has too many, to its days."""
    name, start, end = w.entity or "", epoch(w.start), epoch(w.end)
    if span.window == "week":
        return links.overview(name, "7d", end)
    return links.tweets(name, start, end, label)


def _figure(w: Standing, which: int) -> Estimate:
    return (w.negative, w.neutral, w.positive, w.net)[which]


def _written(which: int) -> Callable[[float], str]:
    return words.signed if which == _NET else words.percent


def _volume(row: EntityRow, span: Span, *, linked: bool) -> Markup:
    points = [
        Point(
            *(epoch(w.start), epoch(w.end), float(w.tweets)),
            title=f"{words.window(epoch(w.start), span.window)}: {counted(w.tweets, 'tweet')}",
            href=_behind(w, span, "") if linked else None,
        )
        for w in row.windows
    ]
    most = nice_end(max((p.value for p in points), default=1.0))
    marks = [(v, f"{v:,.0f}") for v in ticks(0, most, 3) if v == int(v)]
    return bars(
        Axes(span.first, span.end, span.step, 0, most, marks, height=90),
        points,
        id_="tweets",
        title=f"{words.name(row.whole.entity)}: tweets",
        desc=f"{row.whole.tweets:,} in all.",
    )


def _share_axes(span: Span, rows: Sequence[EntityRow], height: int, moments: int = 6) -> Axes:
    highest = max(
        (e.high for row in rows for w in row.windows for e in (w.negative, w.positive)), default=1.0
    )
    end = 1.0 if highest > 0.5 else 0.5
    marks = [(v, words.percent(v)) for v in ticks(0, end, 4)]
    return Axes(span.first, span.end, span.step, 0, end, marks, height, moments)


def _marks(overview: Overview, row: EntityRow) -> list[Mark]:
    return [
        Mark(
            epoch(alert.since),
            epoch(alert.ended_at) if alert.ended_at else min(overview.now, overview.span.end),
            f"alert: {risen(alert)}, since {words.moment(epoch(alert.since))}",
        )
        for alert in overview.report.alerts
        if alert.entity == (row.whole.entity or "")
    ]


def _desc(row: EntityRow, which: int, span: Span) -> str:
    values = [_figure(w, which).value for w in row.windows]
    if not values:
        return "No tweets."
    written = _written(which)
    return (
        f"By {span.window}, from {written(values[0])} to {written(values[-1])};"
        f" lowest {written(min(values))}, highest {written(max(values))}."
        " The table below has every figure."
    )


def _courses_table(rows: Sequence[EntityRow], span: Span) -> Markup:
    found = {(row.whole.entity, w.start): w for row in rows for w in row.windows}

    def cell(row: EntityRow, start: str) -> Markup:
        w = found.get((row.whole.entity, start))
        return tag("td", words.percent(w.negative.value) if w else "\N{EN DASH}", class_="number")

    body = [
        tag(
            "tr",
            tag("th", words.window(epoch(start), span.window), scope="row"),
            [cell(row, start) for row in rows],
        )
        for start in sorted({start for _, start in found}, reverse=True)
    ]
    head = [span.window, *(words.name(row.whole.entity) for row in rows)]
    return details("Negative shares as a table", head, body)


def _windows_table(row: EntityRow, span: Span, *, linked: bool) -> Markup:
    head = (span.window, "tweets", *POLARITIES, "net score", "95 % interval")
    title = f"Every figure as a table{', with the tweets behind it' if linked else ''}"
    body = [_window_row(w, span, linked=linked) for w in reversed(row.windows)]
    return details(title, head, body)


def _window_row(w: Standing, span: Span, *, linked: bool) -> Markup:
    def leading(text: str, href: str, *, leads: bool) -> Markup | str:
        return tag("a", text, href=href) if linked and leads else text

    def cell(text: str, label: str) -> Markup:
        leads = span.window != "week"
        return tag("td", leading(text, _behind(w, span, label), leads=leads), class_="number")

    title = words.window(epoch(w.start), span.window)
    finer = links.overview(w.entity or "", "24h" if span.window == "day" else "7d", epoch(w.end))
    return tag(
        "tr",
        tag("th", leading(title, finer, leads=span.window != "hour"), scope="row"),
        cell(f"{w.tweets:,}", ""),
        [cell(words.percent(_figure(w, n).value), label) for n, label in enumerate(POLARITIES)],
        tag("td", words.signed(w.net.value), class_="number"),
        tag("td", words.ranged(w.net), class_="number"),
    )
