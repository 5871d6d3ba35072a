"""A report for other programs and documents: JSON, CSV, Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from monitor.clock import utc
from monitor.console import harmless, printable, strict_json
from monitor.periods import epoch
from monitor.standings import Estimate, Report, Standing
from monitor.standings.report import NO_ENTITY, others
from monitor.standings.rise import COLUMNS as RISE
from monitor.standings.rise import risen, went_on
from monitor.verdict import POLARITIES
from monitor.zones import minute, zone_name

_DIGITS = 4


def as_json(report: Report) -> str:
    """Write everything there is; entity null is for tweets about none. Shares are of 1.

    "(others)" are entities that are added up, and those that the daemon itself counted as one.
    """
    question = report.question
    document = {
        "since": utc(question.since),
        "until": utc(question.until),
        "by": question.window,
        "timezone": zone_name(question.until),
        "task": report.task,
        "retweets_counted": question.retweets,
        "log": {"first_tweet": report.first, "last_tweet": report.last},
        "basis": list(report.basis),
        "entities_added_up": report.shown.left,
        "other_languages": {
            "tweets": report.unread.tweets,
            "entities": [
                {"entity": name or None, "tweets": count} for name, count in report.unread.entities
            ],
        },
        "learning": [
            {
                "entity": one.entity,
                "tweets": one.tweets,
                "days_left": one.days and round(one.days, 1),
            }
            for one in report.learning
        ],
        "summary": [
            {
                "entity": told.whole.entity,
                "sentence": told.sentence,
                "worst": told.worst and {"window": told.window, **_fields(told.worst)},
            }
            for told in report.told
        ],
        "standings": [_fields(standing) for standing in report.standings],
        "alerts": [
            {
                "id": alert.id,
                "entity": alert.entity or None,
                "since": alert.since,
                "raised_at": alert.raised_at,
                "ended_at": alert.ended_at,
                **{name: getattr(alert, name) for name in RISE},
            }
            for alert in report.alerts
        ],
    }
    # ASCII: what would steer a terminal, JSON writes as \u009b.
    return strict_json(document, indent=2)


def as_csv(report: Report) -> str:
    """Write a line an entity and window, with the keys of the JSON form; empty is null.

    A name that a spreadsheet would calculate has an apostrophe before it; the JSON form has it as
    it is.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for standing in report.standings:
        fields = _fields(standing)
        writer.writerow(fields | {"entity": harmless(printable(standing.entity or ""))})
    return out.getvalue().rstrip("\n")


def as_markdown(report: Report) -> Iterator[str]:
    """Write a table and what it is based on, line by line."""
    for told in report.told:
        yield f"- {_escaped(printable(told.sentence))}"
    if report.told:
        yield ""
    heads = ("from", "to", "entity", "tweets", "retweets", *POLARITIES)
    yield f"| {' | '.join((*heads, 'net', 'change'))} |"
    yield "|---|---|---|" + "---:|" * 7
    for standing in report.standings:
        change = standing.change
        cells = (
            _minute(standing.start),
            _minute(standing.end),
            _escaped(printable(standing.entity or NO_ENTITY)),
            f"{standing.tweets:,}",
            f"{standing.retweets:,}",
            *(
                f"{100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f})"
                for share in (standing.negative, standing.neutral, standing.positive)
            ),
            _signed(standing.net),
            "" if change is None else _signed(change, bold=change.excludes_zero),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    for sentence in (*report.basis, *others(report)):
        yield _escaped(printable(sentence))
    yield (
        "In brackets: 95 % intervals. Net: positive less negative share. Change: of net, against"
        " the time as long before; bold where its interval excludes 0. Times are"
        f" {zone_name(report.question.until)}."
    )
    for alert in report.alerts:
        yield (
            f"- Alert: {_escaped(printable(alert.entity or NO_ENTITY))}, {_minute(alert.since)}"
            f" to {_minute(alert.ended_at) if alert.ended_at else 'now'}: {risen(alert)}"
            f"{_escaped(printable(went_on(alert)))}"
        )


def _fields(standing: Standing) -> dict[str, Any]:
    negative, neutral, positive = standing.counts
    return {
        "start": standing.start,
        "end": standing.end,
        "entity": standing.entity,
        "tweets": standing.tweets,
        "retweets": standing.retweets,
        "unsure": standing.unsure,
        "labelled_negative": negative,
        "labelled_neutral": neutral,
        "labelled_positive": positive,
        **{k: v for one in POLARITIES for k, v in _ends(one, getattr(standing, one)).items()},
        **_ends("net", standing.net),
        **_ends("change", standing.change),
        "correction": standing.correction,
        "answers": standing.answers,
    }


_COLUMNS = (
    *("start", "end", "entity", "tweets", "retweets", "unsure"),
    *("labelled_negative", "labelled_neutral", "labelled_positive"),
    *(
        f"{figure}{end}"
        for figure in (*POLARITIES, "net", "change")
        for end in ("", "_low", "_high")
    ),
    *("correction", "answers"),
)


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    ends = (None,) * 3 if estimate is None else (estimate.value, estimate.low, estimate.high)
    return {
        f"{name}{end}": None if value is None else round(value, _DIGITS)
        for end, value in zip(("", "_low", "_high"), ends, strict=True)
    }


def _signed(estimate: Estimate, *, bold: bool = False) -> str:
    value = f"{estimate.value:+.2f}"
    return f"{f'**{value}**' if bold else value} ({estimate.low:+.2f} to {estimate.high:+.2f})"


def _minute(moment: str) -> str:
    return _escaped(minute(epoch(moment)))


def _escaped(text: str) -> str:
    """Keep a name from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#!&~])", r"\\\1", text)
