"""What a message says: of each alert one line that somebody can act on. Never a tweet."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal
from urllib.parse import quote

from monitor.console import counted, printable
from monitor.notifying.news import Alert, News
from monitor.periods import epoch
from monitor.standings.rise import risen, went_on
from monitor.tweets import NO_ENTITY

_LINES: Final = 20
_LONGEST_NAME: Final = 80
_OUTCOMES: Final = {
    "recovered": "the share is back to what is usual",
    "worsened": "it has become worse, and another alert tells how",
    "adopted": "it has lasted, and is taken for usual from now on",
    "new-model": "another model labels now, and what is usual is learnt anew",
}

Kind = Literal["alert", "over", "summary", "test"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    kind: Kind
    title: str
    body: str
    page: str | None = None
    """HTML, attached where the service takes attachments."""


def of_alerts(news: News, zone: tzinfo | None, dashboard: str) -> Message:
    """Say which alerts were raised and which have ended, in one message however many they are.

    Args:
        news: what there is to tell.
        zone: whose times are given; None for the board's.
        dashboard: its address, to be linked; "" for none.
    """
    lines = [
        *(_raised(alert, zone) for alert in news.raised),
        *(_ended(alert, zone) for alert in news.ended),
    ]
    shown = lines[:_LINES]
    if left := len(lines) - len(shown):
        shown.append(f"And {counted(left, 'more', 'more')}, earlier.")
    everything = [*news.raised, *news.ended]
    shown.append(_where(everything, dashboard))
    holds = any(alert.ended_at is None for alert in news.raised)
    return Message("alert" if holds else "over", _title(news), "\n".join(shown))


def named(entity: str | None) -> str:
    """Write an entity's name so that no messenger takes it for anything else.

    Strangers' messages may name entities: a name must not call everybody in a channel, make a link,
    or begin a tag.
    """
    name = printable(entity or NO_ENTITY)
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}…"
    return harmless(name)


def harmless(text: str) -> str:
    """Keep a stranger's words from being taken for anything but text."""
    name = printable(text)
    for mark, instead in (("@", "@\u2060"), ("://", ":\u2060//"), ("<", "\u2039"), (">", "\u203a")):
        name = name.replace(mark, instead)
    return name


def moment(at: float, zone: tzinfo | None) -> str:
    """Write a moment, in seconds since the epoch, as people say it: Sat 21 Nov 2026 09:14 CET."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%a %d %b %Y %H:%M %Z")


def link(dashboard: str, entity: str | None) -> str:
    """Return the dashboard's address, of one entity's page if it is one."""
    if not entity:
        return dashboard
    return f"{dashboard.rstrip('/')}/?entity={quote(entity, safe='')}"


_MORE = "more negative tweets"


def _title(news: News) -> str:
    if holding := [alert for alert in news.raised if alert.ended_at is None]:
        more = "more tweets" if all(one.kind == "volume" for one in holding) else _MORE
        return f"{_whom(holding)}: {more} than usual"
    return f"{_whom([*news.raised, *news.ended])}: the alert is over"


def _whom(alerts: Sequence[Alert]) -> str:
    names = {alert.entity for alert in alerts}
    return named(names.pop()) if len(names) == 1 else counted(len(names), "entity", "entities")


def _raised(alert: Alert, zone: tzinfo | None) -> str:
    line = (
        f"{named(alert.entity)}: {risen(alert)} since {_at(alert.since, zone)}"
        f" ({alert.negatives:,} of {counted(alert.tweets, 'tweet')} when it was noticed,"
        f" {_at(alert.raised_at, zone)}){harmless(went_on(alert))}."
    )
    return f"{line} Over since {_over(alert, zone)}" if alert.ended_at else line


def _ended(alert: Alert, zone: tzinfo | None) -> str:
    return (
        f"{named(alert.entity)}: over since {_over(alert, zone)} ({risen(alert)} since"
        f" {_at(alert.since, zone)}{harmless(went_on(alert))}.)"
    )


def _over(alert: Alert, zone: tzinfo | None) -> str:
    why = _OUTCOMES.get(alert.outcome or "", "it has ended")
    return f"{_at(alert.ended_at, zone)}: {why}."


def _at(text: str | None, zone: tzinfo | None) -> str:
    return moment(epoch(text), zone)


def _where(alerts: Sequence[Alert], dashboard: str) -> str:
    """Say where more can be seen."""
    entities = {alert.entity for alert in alerts}
    entity = entities.pop() if len(entities) == 1 else None
    if dashboard:
        page = f"{dashboard.rstrip('/')}/alert?number={alerts[0].id}"
        return f"See {page if len(alerts) == 1 else link(dashboard, entity)}"
    since = datetime.fromtimestamp(min(epoch(alert.since) for alert in alerts), UTC)
    about = f" --entity {shlex.quote(printable(entity))}" if entity else ""
    topics = f"monitor topics --alert {alerts[0].id}, and " if len(alerts) == 1 else ""
    return f"See, on the board: {topics}monitor report --since {since:%Y-%m-%dT%H:%M}Z{about}"
