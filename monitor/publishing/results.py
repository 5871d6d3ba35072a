"""A result: a stored label as one board tells it over MQTT, and as another one takes it in.

It holds what the log has of the tweet and its label, to the last digit, so that it can be stored
elsewhere as it is. docs/mqtt.md describes each key.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from monitor import clock
from monitor.clock import Moment, utc
from monitor.console import as_json
from monitor.store.rows import ModelRow, Origin, TweetRow
from monitor.tweets import MAX_NAME_CHARS, Reason, Rejection
from monitor.tweets.tweet import DATE, LANGUAGE
from monitor.verdict import POLARITIES, TASKS, Answer

_READ: Final = (
    "SELECT t.id, t.received_at, t.created_at, t.topic, t.author, t.lang, t.is_retweet, t.text,"
    " l.*, b.clock_synchronised, m.sha256, m.name, m.version, m.runtime, m.task"
    " FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id JOIN models AS m ON m.id = l.model_id"
    " LEFT JOIN batches AS b ON b.id = t.batch_id"
    " WHERE l.tweet_id = ? AND l.entity = ?"
)
_ANYTHING: Final = re.compile("[^\0\ud800-\udfff]+")
"""What SQLite's UTF-8 can hold."""
_NAME: Final = re.compile(rf"(?!\s)[^\0\ud800-\udfff]{{1,{MAX_NAME_CHARS}}}(?<!\s)")
"""Of an entity, a board or a model: as a message may name an entity (`tweet.decode`)."""
_TOPIC: Final = re.compile("[^\0\ud800-\udfff+#]{1,65535}")
"""MQTT 5.0, sections 1.5.4 and 4.7.1."""
_FIRST: Final = "2006-01-01T00:00:00.000Z"
"""The first tweet was sent in March of that year."""
_CLOCK_ZERO: Final = "1970-01-01T00:00:00.000Z"
"""Where the clock of a board without a battery begins."""
_LAST: Final = "2100-01-01T00:00:00.000Z"
_DAY_S: Final = 86_400.0
_SUM: Final = 0.01
"""How far probabilities may be from 1 in all: they come as the model gave them, not rounded."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
"""As `clock.utc` writes it."""
_PSEUDONYM: Final = re.compile("[0-9a-f]{32}")
_SHA256: Final = re.compile("[0-9a-f]{64}")


def write(connection: sqlite3.Connection, tweet_id: str, entity: str, board: str) -> str:
    """Write a label of the log as a result.

    Args:
        connection: to the log.
        tweet_id: of a tweet that is labelled there.
        entity: whose label; '' for that of the tweet as a whole.
        board: who tells it, its ``client_id``.

    Returns:
        JSON, in which all that would steer a terminal is escaped: people listen with
        ``mosquitto_sub``.
    """
    cursor = connection.execute(_READ, (tweet_id, entity))
    row = dict(zip((name for name, *_ in cursor.description), cursor.fetchone(), strict=True))
    return as_json(_laid_out(row, board))


def _laid_out(row: Mapping[str, Any], board: str) -> dict[str, Any]:
    task, clock = row["task"], row["clock_synchronised"]
    return {
        "id": row["id"],
        "entity": row["entity"] or None,
        "board": board,
        "received_at": row["received_at"],
        "clock_synchronised": clock if clock is None else bool(clock),
        "label": row["adapted"] or row[task],
        "adaptation": row["adaptation_id"],
        "abstained": bool(row[f"{task}_abstained"]),
        **{
            task: {
                "label": row[task],
                "probabilities": {p: row[f"{task}_{p}"] for p in POLARITIES},
                "abstained": bool(row[f"{task}_abstained"]),
            }
            for task in TASKS
        },
        "model": {key: row[key] for key in ("name", "version", "sha256", "runtime", "task")},
        "topic": row["topic"],
        "created_at": row["created_at"],
        "author": row["author"],
        "lang": row["lang"],
        "is_retweet": bool(row["is_retweet"]),
        "text": row["text"],
    }


def read(payload: bytes, *, max_bytes: int, now: Moment | None = None) -> TweetRow | Rejection:
    """Read a result as a row for the log, or say why it is none. No bytes make it raise.

    Every key that is stored must be there, in the form in which `write` writes it; what it is
    stored in may hold nothing else: an author who is no pseudonym is refused, for one. Other keys
    are ignored. Names are as short as a message may name an entity, probabilities add up to one.

    The board's time must be one that it can have been: no earlier than 2006, and no later than
    tomorrow by our clock. A board that says itself that its clock was wrong (`clock_synchronised`)
    may be as early as 1970, where clocks begin; while our own clock is not known to be right, it is
    no measure, and any time before 2100 will do.

    Args:
        payload: what the broker delivered.
        max_bytes: the largest payload that is looked into.
        now: our clock; None to have it read.
    """
    if len(payload) > max_bytes:
        return Rejection(Reason.TOO_LARGE, f"The payload is larger than {max_bytes} bytes.")
    try:
        message = json.loads(payload.decode())
    except (ValueError, RecursionError):
        return Rejection(Reason.BAD_RESULT, "It is not JSON.")
    try:
        return _row(_Table(message), now or clock.now())
    except _BadError as error:
        return Rejection(Reason.BAD_RESULT, str(error))


class _BadError(Exception):
    """What is read is no result; the message says why, without anything that it says."""


class _Table:
    """A JSON object, whose values are what they should be or raise `_BadError`."""

    def __init__(self, value: object, name: str = "") -> None:
        if not isinstance(value, dict):
            raise _BadError(f'"{name}" is not an object.' if name else "It is not a JSON object.")
        self._values: dict[str, Any] = value
        self._within = f"{name}." if name else ""

    def value(self, key: str) -> Any:  # noqa: ANN401  (what JSON holds is known after looking)
        if key not in self._values:
            raise _BadError(
                f'It has no "{self._within}{key}": no result, or one of an older version.'
            )
        return self._values[key]

    def optional(self, key: str) -> Any:  # noqa: ANN401  (as above)
        return self._values.get(key)

    def table(self, key: str) -> _Table:
        return _Table(self.value(key), self._within + key)

    def flag(self, key: str) -> bool:
        value = self.value(key)
        if not isinstance(value, bool):
            raise self._wrong(key)
        return value

    def string(self, key: str, form: re.Pattern[str]) -> str:
        value = self.value(key)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise self._wrong(key)
        return value

    def string_or_null(self, key: str, form: re.Pattern[str]) -> str | None:
        return None if self.value(key) is None else self.string(key, form)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.value(key)
        if value not in choices:
            raise self._wrong(key)
        return str(value)

    def moment(self, key: str, first: str, last: str) -> str:
        """Take a time that is written as the log writes it, and lies between two others."""
        value = self.string(key, _MOMENT)
        try:
            datetime.fromisoformat(value)
        except ValueError:  # as of a 30th of February
            raise self._wrong(key) from None
        if not first <= value <= last:
            raise _BadError(f'"{self._within}{key}" is a time that cannot be: is a clock wrong?')
        return value

    def probabilities(self, key: str, label: str) -> dict[str, float]:
        """Take the probabilities of labels, null where the model does not know one."""
        table = self.table(key)
        found = {p: table.value(p) for p in POLARITIES}
        known = {p: float(v) for p, v in found.items() if type(v) in (int, float) and 0 <= v <= 1}
        if (
            label not in known
            or any(found[p] is not None for p in POLARITIES if p not in known)
            or abs(sum(known.values()) - 1) > _SUM
        ):
            raise self._wrong(key)
        return known

    def identifier(self, key: str) -> str:
        """Take an id such as a message may have: it is shown, and looked for."""
        value = self.string(key, _ANYTHING)
        if len(value) > MAX_NAME_CHARS or not value.isprintable() or "\ufffd" in value:
            raise self._wrong(key)
        return value

    def _wrong(self, key: str) -> _BadError:
        return _BadError(f'"{self._within}{key}" is not what a result has there.')


def _row(result: _Table, now: Moment) -> TweetRow:
    told_wrong = result.optional("clock_synchronised") is False
    tasks = {task: result.table(task) for task in TASKS}
    model = result.table("model")
    return TweetRow(
        id=result.identifier("id"),
        received_at=result.moment(
            "received_at",
            _CLOCK_ZERO if told_wrong else _FIRST,
            utc(now.epoch_s + _DAY_S) if now.synchronised else _LAST,
        ),
        created_at=result.string_or_null("created_at", DATE),
        topic=result.string("topic", _TOPIC),
        author=result.string_or_null("author", _PSEUDONYM),
        lang=result.string_or_null("lang", LANGUAGE),
        is_retweet=result.flag("is_retweet"),
        text=result.string_or_null("text", _ANYTHING),
        verdicts=[
            (
                result.string_or_null("entity", _NAME) or "",
                {task: _answer(table) for task, table in tasks.items()},
            )
        ],
        origin=Origin(
            result.string("board", _NAME),
            ModelRow(
                sha256=model.string("sha256", _SHA256),
                name=model.string("name", _NAME),
                version=model.string("version", _NAME),
                runtime=model.string("runtime", _NAME),
                task=model.choice("task", TASKS),
            ),
            {task: table.flag("abstained") for task, table in tasks.items()},
        ),
    )


def _answer(table: _Table) -> Answer:
    label = table.choice("label", POLARITIES)
    return Answer(label, table.probabilities("probabilities", label))
