"""What is asked about every row of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.archive.rows import ENTITY, TEXT, WHOLE_TEXTS
from monitor.inference import Classifier
from monitor.tweets import Entity
from monitor.verdict import Pair, Verdict

MICRO_BATCH = 64
"""Rows that one interpreter labels together, counted from a file's beginning.

In int8 a probability's last digits depend on the company that a tweet is labelled in. So that
they are the same however many workers there are, the company is fixed.
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are asked about, and for what."""

    task: str
    """The task whose answer is the label: ``reputation`` or ``sentiment``."""
    entity: str | None = None
    """Asked about where a row names none."""
    text_column: str = TEXT
    entity_column: str = ENTITY
    entities: tuple[Entity, ...] = ()
    """Those configured, of which a model that reads marks is told (`monitor.inference.asking`)."""
    every_language: bool = False
    """Whether texts are labelled that are in languages which the model does not read."""

    @property
    def whole_texts(self) -> tuple[str, ...]:
        """Other columns that hold a text, if no column was named for it."""
        return WHOLE_TEXTS if self.text_column == TEXT else ()


def ask(pairs: Sequence[Pair | None], classifier: Classifier) -> list[Verdict | None]:
    """Label rows in micro-batches.

    Args:
        pairs: from the beginning of a micro-batch; None for a row that cannot be labelled, which
            keeps its place.
        classifier: asked for all micro-batches at once.

    Returns:
        As many verdicts, None where there was no pair.
    """
    futures = [
        classifier.submit([pair for pair in pairs[start : start + MICRO_BATCH] if pair])
        for start in range(0, len(pairs), MICRO_BATCH)
    ]
    verdicts = (verdict for future in futures for verdict in future.result())
    return [next(verdicts) if pair else None for pair in pairs]
