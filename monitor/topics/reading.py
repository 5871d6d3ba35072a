"""Reads tweets of an entity and a time from the log, at most so many: beyond that, a sample."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from monitor.clock import utc
from monitor.periods import epoch
from monitor.topics.corpus import NEGATIVE, OTHER, UNREAD, Corpus, Tweet, gather
from monitor.topics.stories import MOST_STORIES
from monitor.topics.topics import Stored, Topics, find
from monitor.topics.words import MOST_CHARS

USUAL_CHARS: Final = 160
"""Where tweets are longer on average, fewer are read, so that these take no more memory."""
LEAST_USUAL: Final = 50
"""With fewer, what is usual is not known."""

Usual = Literal["entity", "all", "too-few"]

_SAID: Final = (
    f"CASE WHEN l.reputation = 'other-language' THEN {UNREAD} WHEN 'negative' ="  # as `labelled`
    " coalesce(l.adapted, CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END)"
    f" THEN {NEGATIVE} ELSE {OTHER} END"
)
_OF_LABEL: Final = "l.tweet_id = t.id AND m.id = l.model_id"
# A tweet about several entities is negative if it is for one of them.
_SAID_TO_ANY: Final = (
    f"coalesce((SELECT max({_SAID}) FROM labels AS l CROSS JOIN models AS m"  # noqa: S608
    f" WHERE {_OF_LABEL}), {UNREAD})"
)


Asked: TypeAlias = dict[str, str | bool | None]
"""Parameters of the SQL here."""


class _Which(NamedTuple):
    """Which tweets, as SQL."""

    said: str
    """What their label says."""
    of: str
    """Tables, and conditions."""


# In their own time, as they are counted, or in that of their arrival, by which alerts go.
_TIME: Final = (
    "t.rowid IN (SELECT rowid FROM tweets WHERE received_at >= :since AND received_at < :until"
    " AND (:arrival OR tweeted_at IS NULL) UNION ALL SELECT rowid FROM tweets"
    " WHERE NOT :arrival AND tweeted_at >= :since AND tweeted_at < :until)"
)
_AT: Final = "iif(:arrival, t.received_at, coalesce(t.tweeted_at, t.received_at))"
_ABOUT: Final = _Which(
    _SAID,
    "FROM tweets AS t CROSS JOIN labels AS l CROSS JOIN models AS m"
    f" WHERE {_TIME} AND {_OF_LABEL} AND l.entity = :entity",
)
_EVERY: Final = _Which(_SAID_TO_ANY, f"FROM tweets AS t WHERE {_TIME}")
_NOT_ABOUT: Final = _Which(
    str(UNREAD),
    f"FROM tweets AS t WHERE {_TIME}"  # noqa: S608  (as above)
    " AND NOT EXISTS (SELECT 1 FROM labels WHERE tweet_id = t.id AND entity = :entity)",
)
_ORIGINALS: Final = " AND NOT t.is_retweet"
# Which rows are of the sample is the same each time (multiplicative hashing: Knuth, vol. 3, 6.4).
_SAMPLED: Final = (
    " AND t.text IS NOT NULL AND ((t.rowid & 16777215) * 2654435761 & 4294967295) < :sampled"
)
_ALL: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read at most; of more, a sample."""

    tweets: int = 100_000
    """Of the time asked for."""
    usual: int = 20_000
    looked_through: int = 1_000_000
    """Tweets, of all entities, among which those of a time are sought, the latest."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the log."""

    entity: str | None
    """As the log spells it; "" for tweets about none; None for all tweets."""
    since: float
    """Seconds since the epoch."""
    until: float
    names: Sequence[str] = ()
    """Of the entity, besides its own: they are no topics, either."""
    most: int = MOST_STORIES
    """Stories to tell."""
    alert: int | None = None
    """The alert whose time it is; then tweets count when they arrived."""
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the log says."""

    question: Question
    since: float
    """From when on tweets were looked at: later than asked for, if there are too many."""
    topics: Topics
    without_text: int
    """Tweets whose text is not stored: they are not counted elsewhere."""
    of_tweets: int
    """How many have a text; more than `topics.count` says if that is of a sample."""
    usual: Usual
    """With whose tweets they are compared."""
    usual_tweets: int
    """How many these are, retweets left out."""


class UnknownAlertError(Exception):
    """There is no alert of that number; the message says so."""


def answer(connection: sqlite3.Connection, question: Question) -> Answer:
    """Ask a log.

    Args:
        connection: from `reader.open_log`.
        question: what is asked.
    """
    with _snapshot(connection):
        return _answer(connection, question)


def labelled(connection: sqlite3.Connection, question: Question) -> tuple[int, int]:
    """Count an entity's tweets in a time that have a label, and those labelled negative.

    Retweets are left out. Texts are not read, so it holds where none is stored, too.
    """
    tweets, negatives = connection.execute(
        f"SELECT count(*), total(said = {NEGATIVE}) FROM"  # noqa: S608  (our own names)
        f" (SELECT {_SAID} AS said {_ABOUT.of}{_ORIGINALS}) WHERE said <> {UNREAD}",
        {
            "entity": question.entity,
            "arrival": question.alert is not None,
            "since": utc(question.since),
            "until": utc(question.until),
        },
    ).fetchone()
    return tweets, int(negatives)


def of_alert(connection: sqlite3.Connection, alert: int, now: float) -> tuple[str, float, float]:
    """Return an alert's entity, when the rise began, and when it ended, or now.

    Raises:
        UnknownAlertError: if the log has none of that number.
    """
    row = connection.execute(
        "SELECT entity, since, ended_at FROM alerts WHERE id = ?", (alert,)
    ).fetchone()
    if row is None:
        (last,) = connection.execute("SELECT max(id) FROM alerts").fetchone()
        known = "it has none" if last is None else f"the latest is {last}"
        raise UnknownAlertError(f"the log has no alert {alert}; {known}")
    entity, since, ended_at = row
    return entity, epoch(since), now if ended_at is None else epoch(ended_at)


def _answer(connection: sqlite3.Connection, question: Question) -> Answer:
    names = [*([question.entity] if question.entity else []), *question.names]
    since = max(
        question.since, _earliest(connection, question.until, question.bounds.looked_through)
    )
    asked: Asked = {
        "entity": question.entity,
        "arrival": question.alert is not None,
        "since": utc(since),
        "until": utc(question.until),
    }
    which = _EVERY if question.entity is None else _ABOUT
    tweets = _Tweets(connection, which, "", asked, question.bounds.tweets)
    window = gather(tweets, names)
    usual, whose = _usual(connection, question, asked, since, names)
    return Answer(
        question=question,
        since=since,
        topics=find(
            window,
            usual,
            names=names,
            stored=_Stored(connection, question).tweet,
            most=question.most,
        ),
        without_text=tweets.without_text,
        of_tweets=tweets.total,
        usual=whose,
        usual_tweets=len(usual) if usual else 0,
    )


def _usual(
    connection: sqlite3.Connection,
    question: Question,
    asked: Asked,
    since: float,
    names: Sequence[str],
) -> tuple[Corpus | None, Usual]:
    """Read what the window is compared with: tweets before it, else those about others."""
    begin = utc(_earliest(connection, since, question.bounds.looked_through))
    before = asked | {"since": begin, "until": asked["since"]}
    others = asked | {"since": begin}
    every = question.entity is None
    sources: dict[Usual, tuple[_Which, Asked]] = (
        {"entity": (_EVERY, before)}
        if every
        else {"entity": (_ABOUT, before), "all": (_NOT_ABOUT, others)}
    )
    for whose, (which, of) in sources.items():
        usual = gather(_Tweets(connection, which, _ORIGINALS, of, question.bounds.usual), names)
        if len(usual) >= LEAST_USUAL:
            return usual, whose
    return None, "too-few"


class _Tweets:
    """Tweets of a time that have a text: counted, and a sample of them if they are too many."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        which: _Which,
        only: str,
        asked: Asked,
        most: int,
    ) -> None:
        self._connection = connection
        self._which = which
        self._only = only
        self._asked = asked
        self.total, self.without_text, chars = connection.execute(
            "SELECT count(t.text), count(*) - count(t.text),"
            f" total(min(length(t.text), {MOST_CHARS})) {which.of}{only}",
            asked,
        ).fetchone()
        most_chars = USUAL_CHARS * most
        share = min(1.0, most / max(self.total, 1), most_chars / max(chars, 1.0))
        self._sampled = int(share * _ALL)

    def __iter__(self) -> Iterator[Tweet]:
        # The time as a number takes Python ten times as long as SQLite.
        rows = self._connection.execute(
            f"SELECT t.rowid, julianday({_AT}), t.is_retweet, {self._which.said},"
            f" substr(t.text, 1, {MOST_CHARS}) {self._which.of}{self._only}{_SAMPLED}",
            {**self._asked, "sampled": self._sampled},
        )
        for place, at, is_retweet, said, text in rows:
            yield Tweet(place, at or 0.0, bool(is_retweet), said, str(text))


class _Stored:
    """Gives tweets back by their place."""

    def __init__(self, connection: sqlite3.Connection, question: Question) -> None:
        self._connection = connection
        self._asked = {"entity": question.entity, "arrival": question.alert is not None}
        self._said = (
            _SAID_TO_ANY
            if question.entity is None
            else f"(SELECT {_SAID} FROM labels AS l CROSS JOIN models AS m"  # noqa: S608
            f" WHERE {_OF_LABEL} AND l.entity = :entity)"
        )

    def tweet(self, place: int) -> Stored:
        """Read one."""
        id_, at, said, text = self._connection.execute(
            f"SELECT t.id, {_AT}, {self._said}, t.text FROM tweets AS t"  # noqa: S608
            " WHERE t.rowid = :place",
            {**self._asked, "place": place},
        ).fetchone()
        return Stored(id_, at, {NEGATIVE: True, OTHER: False}.get(said), str(text))


def _earliest(connection: sqlite3.Connection, until: float, looked_through: int) -> float:
    """Return from when on there are so many tweets of any entity, or all there are."""
    row = connection.execute(
        "SELECT received_at FROM tweets WHERE received_at < ? ORDER BY received_at DESC"
        " LIMIT 1 OFFSET ?",
        (utc(until), looked_through),
    ).fetchone()
    return 0.0 if row is None else epoch(row[0])


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """See the log as it is now, whatever is written or pruned meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
