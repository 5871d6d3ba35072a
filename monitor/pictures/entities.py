"""The part of a page that says how entities stand now: in words, and as a table."""

from __future__ import annotations

from typing import Final

from monitor.console import counted
from monitor.periods import epoch
from monitor.pictures import links, shares, words
from monitor.pictures.markup import Markup, join, tag
from monitor.pictures.overview import EntityRow, Overview
from monitor.pictures.spans import Span
from monitor.standings import Estimate, Standing
from monitor.standings.report import Alert
from monitor.standings.rise import risen, went_on
from monitor.standings.sentences import Told
from monitor.tweets import OTHERS

_ALERTS: Final = 10


def summary(overview: Overview, *, linked: bool) -> Markup:
    """Say in words what has risen, and how entities stand."""
    latest = sorted(overview.report.alerts, key=lambda alert: alert.ended_at is not None)
    alerts = [_alert(alert, linked=linked) for alert in latest[:_ALERTS]]
    if more := len(overview.report.alerts) - len(alerts):
        alerts.append(tag("li", f"{more} more alerts; see the log."))
    said = [_told(told) for told in overview.report.told]
    return tag("ul", alerts, said, class_="summary")


def _told(told: Told) -> Markup:
    return tag("li", tag("strong", words.name(told.whole.entity)), f": {told.said}")


def _alert(alert: Alert, *, linked: bool) -> Markup:
    """Tell an alert of the span, in labels as they are, which the shares below correct."""
    over = f" to {words.moment(epoch(alert.ended_at))}" if alert.ended_at else ""
    return tag(
        "li",
        tag("strong", "\N{BLACK UP-POINTING TRIANGLE} Alert: " if not over else "Alert, over: "),
        f"{words.name(alert.entity)}, {risen(alert)}, since {words.moment(epoch(alert.since))}"
        f"{over}{went_on(alert)}. ",
        tag("a", "Its story", href=links.alert(alert.id)) if linked else None,
        class_="alert" if not over else None,
    )


def table(overview: Overview, span: str | None) -> Markup:
    """Show a row an entity.

    Args:
        overview: what was read.
        span: name of the span for links to each entity; None for a page that leads nowhere.
    """
    raised = {alert.entity for alert in overview.report.alerts if alert.ended_at is None}
    head = ("entity", "tweets", "negative · neutral · positive", "net score", "change", "course")
    left = overview.report.shown.left
    return join(
        tag(
            "table",
            tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
            tag(
                "tbody",
                [
                    # Who is added up has no page; what the log itself calls so has one.
                    _row(
                        row,
                        overview.span,
                        None if left and row.whole.entity == OTHERS else span,
                        raised,
                    )
                    for row in overview.rows
                ],
            ),
            class_="entities",
        ),
        tag(
            "p",
            f"{OTHERS}: {counted(left, 'entity', 'entities')} with fewer tweets, added up.",
            class_="note",
        )
        if left
        else None,
    )


def _row(row: EntityRow, span: Span, name: str | None, raised: set[str]) -> Markup:
    whole = row.whole
    shown = words.name(whole.entity)
    if name:
        shown = tag("a", shown, href=links.overview(whole.entity or "", name))
    badge = tag("span", "\N{BLACK UP-POINTING TRIANGLE} alert", class_="badge")
    return tag(
        "tr",
        tag("th", shown, " ", badge if (whole.entity or "") in raised else None, scope="row"),
        tag("td", f"{whole.tweets:,}", class_="number", data_label="tweets"),
        tag(
            "td",
            shares.shares(whole),
            tag("span", _three(whole), class_="figures"),
            class_="picture",
        ),
        tag(
            "td",
            shares.net(whole),
            tag("strong", words.signed(whole.net.value)),
            tag("span", f" {words.ranged(whole.net)}", class_="figures"),
            class_="picture",
        ),
        tag("td", _change(whole.change), class_="number", data_label="change"),
        tag("td", shares.sparkline(row.windows, span), class_="picture course"),
    )


def _three(standing: Standing) -> str:
    figures = (standing.negative, standing.neutral, standing.positive)
    return " · ".join(words.percent(figure.value) for figure in figures)


def _change(change: Estimate | None) -> Markup:
    if change is None:
        return tag("span", "too few before", class_="quiet")
    if not change.excludes_zero:
        return tag("span", "within chance", class_="quiet")
    arrow = "\N{UPWARDS ARROW}" if change.value > 0 else "\N{DOWNWARDS ARROW}"
    return tag("strong", f"{arrow}\N{NO-BREAK SPACE}{words.signed(change.value)}")
