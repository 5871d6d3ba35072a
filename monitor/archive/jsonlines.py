"""JSON lines in, JSON lines out, for `monitor classify`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from monitor.archive.rows import ENTITY, TEXT, AskedRow, BadRowError, Row, asked
from monitor.console import as_json
from monitor.inference import Classifier
from monitor.tweets.encodings import utf8
from monitor.tweets.rejection import RejectedError
from monitor.tweets.wrapping import opened
from monitor.verdict import Pair, Verdict

DIGITS = 4
"""Of a probability; more would only be noise."""


def storable(text: str) -> str:
    """Replace what no UTF-8 can hold, such as half an emoji."""
    return text.encode(errors="replace").decode()


def read(stream: BinaryIO, name: str) -> Iterator[AskedRow]:
    """Parse a stream of JSON lines, skipping blank ones.

    Raises:
        BadRowError: at a line that is no object with a tweet; the message names it.
    """
    for number, line in enumerate(utf8(stream), 1):
        if line.isspace():
            continue
        try:
            yield parse(line)
        except BadRowError as error:
            raise BadRowError(f"{name}, line {number}: {error}") from error


def arguments(texts: Iterable[str]) -> Iterator[AskedRow]:
    """Take texts from a command line.

    Raises:
        BadRowError: at one that is blank; the message names it.
    """
    for number, text in enumerate(texts, 1):
        try:
            yield asked({TEXT: text})
        except BadRowError as error:
            raise BadRowError(f"argument {number}: {error}") from error


def parse(line: bytes, text: str = TEXT, entity: str = ENTITY) -> AskedRow:
    """Parse one line.

    Args:
        line: JSON.
        text: the field that holds the text.
        entity: the field that may name an entity.

    Raises:
        BadRowError: if it is no object with a tweet.
    """
    try:
        row = opened(line)
    except RejectedError as error:
        raise BadRowError(error.detail) from error
    if not isinstance(row, dict):
        raise BadRowError(f'not JSON of the form {{"{text}": "..."}}')
    return asked(row, text, entity)


def pair(one: AskedRow, default: str | None) -> Pair:
    """Return what the model is asked.

    Args:
        one: the row.
        default: the entity that is asked about where the row names none.
    """
    return one.text, storable(one.entity or default or "") or None


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
    rows: Iterable[AskedRow], classifier: Classifier, task: str, entity: str | None
) -> Iterator[str]:
    """Label rows in order, in bounded memory.

    Args:
        rows: each with its text, and perhaps an entity.
        classifier: read ahead by a few batches.
        task: whose answer is ``label`` and ``probabilities``; other tasks stand under their names.
        entity: asked about where a row names none.

    Yields:
        A row as JSON, its own fields first.

    Raises:
        BadRowError: as the rows raise it, once everything before it has been yielded.
    """
    waiting: deque[Row] = deque()
    failure: list[BadRowError] = []

    def pairs() -> Iterator[Pair]:
        try:
            for row in rows:
                waiting.append(row.row)
                yield pair(row, entity)
        except BadRowError as error:  # after what came before it
            failure.append(error)

    for verdict in classifier.stream(pairs()):
        yield answered(waiting.popleft(), verdict, task)
    if failure:
        raise failure[0]
