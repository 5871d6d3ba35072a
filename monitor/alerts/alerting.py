"""Watches what is written to the log, and writes alerts beside it, in the same transaction."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Literal, Protocol

import structlog

from monitor.alerts.cusum import Cusum
from monitor.alerts.design import Tuning
from monitor.alerts.message import message
from monitor.clock import utc
from monitor.inference import Model
from monitor.settings import Settings
from monitor.settings.topics import alert as topic_of
from monitor.standings import Calibration
from monitor.store.adapting import Adapting
from monitor.store.owner_labels import PROBABILITIES
from monitor.store.rows import Labelled
from monitor.tweets import OTHERS

_HOUR_S: Final = 3600.0
_NOBODY: Final = ("", OTHERS)
_CUSUM: Final = tuple(f.name for f in fields(Cusum))
_NUMBERS: Final = attrgetter(*_CUSUM)
_OWN: Final = (
    *("model_id", "tuning", "alert_id", "begun_batch_id", "begun_tweet_id", "adaptation_id"),
)
_COLUMNS: Final = (*_OWN, *_CUSUM)
# S608: our own names.
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM alert_states WHERE entity = ?"  # noqa: S608
_WRITE: Final = (
    f"INSERT OR REPLACE INTO alert_states (entity, {', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * (1 + len(_COLUMNS)))})"
)
_RAISE: Final = (
    "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share, tweets, negatives,"
    " first_batch_id, first_tweet_id, batch_id, tweet_id)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_USUAL: Final = (  # the latest labels, without those of a change that may be going on
    f"SELECT l.reputation, {', '.join(f'l.{name}' for name in PROBABILITIES)}"  # noqa: S608
    " FROM (SELECT tweet_id FROM labels INDEXED BY labels_batch WHERE entity = ?1"
    " AND batch_id <= ?2 ORDER BY batch_id DESC LIMIT ?4) AS k"
    " CROSS JOIN labels AS l ON l.tweet_id = k.tweet_id AND l.entity = ?1 AND l.model_id = ?5"
    " CROSS JOIN tweets AS t ON t.id = l.tweet_id WHERE NOT t.is_retweet AND (l.batch_id < ?2"
    " OR t.rowid < (SELECT rowid FROM tweets WHERE id = ?3))"
)
_LOOKED_AT: Final = 1000
"""Labels that show what is usual under another adaptation: its share is then known to 0.02."""
_AS_BEFORE: Final = 10.0
"""Labels that the usual share under the one before counts as: where few are stored, it stays."""
_END: Final = "UPDATE alerts SET ended_at = ?, outcome = ? WHERE id = ?"


class Messages(Protocol):
    """Where messages are put to be sent: `monitor.publishing.outbox.Outbox`."""

    def put(
        self, connection: sqlite3.Connection, suffix: str, payload: str, *, retain: bool
    ) -> None:
        """Write a message, inside the caller's transaction."""


@dataclass(slots=True)
class _State:
    """An entity's row."""

    model_id: int
    tuning: str
    alert_id: int | None
    begun_batch_id: int | None
    begun_tweet_id: str | None
    adaptation_id: int | None
    """That its labels follow; None for the model's own."""
    cusum: Cusum


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
        self._tuned = f"{tuning.rise} {tuning.false_alarm_days} {tuning.false_positive:.5f}"
        self._task = task
        self._messages = messages
        self._adapting = adapting if task == "reputation" else None
        self._said: list[Callable[[], object]] = []

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Watch labels that have just been inserted.

        Retweets repeat an opinion and do not count, nor do tweets about no entity or about those
        that have no place of their own: an alert is about somebody's reputation.
        """
        self._said = []
        states: dict[str, _State] = {}
        for label in fresh:
            tweet = label.tweet
            if tweet.is_retweet or label.entity in _NOBODY or not label.is_read:
                continue
            state = states.get(label.entity) or self._read(connection, label)
            if state.model_id != label.model_id:
                state = self._renewed(connection, state, label)
            elif label.entity not in states:
                self._rebase(connection, state, label)
            states[label.entity] = state
            cusum = state.cusum
            event = cusum.take(
                self._label(label) == "negative",
                datetime.fromisoformat(label.at).timestamp(),
                self._tuning,
            )
            if cusum.begun_tweets == 1:
                state.begun_batch_id, state.begun_tweet_id = label.batch_id, tweet.id
            if event == "raised":
                self._raise(connection, state, label)
            elif event:
                self._end(connection, state, label, event)
        connection.executemany(
            _WRITE,
            [
                (
                    entity,
                    *(s.model_id, s.tuning, s.alert_id, s.begun_batch_id, s.begun_tweet_id),
                    s.adaptation_id,
                    *_NUMBERS(s.cusum),
                )
                for entity, s in states.items()
            ],
        )

    def committed(self) -> None:
        """Log what has happened."""
        said, self._said = self._said, []
        for say in said:
            say()

    def _read(self, connection: sqlite3.Connection, label: Labelled) -> _State:
        """Read an entity's state, as far as it holds for what is wanted now."""
        row = connection.execute(_READ, (label.entity,)).fetchone()
        if row is None:
            return self._new(label)
        model_id, tuning, alert_id, begun_batch_id, begun_tweet_id, adaptation_id, *numbers = row
        state = _State(
            *(model_id, tuning, alert_id, begun_batch_id, begun_tweet_id, adaptation_id),
            _cusum(numbers),
        )
        if state.model_id == label.model_id and state.tuning != self._tuned:
            state.tuning = self._tuned
            if state.cusum.phase != "learning":
                state.cusum.watch(self._tuning)
        return state

    def _renewed(self, connection: sqlite3.Connection, state: _State, label: Labelled) -> _State:
        """Begin anew with another model: what is usual is what this one says of it."""
        if state.alert_id is not None:
            state.cusum.phase = "learning"
            self._end(connection, state, label, "new-model")
        return self._new(label)

    def _new(self, label: Labelled) -> _State:
        return _State(label.model_id, self._tuned, None, None, None, self._of(label), Cusum())

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
        cusum = state.cusum
        until: tuple[int, str | None] = label.batch_id, None
        if state.begun_batch_id is not None and (cusum.begun_tweets or state.alert_id is not None):
            until = state.begun_batch_id, state.begun_tweet_id
        negatives = tweets = 0
        for own, *probabilities in connection.execute(
            _USUAL,
            (label.entity, *until, _LOOKED_AT, label.model_id),
        ):
            adapted = adapting.label(label.model_id, label.entity, own, tuple(probabilities))
            negatives += (adapted or own) == "negative"
            tweets += 1
        share = (negatives + _AS_BEFORE * cusum.usual.share) / (tweets + _AS_BEFORE)
        cusum.rebase(share, self._tuning)

    def _raise(self, connection: sqlite3.Connection, state: _State, label: Labelled) -> None:
        cusum, tweet = state.cusum, label.tweet
        usual, share = cusum.usual_share, cusum.begun_negatives / cusum.begun_tweets
        since = utc(cusum.begun_at)
        state.alert_id = connection.execute(
            _RAISE,
            (
                *(label.entity, label.model_id, since, label.at),
                *(usual, share, cusum.begun_tweets, cusum.begun_negatives),
                *(state.begun_batch_id, state.begun_tweet_id, label.batch_id, tweet.id),
            ),
        ).lastrowid
        told = {
            "usual_share": round(usual, 4),
            "share": round(share, 4),
            "tweets": cusum.begun_tweets,
            "alert_id": state.alert_id,
        }
        self._tell(connection, label.entity, "alert", since, told)
        log = structlog.get_logger()
        self._said.append(lambda: log.warning("alert", entity=label.entity, since=since, **told))

    def _end(
        self, connection: sqlite3.Connection, state: _State, label: Labelled, outcome: str
    ) -> None:
        ended_at = label.at
        connection.execute(_END, (ended_at, outcome, state.alert_id))
        told = {"usual_share": round(state.cusum.usual.share, 4), "alert_id": state.alert_id}
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
        state: Literal["alert", "ok"],
        since: str,
        more: dict[str, Any],
    ) -> None:
        if self._messages:
            payload = message(entity, state, since, **more)
            self._messages.put(connection, topic_of(entity), payload, retain=True)


def alerting(
    settings: Settings, model: Model, messages: Messages, adapting: Adapting | None = None
) -> list[Alerting]:
    """Return the hook that a configuration asks for, if it does."""
    alerts, task = settings.alerts, settings.model.task
    if not alerts.enabled:
        return []
    tuning = Tuning(
        rise=alerts.rise,
        false_alarm_days=alerts.false_alarm_days,
        quiet_s=alerts.quiet_hours * _HOUR_S,
        learn_tweets=alerts.learn_tweets,
        false_positive=Tuning.false_positives(Calibration.of(model.calibration.get(task))),
    )
    return [Alerting(tuning, task, messages if settings.publish.alerts else None, adapting)]


def _cusum(numbers: Sequence[Any]) -> Cusum:
    """Read a CUSUM back; SQLite keeps no nan."""
    cusum = Cusum(*numbers)
    for name in ("at", "usual_share", "begun_at"):
        if getattr(cusum, name) is None:
            setattr(cusum, name, math.nan)
    return cusum
