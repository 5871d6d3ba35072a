"""Watches what is written to the log, and writes alerts beside it, in the same transaction."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
import structlog

from monitor.alerts.change import change_point
from monitor.alerts.detector import DAY_S, Detector
from monitor.alerts.message import Messages, State, message
from monitor.alerts.rhythm import Rhythm
from monitor.alerts.tuning import Tuning
from monitor.console import strict_json
from monitor.periods import epoch
from monitor.settings.topics import alert as topic_of
from monitor.store.adapting import Adapting
from monitor.store.owner_labels import PROBABILITIES
from monitor.store.rows import Labelled
from monitor.tweets import OTHERS

_NOBODY: Final = ("", OTHERS)
_DETECTOR: Final = tuple(f.name for f in fields(Detector))
_NUMBERS: Final = attrgetter(*_DETECTOR)
_OWN: Final = ("model_id", "alert_id", "adaptation_id")
_COLUMNS: Final = (*_OWN, *_DETECTOR)
# S608: our own names.
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM alert_states WHERE entity = ?"  # noqa: S608
_WRITE: Final = (
    f"INSERT OR REPLACE INTO alert_states (entity, {', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * (1 + len(_COLUMNS)))})"
)
_RAISE: Final = (
    "INSERT INTO alerts (entity, model_id, kind, since, since_earliest, since_latest, raised_at,"  # noqa: S608
    " usual_share, share, usual_per_day, per_day, tweets, negatives,"
    " first_batch_id, first_tweet_id, batch_id, tweet_id)"
    f" VALUES ({', '.join('?' * 17)})"
)
_LATEST: Final = (  # labels of an entity up to a tweet, the latest first
    "SELECT CASE WHEN t.board IS NULL THEN t.received_at ELSE b.started_at END,"  # noqa: S608
    " l.batch_id, l.tweet_id, t.tweeted_at, l.reputation, l.sentiment,"
    f" {', '.join(f'l.{name}' for name in PROBABILITIES)}"
    " FROM (SELECT tweet_id FROM labels INDEXED BY labels_batch WHERE entity = ?1"
    " AND batch_id <= ?2 ORDER BY batch_id DESC LIMIT ?4) AS k"
    " CROSS JOIN labels AS l ON l.tweet_id = k.tweet_id AND l.entity = ?1 AND l.model_id = ?5"
    " CROSS JOIN tweets AS t ON t.id = l.tweet_id CROSS JOIN batches AS b ON b.id = l.batch_id"
    " WHERE NOT t.is_retweet AND l.reputation <> 'other-language' AND (l.batch_id < ?2"
    " OR t.rowid <= (SELECT rowid FROM tweets WHERE id = ?3))"
    " ORDER BY l.batch_id DESC, t.rowid DESC"
)
_LOOKED_AT: Final = 1000
"""Labels that show what is usual under another adaptation, and among which a rise began."""
_AS_BEFORE: Final = 10.0
"""Labels that the usual share under the one before counts as: where few are stored, it stays."""
_LAST_END: Final = "SELECT max(ended_at) FROM alerts WHERE entity = ?"
_END: Final = "UPDATE alerts SET ended_at = ?, outcome = ?, followed_at = NULL WHERE id = ?"
_SINCE: Final = "SELECT since FROM alerts WHERE id = ?"
_BEGUN: Final = "SELECT first_batch_id, first_tweet_id FROM alerts WHERE id = ?"
_OTHERS_SHARES: Final = (
    "SELECT negatives / tweets FROM alert_states WHERE model_id = ? AND learnt >= ? LIMIT 200"
)
_ENOUGH: Final = 50
"""Tweets of an entity that tell others what to expect."""
_USED_AGAIN: Final = 100
"""New entities of which the same is assumed, before it is looked up again."""
_ASSUMED_SHARE: Final = 0.2
_ASSUMED_TWEETS: Final = 4.0
"""What is assumed of the first entity: a Beta distribution of this mean, worth so many tweets."""
_MOST_ASSUMED_TWEETS: Final = 50.0
_READ_RHYTHM: Final = (
    "SELECT counts, known_s, since, hour, pending, at, settling_until FROM alert_rhythm"
)
_WRITE_RHYTHM: Final = (
    "INSERT OR REPLACE INTO alert_rhythm (id, counts, known_s, since, hour, pending, at,"
    " settling_until) VALUES (1, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(slots=True)
class _State:
    """An entity's row."""

    model_id: int
    alert_id: int | None
    adaptation_id: int | None
    """That its labels follow; None for the model's own."""
    detector: Detector


class _LatestTweet(NamedTuple):
    """What was said of an entity, and when."""

    at: str
    """When it came to this board."""
    batch_id: int
    id: str
    negative: bool


class Alerting:
    """Raises alerts and ends them; a hook of the store.

    All that it knows is in the log, so a batch that is tried again, or a process that is killed,
    goes on from what was committed.
    """

    def __init__(
        self,
        tuning: Tuning,
        task: str,
        messages: Messages | None = None,
        adapting: Adapting | None = None,
    ) -> None:
        """Begin to watch.

        Args:
            tuning: what is wanted.
            task: whose labels are watched.
            messages: where the state of each entity is published; None for nowhere.
            adapting: what labels follow; None if they are always the model's own.
        """
        self._tuning = tuning
        self._task = task
        self._messages = messages
        self._adapting = adapting if task == "reputation" else None
        self._said: list[Callable[[], object]] = []
        self._assumption, self._assumed_for, self._used = (0.0, 0.0), -1, 0

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Watch labels that have just been inserted.

        Retweets repeat an opinion and do not count, nor do tweets about no entity or about those
        that have no place of their own: an alert is about somebody's reputation.
        """
        self._said = []
        states: dict[str, _State] = {}
        watched = [label for label in fresh if _is_watched(label)]
        if not watched:
            return
        rhythm = _read_rhythm(connection)
        for label in watched:
            state = states.get(label.entity) or self._read(connection, label)
            if state.model_id != label.model_id:
                state = self._renewed(connection, state, label)
            elif label.entity not in states:
                self._rebase(connection, state, label)
            states[label.entity] = state
            detector, at = state.detector, epoch(label.at)
            steadily = rhythm.take(at)
            rested = 0.0 if math.isnan(detector.at) else rhythm.steady(detector.at, at)
            negative = self._label(label) == "negative"
            learnt = detector.learnt
            event = detector.take(negative, at, rested, self._tuning, steadily=steadily)
            if event in ("raised", "worsened"):
                self._raise(connection, state, label, rhythm)
            elif event:
                self._end(connection, state, label, event)
            elif learnt < detector.learnt == self._tuning.learn_tweets:
                self._tell(connection, label.entity, "ok", None, {"learnt": detector.learnt})
        connection.executemany(
            _WRITE,
            [
                (entity, s.model_id, s.alert_id, s.adaptation_id, *_NUMBERS(s.detector))
                for entity, s in states.items()
            ],
        )
        _write_rhythm(connection, rhythm)

    def committed(self) -> None:
        """Log what has happened."""
        said, self._said = self._said, []
        for say in said:
            say()

    def _read(self, connection: sqlite3.Connection, label: Labelled) -> _State:
        """Read an entity's state, or begin one."""
        row = connection.execute(_READ, (label.entity,)).fetchone()
        if row is None:
            return self._new(connection, label)
        model_id, alert_id, adaptation_id, *numbers = row
        return _State(model_id, alert_id, adaptation_id, _detector(numbers))

    def _renewed(self, connection: sqlite3.Connection, state: _State, label: Labelled) -> _State:
        """Begin anew with another model: what is usual is what this one says of it."""
        if state.alert_id is not None:
            self._end(connection, state, label, "new-model")
        return self._new(connection, label)

    def _new(self, connection: sqlite3.Connection, label: Labelled) -> _State:
        share, tweets = self._assumed(connection, label.model_id)
        detector = Detector(negatives=share * tweets, tweets=tweets)
        return _State(label.model_id, None, self._of(label), detector)

    def _assumed(self, connection: sqlite3.Connection, model_id: int) -> tuple[float, float]:
        """Return what is assumed of a new entity; looked up now and then, for there may be many."""
        if model_id != self._assumed_for or self._used >= _USED_AGAIN:
            others = connection.execute(_OTHERS_SHARES, (model_id, _ENOUGH))
            self._assumption = assumed(share for (share,) in others)
            self._assumed_for, self._used = model_id, 0
        self._used += 1
        return self._assumption

    def _label(self, label: Labelled) -> str:
        own = label.verdict[self._task].label
        return (label.adapted or own) if self._adapting else own

    def _of(self, label: Labelled) -> int | None:
        return self._adapting.of(label.model_id, label.entity) if self._adapting else None

    def _rebase(self, connection: sqlite3.Connection, state: _State, label: Labelled) -> None:
        """Go on under another adaptation: what is usual is what it says of the usual tweets."""
        adapting, now = self._adapting, self._of(label)
        if adapting is None or now == state.adaptation_id:
            return
        state.adaptation_id = now
        until: tuple[int, str] = label.batch_id, label.tweet.id
        if state.alert_id is not None:
            until = connection.execute(_BEGUN, (state.alert_id,)).fetchone()
        usual = [tweet.negative for tweet in self._latest(connection, label, *until)]
        before = _AS_BEFORE * state.detector.share
        state.detector.rebase((sum(usual) + before) / (len(usual) + _AS_BEFORE))

    def _raise(
        self, connection: sqlite3.Connection, state: _State, label: Labelled, rhythm: Rhythm
    ) -> None:
        """Write an alert; one that held has become worse, and gives way to it."""
        log = structlog.get_logger()
        detector, before = state.detector, state.alert_id
        share, pace = detector.level if before else (detector.share, detector.pace)
        pace = pace if detector.knows_pace else 0.0
        tweets = self._since(connection, label, before)
        times = [epoch(tweet.at) for tweet in tweets]
        negative = np.array([tweet.negative for tweet in tweets])
        steady = np.maximum.accumulate([rhythm.steady(times[0], at) for at in times])
        found = change_point(negative, steady, share, pace, detector.dispersion)
        first = found.first
        count, negatives = len(tweets) - first, int(negative[first:].sum())
        seconds = float(steady[-1] - steady[max(first - 1, 0)])
        (detector.worsen if before else detector.begin)(found.kind, negatives, count, seconds)
        began = tweets[first]
        if before:
            connection.execute(_END, (label.at, "worsened", before))
            over = {"outcome": "worsened", "alert_id": before}
            self._said.append(lambda: log.info("alert-ended", entity=label.entity, **over))
        else:  # what it began with is no part of what is usual
            share, pace = detector.share, pace and detector.pace
        usual, share = share, negatives / count
        usual_per_day = DAY_S * pace if pace else None
        per_day = DAY_S * count / max(seconds, 1.0) if pace else None
        state.alert_id = connection.execute(
            _RAISE,
            (
                *(label.entity, label.model_id, found.kind, began.at),
                *(tweets[found.earliest].at, tweets[found.latest].at, label.at),
                *(usual, share, usual_per_day, per_day, count, negatives),
                *(began.batch_id, began.id, label.batch_id, label.tweet.id),
            ),
        ).lastrowid
        told = {
            "kind": found.kind,
            "usual_share": round(usual, 4),
            "share": round(share, 4),
            "usual_per_day": usual_per_day and round(usual_per_day, 2),
            "per_day": per_day and round(per_day, 2),
            "tweets": count,
            "alert_id": state.alert_id,
        }
        self._tell(connection, label.entity, "alert", began.at, told)
        self._said.append(lambda: log.warning("alert", entity=label.entity, since=began.at, **told))

    def _since(
        self, connection: sqlite3.Connection, label: Labelled, alert: int | None
    ) -> list[_LatestTweet]:
        """Return an entity's latest tweets up to one that raised an alert, in order of arrival.

        Those of the alert before are none of them; of one that has worsened, no earlier ones than
        its own.
        """
        (ended_at,) = connection.execute(_LAST_END, (label.entity,)).fetchone()
        since = alert and connection.execute(_SINCE, (alert,)).fetchone()[0]
        found: list[_LatestTweet] = []
        for tweet in self._latest(connection, label, label.batch_id, label.tweet.id):
            if found and ended_at is not None and tweet.at <= ended_at:
                break
            if found and since and tweet.at < since:
                break
            found.append(tweet)
        # The one that raised it is there in any case, whatever another program does to the log.
        own = _LatestTweet(label.at, label.batch_id, label.tweet.id, negative=True)
        return found[::-1] or [own]

    def _latest(
        self, connection: sqlite3.Connection, label: Labelled, batch_id: int, tweet_id: str
    ) -> Iterator[_LatestTweet]:
        """Yield what was said of an entity up to a tweet, the latest first, as labelled now."""
        rows = connection.execute(
            _LATEST, (label.entity, batch_id, tweet_id, _LOOKED_AT, label.model_id)
        )
        for at, batch, tweet, tweeted_at, reputation, sentiment, *probabilities in rows:
            if _is_history(at, tweeted_at):
                continue
            said = reputation if self._task == "reputation" else sentiment
            if self._adapting:
                adapted = self._adapting.label(
                    label.model_id, label.entity, reputation, tuple(probabilities)
                )
                said = adapted or said
            yield _LatestTweet(at, batch, tweet, said == "negative")

    def _end(
        self, connection: sqlite3.Connection, state: _State, label: Labelled, outcome: str
    ) -> None:
        ended_at = label.at
        connection.execute(_END, (ended_at, outcome, state.alert_id))
        told = {"usual_share": round(state.detector.share, 4), "alert_id": state.alert_id}
        self._tell(connection, label.entity, "ok", ended_at, told)
        log = structlog.get_logger()
        self._said.append(
            lambda: log.info("alert-ended", entity=label.entity, outcome=outcome, **told)
        )
        state.alert_id = None

    def _tell(
        self,
        connection: sqlite3.Connection,
        entity: str,
        state: State,
        since: str | None,
        more: dict[str, Any],
    ) -> None:
        if self._messages:
            payload = message(entity, state, since, **more)
            self._messages.put(connection, topic_of(entity), payload, retain=True)


def assumed(shares: Iterable[float]) -> tuple[float, float]:
    """Return what is assumed of a new entity, from the usual shares of others.

    Returns:
        Mean of a Beta distribution, and how many tweets it is worth: the method of moments, the
        first assumption counting as one entity.
    """
    others = list(shares)
    count = 1 + len(others)
    mean = (_ASSUMED_SHARE + sum(others)) / count
    first = _ASSUMED_SHARE * (1 - _ASSUMED_SHARE) / (_ASSUMED_TWEETS + 1)
    variance = first + (_ASSUMED_SHARE - mean) ** 2
    variance = (variance + sum((share - mean) ** 2 for share in others)) / count
    worth = mean * (1 - mean) / variance - 1 if variance else _MOST_ASSUMED_TWEETS
    return mean, min(max(worth, _ASSUMED_TWEETS / 2), _MOST_ASSUMED_TWEETS)


def _is_watched(label: Labelled) -> bool:
    """Whether a label counts: retweets repeat an opinion, and some are about nobody.

    What was written more than a day before it arrived is history, and no news.
    """
    tweet = label.tweet
    if tweet.is_retweet or label.entity in _NOBODY or not label.is_read:
        return False
    return not _is_history(label.at, tweet.tweeted_at)


def _is_history(at: str, tweeted_at: str | None) -> bool:
    return tweeted_at is not None and epoch(at) - epoch(tweeted_at) > DAY_S


def _detector(numbers: Sequence[Any]) -> Detector:
    """Read a detector back; SQLite keeps no nan."""
    detector = Detector(*numbers)
    if detector.at is None:
        detector.at = math.nan
    return detector


def _read_rhythm(connection: sqlite3.Connection) -> Rhythm:
    row = connection.execute(_READ_RHYTHM).fetchone()
    if row is None:
        return Rhythm()
    counts, *rest = row
    return Rhythm(json.loads(counts), *rest)


def _write_rhythm(connection: sqlite3.Connection, rhythm: Rhythm) -> None:
    counts = strict_json(rhythm.counts)
    row = (rhythm.known_s, rhythm.since, rhythm.hour, rhythm.pending, rhythm.at)
    connection.execute(_WRITE_RHYTHM, (counts, *row, rhythm.settling_until))
