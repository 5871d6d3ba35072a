"""Imports answers from a file: all rows, or none and what is wrong with each."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, cast

from monitor.clock import utc
from monitor.labelling.files import FileError, FileRow
from monitor.labelling.sample import tweets_of
from monitor.store.owner_labels import ANSWERS, DRAWN, PROBABILITIES, Drawn, OwnerLabel, read
from monitor.tweets import NO_ENTITY
from monitor.verdict import Pair

_ELSEWHERE: Final = "sha256:"
_ROUNDED: Final = re.compile(r"\d[.,]\d+[eE]\+?\d+", re.ASCII)
"""A number as a spreadsheet writes one that it has rounded."""
_SAID: Final = 10
"""Problems that are told of a file."""


class RefusedError(Exception):
    """Rows are wrong, and nothing was taken; the message has a line for each of the first."""


@dataclass(slots=True)
class Taken:
    """What a file brings."""

    labels: list[OwnerLabel]
    """To be written."""
    empty: int = 0
    """Rows without a label."""
    known: int = 0
    """Answers that the log has already."""


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """What a model says of texts from elsewhere."""

    probabilities: Sequence[tuple[float, ...]]
    """As in `owner_labels.PROBABILITIES` [n, 6]."""
    model_sha256: str


def take(
    connection: sqlite3.Connection,
    rows: Iterable[FileRow],
    *,
    now: float,
    keep: Callable[[str], str | None],
    name: Callable[[str], str],
    ask: Callable[[Sequence[Pair]], ModelAnswers],
    replaces: bool,
) -> Taken:
    """Make answers of a file's rows.

    Args:
        connection: to the log.
        rows: of the file.
        now: seconds since the epoch: when answers without a date were given.
        keep: returns what may be kept of a text from elsewhere, None if nothing may.
        name: returns what may be kept of an entity's name.
        ask: asks the model; called once, if at all.
        replaces: whether an answer takes the place of another one in the log.

    Raises:
        RefusedError: a row is wrong; nothing is to be written.
    """
    found = Taken([])
    problems: list[str] = []
    stored = {(label.entity, label.tweet_id): label for label in read(connection)}
    lines: dict[tuple[str, str], tuple[int, OwnerLabel]] = {}
    texts: dict[tuple[str, str], Pair] = {}
    (newest,) = connection.execute("SELECT max(id) FROM batches").fetchone()
    try:
        for row in rows:
            if row.fields.get("label") in (None, ""):
                found.empty += 1
                continue
            try:
                label, text = _label(connection, row.fields, now, newest, keep, name)
            except FileError as error:
                problems.append(f"line {row.line}: {error}")
                continue
            key = label.entity, label.tweet_id
            line, before = lines.setdefault(key, (row.line, label))
            known = stored.get(key)
            if before.label != label.label:
                problems.append(
                    f"line {row.line}: {_whom(label)} is {label.label} here and {before.label} in"
                    f" line {line}"
                )
            elif known and known.label != label.label and not replaces:
                problems.append(
                    f"line {row.line}: {_whom(label)} is {label.label} here and {known.label} in"
                    f" the log, since {known.labelled_at[:16]}; --replace takes what is here"
                )
            elif text is not None:
                texts[key] = text
    except FileError as error:
        problems.append(str(error))
    if problems:
        more = f"\nand {len(problems) - _SAID:,} more" if len(problems) > _SAID else ""
        raise RefusedError("\n".join(problems[:_SAID]) + more)
    for key, (_, label) in lines.items():
        known = stored.get(key)
        if known and known.label == label.label:
            found.known += 1
            if label.drawn == "random" != known.drawn:
                found.labels.append(replace(known, drawn="random"))
        else:
            found.labels.append(label)
    _ask(found, texts, ask)
    return found


def _ask(
    found: Taken, texts: dict[tuple[str, str], Pair], ask: Callable[[Sequence[Pair]], ModelAnswers]
) -> None:
    """Have the model say what it thinks of texts that it has not seen."""
    places = [
        place for place, one in enumerate(found.labels) if (one.entity, one.tweet_id) in texts
    ]
    places = [place for place in places if not found.labels[place].model_sha256]
    if not places:
        return
    keys = [(found.labels[place].entity, found.labels[place].tweet_id) for place in places]
    said = ask([texts[key] for key in keys])
    for place, probabilities in zip(places, said.probabilities, strict=True):
        found.labels[place] = replace(
            found.labels[place], probabilities=probabilities, model_sha256=said.model_sha256
        )


def _label(
    connection: sqlite3.Connection,
    fields: dict[str, Any],
    now: float,
    newest: int | None,
    keep: Callable[[str], str | None],
    name: Callable[[str], str],
) -> tuple[OwnerLabel, Pair | None]:
    """Make an answer of a row, and return what the model has to be asked, if anything."""
    answer = _answer(fields["label"])
    id_, entity, text = (_text(fields, field) for field in ("id", "entity", "text"))
    drawn = _drawn(fields)
    at = _moment(fields, "labelled_at") or utc(now)
    if entity == NO_ENTITY:
        entity = ""
    if id_ is not None:
        entity = _entity_of(connection, id_, entity)
        if tweets := tweets_of(connection, entity or "", [id_]):
            return tweets[0].labelled(answer, drawn, at), None
    label = OwnerLabel(
        tweet_id=id_ or "",
        entity=entity or "",
        label=answer,
        drawn=drawn,
        labelled_at=at,
        received_at=_moment(fields, "received_at") or at,
        probabilities=(0.0,) * len(PROBABILITIES),
        model_sha256="",
        text=None,
        batch_id=newest,
    )
    if id_ is not None and (said := _probabilities(fields)):
        # Exported before the tweet was pruned, or by another board: that drew it from its own.
        kept = keep(text) if text is not None and id_.startswith(_ELSEWHERE) else None
        sha = _text(fields, "model_sha256")
        label = replace(label, probabilities=said, model_sha256=sha or "-", text=kept)
        return replace(label, drawn="found" if drawn == "random" else drawn), None
    if text is None:
        if id_ is None:
            raise FileError("neither an `id` nor a `text`")
        if _ROUNDED.fullmatch(id_):
            raise FileError(f"the id {id_} was rounded by a spreadsheet; open ids as text")
        about = f" about {entity}" if entity else ""
        raise FileError(f"there is no tweet {id_}{about} in the log, and no `text` of it here")
    if entity is None:
        raise FileError("a `text` from elsewhere, and no `entity` that it is about")
    kept = keep(text)
    if kept is None:
        raise FileError('no text is kept ([privacy] store_text = "none"); give the id of a tweet')
    entity = name(entity)
    digest = sha256(kept.encode()).hexdigest()[:32]
    # Nobody drew it from this log's tweets.
    label = replace(
        label, tweet_id=f"{_ELSEWHERE}{digest}", entity=entity, drawn="found", text=kept
    )
    return label, (text, entity or None)


def _whom(label: OwnerLabel) -> str:
    about = f" about {label.entity}" if label.entity else ""
    return f"tweet {label.tweet_id}{about}"


def _answer(value: object) -> str:
    spoken = re.sub(r"[\s_]+", "-", str(value).strip().casefold())
    if spoken not in ANSWERS:
        raise FileError(f"unknown label {str(value)!r:.60}; it is one of {', '.join(ANSWERS)}")
    return spoken


def _text(fields: dict[str, Any], field: str) -> str | None:
    value = fields.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and field == "id":
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise FileError(f"`{field}` is no text")
    if value is not None:
        value = value.encode(errors="replace").decode()  # half an emoji is no UTF-8
    return value.strip() if value is not None and field != "text" else value


def _drawn(fields: dict[str, Any]) -> Drawn:
    value = _text(fields, "drawn") or "found"
    if value not in DRAWN:
        raise FileError(f"`drawn` is {value!r:.60}; it is one of {', '.join(DRAWN)}")
    return value


def _moment(fields: dict[str, Any], field: str) -> str | None:
    value = _text(fields, field)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return utc(moment.timestamp())
    except (ValueError, OverflowError):
        raise FileError(f"`{field}` is {value!r:.60}, which is no time in ISO 8601") from None


def _probabilities(fields: dict[str, Any]) -> tuple[float, ...] | None:
    """Return what the model had said, if the row has it all."""
    given = [fields.get(name) for name in PROBABILITIES]
    if None in given:
        return None
    try:
        found = tuple(float(cast("float", value)) for value in given)
    except (TypeError, ValueError):
        raise FileError("a probability is no number") from None
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in found):
        raise FileError("a probability is not between 0 and 1")
    return found


def _entity_of(connection: sqlite3.Connection, id_: str, entity: str | None) -> str | None:
    """Return whom a tweet is about, where the row does not say it and the log knows but one."""
    if entity is not None:
        return entity
    names = [
        name
        for (name,) in connection.execute("SELECT entity FROM labels WHERE tweet_id = ?", (id_,))
    ]
    if len(names) > 1:
        listed = ", ".join(each or NO_ENTITY for each in sorted(names)[:5])
        raise FileError(f"tweet {id_} is about {listed}; say in `entity` which is meant")
    return names[0] if names else None
