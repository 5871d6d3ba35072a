"""RepLab's own protocol: the same entities in training and test, hence a fit for each of them.

A model that has learnt from those training tweets is surer and more often right about them than it
will be about others, and such a fit takes that for granted (docs/training.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.adaptation.fit import fit
from monitor.adaptation.fitted import AS_IT_IS, CLASSES, Fitted, log_probabilities
from monitor.lab.data import NO_LABEL, class_of, read_rows
from monitor.lab.evaluation.judge import Answers, Judgement
from monitor.lab.metrics import Floats
from monitor.verdict import POLARITIES, TASKS, Verdict

Fits: TypeAlias = Mapping[str, Fitted]
"""By entity."""

CALIBRATED_ON: Final = {"replab2013_test": "replab2013_train"}
"""Test sets whose protocol is to learn from tweets of the same entities, with the file of those."""


@dataclass(frozen=True)
class Calibrated:
    """How the head for reputation does on a file, with a fit for each entity it has labels of."""

    source: str
    """Name of the file that the fits are from."""
    tweets: int
    """Of that file, labelled and about these entities."""
    entities: int
    """That have a fit."""
    among: int
    """Entities of the file; of those without a fit the model's answers stand."""
    judgement: Judgement
    """Of all tweets of the file."""


def training_rows(data: Path, name: str, entities: Collection[str]) -> list[dict[str, Any]]:
    """Return the labelled rows in the folder ``data`` that a test set's entities learn from.

    Args:
        data: has the files of docs/training.md.
        name: of the test set; of others than those of `CALIBRATED_ON` there is none.
        entities: whom it is about.

    Raises:
        TrainingError: the file of them is broken.
    """
    source = CALIBRATED_ON.get(name, "")
    if not (data / f"{source}.jsonl.gz").is_file():
        return []
    return [
        row
        for row in read_rows(data, source)
        if class_of(row) != NO_LABEL and row.get("entity") in entities
    ]


def features_of(verdicts: Iterable[Verdict]) -> Floats:
    """Return the log-probabilities of both tasks, as a fit takes them [tweets, 6]."""
    found = [
        [verdict[task].probabilities[label] for task in TASKS for label in POLARITIES]
        for verdict in verdicts
    ]
    return log_probabilities(np.array(found).reshape(-1, CLASSES * len(TASKS)))


def rows_by_entity(entities: Sequence[str | None]) -> dict[str, NDArray[np.intp]]:
    """Return the places of each entity's tweets, in their order; those about none are left out."""
    places: dict[str, list[int]] = {}
    for place, entity in enumerate(entities):
        if entity is not None:
            places.setdefault(entity, []).append(place)
    return {entity: np.array(places[entity], np.intp) for entity in sorted(places)}


def fits_of(answers: Answers, features: Floats) -> Fits:
    """Fit each entity to the labels of its tweets; ``features`` are of these tweets [tweets, 6]."""
    labels = np.asarray(answers.truth, np.intp)
    return {
        entity: fit(features[rows], labels[rows])
        for entity, rows in rows_by_entity(answers.entities).items()
    }


def adapted(answers: Answers, features: Floats, fits: Fits) -> Answers:
    """Return what is answered to the tweets of ``answers`` by their entities' fits.

    Args:
        answers: the model's own.
        features: of the same tweets [tweets, 6].
        fits: of whichever entities have one.
    """
    probabilities = AS_IT_IS.apply(features)
    for entity, rows in rows_by_entity(answers.entities).items():
        if entity in fits:
            probabilities[rows] = fits[entity].apply(features[rows])
    return replace(
        answers,
        answers=probabilities.argmax(axis=1).tolist(),
        confidence=probabilities.max(axis=1).tolist(),
    )
