"""JSON lines in, JSON lines out, for `monitor classify`."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, TypeAlias

from monitor.classifier import Classifier, Pair

Row: TypeAlias = dict[str, Any]


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode()


class BadLineError(Exception):
    """A line cannot be labelled; the message names it and says why."""


def read(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Parse a stream of JSON lines, skipping blank ones.

    Raises:
        BadLineError: at a line that is not an object with a ``text``.
    """
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadLineError(f"{name}, line {number}: not JSON: {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise BadLineError(f"{name}, line {number}: not an object with a `text`")
        if not isinstance(row.get("entity"), str | None):
            raise BadLineError(f"{name}, line {number}: `entity` is not a string")
        yield row


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
                yield _storable(row["text"]), _storable(row.get("entity") or entity or "") or None
        except BadLineError as error:  # after what came before it
            failure.append(error)

    for verdict in classifier.stream(pairs()):
        row = waiting.popleft()
        for name, answer in verdict.items():
            fields = {
                "label": answer.label,
                "probabilities": {k: round(p, 4) for k, p in answer.probabilities.items()},
            }
            row.update(fields if name == task else {name: fields})
        line = json.dumps(row, ensure_ascii=False)
        yield line if _storable(line) == line else json.dumps(row)
    if failure:
        raise failure[0]
