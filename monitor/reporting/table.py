"""A report for a terminal of 80 columns or more."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.console import Glyphs, counted, fit, printable, width, wrap
from monitor.console.terminal import UNICODE, shares_bar
from monitor.periods import beginning, epoch
from monitor.standings import Alert, Estimate, Report, Standing
from monitor.standings.report import NO_ENTITY, others
from monitor.standings.reputation import COMPARABLE
from monitor.standings.rise import risen, went_on
from monitor.zones import day, minute, zone_name

_NAME: Final = 30
_LEAST_NAME: Final = 10
_BAR: Final = 20
_LEAST_BAR: Final = 6
_BAR_AFTER: Final = 3


def lines(report: Report, now: float, columns: int, signs: Glyphs) -> Iterator[str]:
    """Write a report.

    Args:
        report: what it says.
        now: seconds since the epoch; a window that is not over ends here.
        columns: of the terminal; lines are no longer, if there are 60 or more.
        signs: what the terminal can show.
    """
    # Dates, too: a log is a file that may have come from anywhere.
    for line in _lines(report, now, columns, signs):
        yield printable(line, signs)


def _lines(report: Report, now: float, columns: int, signs: Glyphs) -> Iterator[str]:
    question = report.question
    begin, end = beginning(question.since, "hour"), min(question.until, now)
    zone = zone_name(end)
    before = f" {zone_name(begin)}" if zone_name(begin) != zone else ""
    yield _cut(
        f"{report.task.capitalize()} from {minute(begin)}{before} to {minute(end)} {zone}",
        columns,
        signs,
    )
    yield ""
    if not report.standings:
        yield from _nothing(report, signs)
        return
    yield from _wrapped((printable(told.sentence, signs) for told in report.told), columns)
    yield ""
    yield from _table(report, columns, signs)
    yield from _wrapped((_alert(alert, signs) for alert in report.alerts), columns)
    if report.alerts:
        yield ""
    yield from _wrapped(_legend(report, signs), columns)


def empty(report: Report) -> str:
    """Say that there is nothing in the span, and where there is something."""
    return printable(" ".join(_nothing(report, UNICODE)))


def _nothing(report: Report, signs: Glyphs) -> Iterator[str]:
    if report.first is None or report.last is None:
        yield "The log is empty: no tweets have been labelled yet."
        return
    about = report.question.entity
    whom = "" if about is None else f" about {printable(about or NO_ENTITY, signs)}"
    if report.retweets_alone:
        yield f"Nothing{whom} but retweets in that time; --retweets counts them."
        return
    if report.unread.tweets:
        yield f"No labelled tweets{whom} in that time."
        yield from report.unread.told()
        return
    last = epoch(report.last)
    yield f"No tweets{whom} in that time."
    yield (
        f"The log has tweets from {minute(epoch(report.first))} to {minute(last)}"
        f" {zone_name(last)}; --since {minute(last)[:10]} shows the latest."
    )


@dataclass(frozen=True, slots=True)
class _Row:
    heading: str
    name: str
    shares: tuple[float, float, float]
    cells: tuple[str, ...]


_HEADS: Final = ("tweets", "+RT", "neg %", "neu %", "pos %", "net", "change")


def _table(report: Report, columns: int, signs: Glyphs) -> Iterator[str]:
    """Write a line an entity, below a heading each window; of one entity, a line a window."""
    window, entity = report.question.window, report.question.entity
    by_time = window is not None and entity is not None
    head = str(window) if by_time else "entity"
    rows = []
    for standing in report.standings:
        start = _beginning(standing.start, window)
        name = start if by_time else printable(standing.entity or NO_ENTITY, signs)
        rows.append(_row("" if by_time or not window else start, name, standing, signs))
    layout = _Layout.of(rows, head, columns)
    yield layout.line(head, _HEADS, "".join((signs.negative, signs.neutral, signs.positive)), signs)
    for heading, group in itertools.groupby(rows, lambda row: row.heading):
        if heading:
            yield heading
        for row in group:
            drawn = shares_bar(row.shares, layout.bar, signs)
            yield layout.line(row.name, row.cells, drawn, signs)
        yield ""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of the columns; the bar stands after the counts, 0 without one."""

    name: int
    cells: tuple[int, ...]
    bar: int
    gap: str

    @classmethod
    def of(cls, rows: Sequence[_Row], head: str, columns: int) -> _Layout:
        """Give the names what they need, the bar what is left, and air only if there is plenty."""
        cells = tuple(
            max(len(title), *(width(row.cells[i]) for row in rows))
            for i, title in enumerate(_HEADS)
        )
        wanted = min(_NAME, max(len(head), *(width(row.name) for row in rows)))
        for gap, least_bar in (("  ", _BAR), (" ", _LEAST_BAR), (" ", 0)):
            room = columns - sum(cells) - len(gap) * len(cells)
            left = room - wanted - len(gap)
            if left >= least_bar:
                return cls(wanted, cells, min(_BAR, left) if left >= _LEAST_BAR else 0, gap)
        # Names are cut before the bar goes: their beginnings tell them apart.
        if room - len(gap) - _LEAST_BAR >= _LEAST_NAME:
            return cls(room - len(gap) - _LEAST_BAR, cells, _LEAST_BAR, gap)
        return cls(max(_LEAST_NAME, room), cells, 0, gap)

    def line(self, name: str, cells: Sequence[str], drawn: str, signs: Glyphs) -> str:
        """Write a line of the table."""
        parts = [fit(name, self.name, signs)]
        parts += [
            fit(cell, size, signs, right=True) for cell, size in zip(cells, self.cells, strict=True)
        ]
        if self.bar:
            parts.insert(_BAR_AFTER, fit(drawn, self.bar, signs))
        return self.gap.join(parts).rstrip()


def _row(heading: str, name: str, standing: Standing, signs: Glyphs) -> _Row:
    shares = (standing.negative, standing.neutral, standing.positive)
    return _Row(
        heading,
        name,
        (shares[0].value, shares[1].value, shares[2].value),
        (
            f"{standing.tweets:,}",
            f"{standing.retweets:,}" if standing.retweets else "",
            *(_percent(share, signs) for share in shares),
            f"{standing.net.value:+.2f}{signs.plus_minus}{_half(standing.net):.2f}",
            change(standing.change, signs),
        ),
    )


def change(estimate: Estimate | None, signs: Glyphs) -> str:
    """Write a change of the net score, marked if its interval excludes 0."""
    if estimate is None:
        return "-  "
    mark = (signs.up if estimate.value > 0 else signs.down) if estimate.excludes_zero else " "
    return f"{estimate.value:+.2f} {mark}"


def _percent(share: Estimate, signs: Glyphs) -> str:
    return f"{100 * share.value:.0f}{signs.plus_minus}{100 * _half(share):.0f}"


def _half(estimate: Estimate) -> float:
    """Return the longer half: the other may have been cut at what a share can be."""
    return max(estimate.value - estimate.low, estimate.high - estimate.value)


def _legend(report: Report, signs: Glyphs) -> Iterator[str]:
    question = report.question
    span = f"{question.window}" if question.window else "span as long"
    yield from report.basis
    yield (
        f"neg, neu, pos: percent of tweets, {signs.plus_minus} 95 % interval. net: positive less"
        f" negative, from -1 to 1. change: of net, against the {span} before;"
        f" {signs.up} {signs.down} where that is more than chance, - where there were fewer than"
        f" {COMPARABLE} tweets to compare with."
    )
    yield from others(report)
    if any(standing.retweets for standing in report.standings):
        if question.retweets:
            yield "+RT: retweets, which are among the tweets here, as asked."
        else:
            yield "+RT: retweets, counted apart: they repeat an opinion (--retweets counts them)."
    if unsure := sum(standing.unsure for standing in report.standings):
        labels = counted(unsure, "label is", "labels are")
        yield f"{labels} marked as unsure ([model] abstain_below), and counted here."
    last = epoch(report.last)
    if report.last and last < question.until - 3600:
        yield f"The log's last tweet came at {minute(last)} {zone_name(last)}."


def _wrapped(sentences: Iterable[str], columns: int) -> Iterator[str]:
    for sentence in sentences:
        yield from wrap(sentence, columns)


def _alert(alert: Alert, signs: Glyphs) -> str:
    until = f"to {minute(epoch(alert.ended_at))}" if alert.ended_at else "and on"
    name = printable(alert.entity or NO_ENTITY, signs)
    said = f"{risen(alert)}{printable(went_on(alert), signs)}"
    return f"ALERT {alert.id}, {minute(epoch(alert.since))} {until}: {name}, {said}"


def _beginning(start: str, window: str | None) -> str:
    begin = epoch(start)
    return minute(begin) if window == "hour" else day(begin).isoformat()


def _cut(text: str, columns: int, signs: Glyphs) -> str:
    return fit(text, columns, signs).rstrip()
