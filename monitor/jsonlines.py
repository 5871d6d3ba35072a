"""JSON lines in, JSON lines out, for `monitor classify`."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TypeAlias

from monitor.classifier import Classifier
from monitor.terminal import as_json
from monitor.verdict import Pair, Verdict

Row: TypeAlias = dict[str, Any]

DIGITS = 4
"""Of a probability; more would only be noise."""


def storable(text: str) -> str:
    """Replace what no UTF-8 can hold, such as half an emoji."""
    return text.encode(errors="replace").decode()


class BadLineError(Exception):
    """A line cannot be labelled; the message says why."""


def read(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Parse a stream of JSON lines, skipping blank ones.

    Raises:
        BadLineError: at a line that is not an object with a ``text``; the message names it.
    """
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        try:
            yield parse(line)
        except BadLineError as error:
            raise BadLineError(f"{name}, line {number}: {error}") from error


def parse(line: bytes, text: str = "text", entity: str = "entity") -> Row:
    """Parse one line.

    Args:
        line: JSON.
        text: the field that holds the text.
        entity: the field that may name an entity.

    Raises:
        BadLineError: if it is not an object with a text.
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"not JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get(text), str):
        raise BadLineError(f"not an object with a `{text}`")
    if not isinstance(row.get(entity), str | None):
        raise BadLineError(f"`{entity}` is not a string")
    return row


def pair(text: str, own: str | None, default: str | None) -> Pair:
    """Return what the model is asked.

    Args:
        text: of the tweet.
        own: the entity that the row names, if it does.
        default: asked about where it names none.
    """
    return storable(text), storable(own or default or "") or None


def answered(row: Row, verdict: Verdict, task: str) -> str:
    """Return a row with its answers as JSON, its own fields first.

    Args:
        row: gains ``label`` and ``probabilities``, and the other tasks' answers under their names.
        verdict: the answers.
        task: whose answer is the label.
    """
    for name, answer in verdict.items():
        fields = {
            "label": answer.label,
            "probabilities": {k: round(p, DIGITS) for k, p in answer.probabilities.items()},
        }
        row.update(fields if name == task else {name: fields})
    return as_json(row)


def labelled(
    rows: Iterable[Row], classifier: Classifier, task: str, entity: str | None
) -> Iterator[str]:
    """Label rows in order, in bounded memory.

    Args:
        rows: each with ``text`` and perhaps ``entity``.
        classifier: read ahead by a few batches.
        task: whose answer is ``label`` and ``probabilities``; other tasks stand under their names.
        entity: asked about where a row names none.

    Yields:
        A row as JSON, its own fields first.

    Raises:
        BadLineError: as the rows raise it, once everything before it has been yielded.
    """
    waiting: deque[Row] = deque()
    failure: list[BadLineError] = []

    def pairs() -> Iterator[Pair]:
        try:
            for row in rows:
                waiting.append(row)
                yield pair(row["text"], row.get("entity"), entity)
        except BadLineError as error:  # after what came before it
            failure.append(error)

    for verdict in classifier.stream(pairs()):
        yield answered(waiting.popleft(), verdict, task)
    if failure:
        raise failure[0]
