"""Answers as columns, for tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.archive.jsonlines import DIGITS
from monitor.verdict import LABELS, Verdict


def added(tasks: Mapping[str, tuple[str, ...]], task: str) -> dict[str, type[str | float]]:
    """Name the columns that are added, and say what they hold: labels, probabilities.

    Args:
        tasks: of the model, each with its labels.
        task: whose answer comes first, as ``label``; the others' stand under their names.
    """
    kinds: dict[str, type[str | float]] = {}
    for name in _order(tasks, task):
        kinds["label" if name == task else name] = str
        kinds |= {f"{name}_{label}": float for label in tasks[name]}
    return kinds


def values(verdict: Verdict, task: str) -> Iterator[str | float | None]:
    """Give what stands in those columns; no probabilities where there is no label (`UNREAD`)."""
    for name in _order(verdict, task):
        answer = verdict[name]
        yield answer.label
        if not answer.probabilities:
            yield from [None] * LABELS
        for probability in answer.probabilities.values():
            yield round(probability, DIGITS)


def _order(tasks: Iterable[str], task: str) -> list[str]:
    return sorted(tasks, key=lambda name: name != task)
