"""What a model is asked, and what it answers: tasks, labels, probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

POLARITIES: Final = ("negative", "neutral", "positive")
"""The labels of each task, in the order in which numbers stand for them."""

LABELS: Final = len(POLARITIES)

TASKS: Final = ("reputation", "sentiment")
"""What is asked of each text: its polarity for an entity's reputation, and its own mood."""

OTHER_LANGUAGE: Final = "other-language"
"""Stands for the label of a text in a language that the model does not read: it has none."""

Pair: TypeAlias = tuple[str, str | None]
"""Text, and the entity whose reputation is asked for, or None for the tweet as a whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says to one task."""

    label: str
    probabilities: dict[str, float]
    """Label to probability; they sum to 1. Empty if there is no label."""


Verdict: TypeAlias = Mapping[str, Answer]
"""Task to answer, for one text and entity."""

UNREAD: Final[Verdict] = {task: Answer(OTHER_LANGUAGE, {}) for task in TASKS}
"""Of a text in a language that the model does not read."""
