"""Answers outlive a change of the model: the new one is asked about the texts that are kept.

Answers whose texts are gone stay beside what the old model had said, and correct and adapt its
labels only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from monitor.labelling.taking import ModelAnswers
from monitor.store.owner_labels import OwnerLabel, read
from monitor.verdict import Pair


def of_others(
    connection: sqlite3.Connection, entity: str | None, sha256: str
) -> list[tuple[OwnerLabel, str | None]]:
    """Read the answers that were given beside another model's probabilities, with their texts.

    Args:
        connection: to the log.
        entity: whose; None for all.
        sha256: of the model that they are not of.
    """
    texts: dict[str, str | None] = {}
    found = [label for label in read(connection, entity) if label.model_sha256 != sha256]
    for label in found:
        row = connection.execute(
            "SELECT text FROM tweets WHERE id = ?", (label.tweet_id,)
        ).fetchone()
        texts[label.tweet_id] = row[0] if row else None
    return [(label, label.text or texts[label.tweet_id]) for label in found]


def asked_again(
    others: Sequence[tuple[OwnerLabel, str | None]], ask: Callable[[Sequence[Pair]], ModelAnswers]
) -> list[OwnerLabel]:
    """Return those of which a text is kept, beside what another model says of it.

    Args:
        others: as `of_others` gave them.
        ask: asks the model; called once, if there is anything to ask.
    """
    kept = [(label, text) for label, text in others if text]
    if not kept:
        return []
    said = ask([(text, label.entity or None) for label, text in kept])
    return [
        replace(label, probabilities=probabilities, model_sha256=said.model_sha256)
        for (label, _), probabilities in zip(kept, said.probabilities, strict=True)
    ]
