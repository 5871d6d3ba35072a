"""What a report says: how entities stand in a span of time, and what that is worth."""

from __future__ import annotations

import difflib
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from monitor.clock import utc
from monitor.console import counted
from monitor.periods import Window, fitting
from monitor.standings import learning
from monitor.standings.labellers import Labeller, Task, labellers
from monitor.standings.learning import Learning
from monitor.standings.quantification import Method
from monitor.standings.reputation import COMPARABLE, most_spoken_of, standings
from monitor.standings.rise import COLUMNS as RISE
from monitor.standings.sentences import Told, worst
from monitor.standings.standing import Standing
from monitor.standings.tallies import Ranking, entities, is_known, ranking
from monitor.standings.unread import Unread, unread
from monitor.tweets import MAX_NAME_CHARS, OTHERS
from monitor.tweets import NO_ENTITY as NO_ENTITY  # where a report's readers look for it
from monitor.tweets.names import folded

MOST = 500
"""How many entities a report says something of, unless asked for more."""
_SPELLINGS = 5
"""As many spellings of a name are named."""
_NAMED = 5
"""Entities that a sentence names."""
_ALERTS = f"SELECT entity, since, raised_at, ended_at, {', '.join(RISE)}, id FROM alerts"  # noqa: S608  (ours)
_TOLD = 5
"""Entities of which something is said in any case, those with most tweets."""
_MOST_TOLD = 10
_COMPARED = 1000
"""Of these entities the nearest is named, if one that is asked for is not known."""


class UnknownEntityError(Exception):
    """Which entity of the log is meant cannot be told; the message names the nearest ones."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What is asked of the log; as the arguments of `reputation.standings`."""

    since: float
    until: float
    window: Window | None = None
    entity: str | None = None
    task: Task | None = None
    correction: Method | None = None
    retweets: bool = False
    most: int = MOST
    """How many entities to say something of, those with most tweets; the rest is added up."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A rise of an entity's negative labels or of its tweets, as the daemon noticed it."""

    entity: str
    since: str
    raised_at: str
    ended_at: str | None
    kind: str
    usual_share: float
    share: float
    usual_per_day: float | None
    per_day: float | None
    tweets: int
    negatives: int
    all_tweets: int | None = None
    all_negatives: int | None = None
    about: str | None = None
    id: int = 0
    """Its number in the log."""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer."""

    question: ReportQuestion
    first: str | None
    """When the log's first tweet arrived, UTC; None of an empty log."""
    last: str | None
    task: str
    standings: Sequence[Standing]
    shown: Ranking
    """Which entities are shown by name, and how many are added up as `OTHERS`."""
    retweets_alone: bool
    """Nothing in the span but retweets, which were not asked for."""
    alerts: Sequence[Alert]
    """Those that held in the span, the latest first."""
    basis: Sequence[str]
    """What the shares are corrected by, in plain words, a sentence a model."""
    told: Sequence[Told] = ()
    """A sentence each of the entities with most tweets, and of those of which there is news."""
    unread: Unread = field(default_factory=Unread)
    """Tweets in languages that no label could be given in."""
    learning: Sequence[Learning] = ()
    """Entities of which alerts do not know well what is usual."""


def gather(connection: sqlite3.Connection, question: ReportQuestion) -> Report:
    """Ask a log.

    Raises:
        UnknownEntityError: as `spelled` raises it.
        ValueError: if a model's calibration does not hold what ``correction`` needs.
    """
    if question.entity is not None:
        question = replace(question, entity=spelled(connection, question.entity))
    first, last = arrivals(connection)
    models = labellers(connection, question.task)
    shown = _shown(connection, question)
    found = _standings(connection, question, shown)
    raised = alerts(connection, question.since, question.until, question.entity)
    alone = not (found or question.retweets)
    return Report(
        question=question,
        first=first,
        last=last,
        task=" and ".join(sorted({model.task for model in models.values()})) or "reputation",
        standings=found,
        shown=shown,
        retweets_alone=alone
        and bool(_standings(connection, replace(question, retweets=True), shown)),
        alerts=raised,
        told=_told(connection, question, shown, found, {alert.entity for alert in raised}),
        basis=[
            *sorted({_basis(model, question.correction) for model in models.values()}),
            *_of_owners(found),
            *_dated(found),
        ],
        unread=unread(connection, question.since, question.until, question.entity),
        learning=learning.learning(
            connection, {standing.entity for standing in found if standing.entity}
        ),
    )


def others(report: Report) -> list[str]:
    """Say what else there is to know of the numbers, and of whom they leave out."""
    told = report.unread.told()
    if report.alerts:
        told.append("Alerts count labels as they are; the shares are corrected where it says so.")
    told += learning.told(report.learning)
    if report.shown.left:
        told.append(
            f"{OTHERS}: {counted(report.shown.left, 'entity', 'entities')} with fewer tweets, added"
            " up; --top shows more of them, --entity any one."
        )
    elif any(standing.entity == OTHERS for standing in report.standings):
        told.append(f"{OTHERS}: entities that messages named beyond [mqtt] max_named_entities.")
    return told


def alerts(
    connection: sqlite3.Connection, since: float, until: float, entity: str | None = None
) -> list[Alert]:
    """Read the alerts that held at some time in a span, the latest first."""
    rows = connection.execute(
        f"{_ALERTS} WHERE raised_at < ? AND (ended_at IS NULL OR ended_at >= ?)"
        " AND (? IS NULL OR entity = ?) ORDER BY raised_at DESC",
        (utc(until), utc(since), entity, entity),
    )
    return [Alert(*row) for row in rows]


def alert_of(connection: sqlite3.Connection, number: int) -> Alert | None:
    """Read an alert; None if there is none of that number."""
    row = connection.execute(f"{_ALERTS} WHERE id = ?", (number,)).fetchone()
    return None if row is None else Alert(*row)


def _told(
    connection: sqlite3.Connection,
    question: ReportQuestion,
    shown: Ranking,
    found: Sequence[Standing],
    raised: Collection[str],
) -> list[Told]:
    """Choose of whom something is said, and find their worst windows."""
    if question.window:
        found = _standings(connection, replace(question, window=None), shown)
    named = [
        standing
        for standing in found
        if question.entity is not None
        or (standing.entity and standing.entity != OTHERS and standing.tweets >= COMPARABLE)
    ]
    news = [s for s in named[_TOLD:] if s.entity in raised or _changed(s)]
    chosen = [*named[:_TOLD], *news[: _MOST_TOLD - _TOLD]]
    if not chosen:
        return []
    window = fitting(question.until - question.since)
    names = Ranking(tuple(standing.entity or "" for standing in chosen), 0)
    windows: defaultdict[str | None, list[Standing]] = defaultdict(list)
    for standing in _standings(connection, replace(question, window=window), names):
        windows[standing.entity].append(standing)
    return [Told(whole, worst(windows[whole.entity]), window) for whole in chosen]


def _changed(standing: Standing) -> bool:
    return standing.change is not None and standing.change.excludes_zero


def _shown(connection: sqlite3.Connection, question: ReportQuestion) -> Ranking:
    if question.entity is not None:
        return Ranking((question.entity,), 0)
    return most_spoken_of(
        connection,
        question.most,
        question.since,
        question.until,
        window=question.window,
        retweets=question.retweets,
    )


def _standings(
    connection: sqlite3.Connection, question: ReportQuestion, shown: Ranking
) -> list[Standing]:
    return standings(
        connection,
        question.since,
        question.until,
        window=question.window,
        task=question.task,
        correction=question.correction,
        retweets=question.retweets,
        among=shown.names,
        others=question.entity is None,
    )


def arrivals(connection: sqlite3.Connection) -> tuple[str | None, str | None]:
    """Return when the first and the last tweet arrived that the log has or still counts, UTC."""
    # Apart, for SQLite looks up one end of an index at a time, and reads all of it for both.
    row = connection.execute(
        "SELECT (SELECT min(received_at) FROM tweets), (SELECT max(received_at) FROM tweets),"
        " (SELECT min(hour) FROM rollups), (SELECT max(hour) FROM rollups)"
    ).fetchone()
    first, last, first_hour, last_hour = row
    if first_hour and (first is None or first_hour < first[: len(first_hour)]):
        first = f"{first_hour}:00:00.000Z"  # the tweet itself was pruned
    if last is None and last_hour:
        last = f"{last_hour}:00:00.000Z"
    return first, last


def spelled(connection: sqlite3.Connection, entity: str) -> str:
    """Return how the log spells an entity; case and the like (`names.folded`) make no other name.

    Args:
        connection: from `reader.open_log`.
        entity: as somebody has typed it, or as it is shown; "" for tweets about none.

    Raises:
        UnknownEntityError: if the log holds nothing about it, or has it in several spellings, as a
            joined log may, none of which is the one that was typed.
    """
    if is_known(connection, entity):
        return entity
    key = folded(entity)
    if key == NO_ENTITY and is_known(connection, ""):
        return ""
    spellings = [name for name in entities(connection) if folded(name) == key]
    if len(spellings) > 1:
        raise UnknownEntityError(
            f"the log has {entity!r} as {' and '.join(map(repr, spellings[:_SPELLINGS]))}: ask for"
            " one of them"
        )
    if spellings:
        return spellings[0]
    # As far as is done at once: a comparison takes some microseconds for each character.
    ranked = ranking(connection, _COMPARED)
    known = [*ranked.names, *(name for name in (OTHERS,) if is_known(connection, name))]
    known += [NO_ENTITY] if is_known(connection, "") else []
    if not known:
        raise UnknownEntityError(f"the log is empty: nothing about {entity!r} yet")
    nearby = {name[:MAX_NAME_CHARS].casefold(): name for name in known}
    asked = entity[:MAX_NAME_CHARS].casefold()
    near = difflib.get_close_matches(asked, nearby, n=1, cutoff=0.0)
    nearest = nearby[near[0]] if near else known[0]
    count = counted(len(known), "entity", "entities")
    which = "with most tweets" if ranked.left else "in the log"
    raise UnknownEntityError(
        f"nothing about {entity!r}; the nearest of {count} {which} is {nearest!r}"
    )


def _of_owners(found: Sequence[Standing]) -> list[str]:
    """Say which shares rest on answers of the owner instead, a few of them by name."""
    answers = {standing.entity or NO_ENTITY: standing.answers for standing in found[::-1]}
    named = [f"{name} ({count:,})" for name, count in sorted(answers.items()) if count]
    if not named:
        return []
    rest = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    whose = ", ".join(named[:_NAMED]) + rest
    return [f"Shares of {whose} rest on so many answers of your own instead (monitor label)."]


def _dated(found: Sequence[Standing]) -> list[str]:
    """Say of which entities more answers are due, a few of them by name."""
    latest = {standing.entity or NO_ENTITY: standing.dated for standing in found[::-1]}
    due = sorted(name for name, dated in latest.items() if dated)
    if not due:
        return []
    rest = f" and {len(due) - _NAMED:,} more" if len(due) > _NAMED else ""
    whom = ", ".join(due[:_NAMED]) + rest
    way = "monitor label --since 7d"
    return [f"Time for ten more answers about {whom}: those given are of before ({way})."]


def _basis(model: Labeller, correction: Method | None) -> str:
    method = correction or model.method
    calibration = model.calibration
    if method != "none" and calibration:
        how = {"regression": "regression", "adjusted": "adjusted counts", "em": "EM"}[method]
        if method != "regression":  # which is fitted on other tweets than the matrix
            how += f", from {calibration.confusion.sum():,.0f} held-out tweets"
        return f"Shares are corrected for the known mistakes of {model.name} ({how})."
    if correction == "none":
        return f"Shares are uncorrected, as asked: the labels of {model.name} as given."
    if calibration is None:
        return f"Shares are uncorrected: {model.name} has no stored confusion matrix."
    return (
        f"Shares are uncorrected: {model.name} has a confusion matrix, but no regression of shares;"
        " --correction adjusted or em uses it."
    )
