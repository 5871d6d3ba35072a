"""What a report says: how entities stand in a span of time, and what that is worth."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.clock import utc
from monitor.names import NO_ENTITY as NO_ENTITY  # where a report's readers look for it
from monitor.names import OTHERS
from monitor.periods import Window
from monitor.quantification import Method
from monitor.reputation import Labeller, Standing, Task, labellers, most_spoken_of, standings
from monitor.tallies import Ranking, is_known, ranking
from monitor.tweet import MAX_NAME_CHARS

MOST = 500
"""How many entities a report says something of, unless asked for more."""
_COMPARED = 1000
"""Of these entities the nearest is named, if one that is asked for is not known."""


class UnknownEntityError(Exception):
    """The log holds nothing about an entity; the message names the nearest one it knows."""


@dataclass(frozen=True, slots=True)
class Question:
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
    """A rise of an entity's negative labels, as the daemon noticed it."""

    entity: str
    raised_at: str
    ended_at: str | None
    usual_share: float
    share: float


@dataclass(frozen=True, slots=True)
class Report:
    """The answer."""

    question: Question
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


def gather(connection: sqlite3.Connection, question: Question) -> Report:
    """Ask a log.

    Raises:
        UnknownEntityError: if it holds nothing about the entity.
        ValueError: if a model's calibration does not hold what ``correction`` needs.
    """
    if question.entity == NO_ENTITY:  # as it is shown
        question = replace(question, entity="")
    if question.entity is not None:
        check_known(connection, question.entity)
    first, last = arrivals(connection)
    models = labellers(connection, question.task)
    shown = _shown(connection, question)
    found = _standings(connection, question, shown)
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
        alerts=alerts(connection, question.since, question.until, question.entity),
        basis=sorted({_basis(model, question.correction) for model in models.values()}),
    )


def others(report: Report) -> list[str]:
    """Say who "(others)" are, if there are any."""
    told = []
    if report.shown.left:
        told.append(
            f"{OTHERS}: {report.shown.left:,} entities with fewer tweets, added up;"
            " --top shows more of them, --entity any one."
        )
    elif any(standing.entity == OTHERS for standing in report.standings):
        told.append(f"{OTHERS}: entities that messages named beyond [mqtt] max_named_entities.")
    return told


def alerts(
    connection: sqlite3.Connection, since: float, until: float, entity: str | None = None
) -> list[Alert]:
    """Read the alerts that held at some time in a span, the latest first."""
    rows = connection.execute(
        "SELECT entity, raised_at, ended_at, usual_share, share FROM alerts"
        " WHERE raised_at < ? AND (ended_at IS NULL OR ended_at >= ?)"
        " AND (? IS NULL OR entity = ?) ORDER BY raised_at DESC",
        (utc(until), utc(since), entity, entity),
    )
    return [Alert(*row) for row in rows]


def _shown(connection: sqlite3.Connection, question: Question) -> Ranking:
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
    connection: sqlite3.Connection, question: Question, shown: Ranking
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


def check_known(connection: sqlite3.Connection, entity: str) -> None:
    """Look whether the log holds anything about an entity.

    Raises:
        UnknownEntityError: if not.
    """
    if is_known(connection, entity):
        return
    # As far as is done at once: a comparison takes some microseconds for each character.
    ranked = ranking(connection, _COMPARED)
    known = [*ranked.names, *(name for name in (OTHERS,) if is_known(connection, name))]
    known += [NO_ENTITY] if is_known(connection, "") else []
    if not known:
        raise UnknownEntityError(f"the log is empty: nothing about {entity!r} yet")
    folded = {name[:MAX_NAME_CHARS].casefold(): name for name in known}
    asked = entity[:MAX_NAME_CHARS].casefold()
    near = difflib.get_close_matches(asked, folded, n=1, cutoff=0.0)
    nearest = folded[near[0]] if near else known[0]
    count = "one entity" if len(known) == 1 else f"{len(known):,} entities"
    which = "with most tweets" if ranked.left else "in the log"
    raise UnknownEntityError(
        f"nothing about {entity!r}; the nearest of {count} {which} is {nearest!r}"
    )


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
