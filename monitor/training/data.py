"""Rows of gzipped JSON lines -> examples to learn from."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.model import POLARITIES
from monitor.training.errors import TrainingError

NO_LABEL = -100
"""Class index of an example without a label for a task (what PyTorch's losses ignore)."""


@dataclass(frozen=True, slots=True)
class Example:
    """One tweet, with or without an entity and labels.

    ``reputation`` and ``sentiment`` are indices into `POLARITIES`, or `NO_LABEL`.
    """

    text: str
    entity: str | None = None
    reputation: int = NO_LABEL
    sentiment: int = NO_LABEL


def read_rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``data/name.jsonl.gz`` in file order.

    Raises:
        TrainingError: there is no such file, or a line of it is not a JSON object with a text.
    """
    path = data / f"{name}.jsonl.gz"
    if not path.is_file():
        raise TrainingError(f"no data file {path} (DATA is the folder with the *.jsonl.gz files)")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise TrainingError(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise TrainingError(f"{path}, line {number}: not an object with a text")
            yield row


def class_of(row: dict[str, Any]) -> int:
    """Return the index of a row's label in `POLARITIES`; `NO_LABEL` where it has none."""
    label = row.get("label")
    return NO_LABEL if label is None else POLARITIES.index(label)


def labelled(data: Path) -> list[Example]:
    """Return the examples with a label: SemEval 2013-2017 4A for sentiment, RepLab 2013.

    SemEval's 2014 test split is left out, as TweetEval leaves it out of its training set.
    """
    sentiment = [
        Example(row["text"], row.get("entity"), sentiment=class_of(row))
        for row in read_rows(data, "semeval_A_train")
        if row.get("split") != "2014test"
    ]
    reputation = [
        Example(row["text"], row.get("entity"), reputation=class_of(row))
        for row in read_rows(data, "replab2013_train")
    ]
    return sentiment + reputation


def unlabelled(data: Path) -> list[Example]:
    """Return tweets to distil on, none of them with a label for either task.

    Besides tweets that have no label, tweets whose label is of another kind (sentiment toward a
    brand or a person): their text and entity are of use, and the teacher answers for them.
    RepLab's unrelated tweets of the *test* entities stay out: nothing near a test set is trained
    on, even without its labels.
    """
    return [
        Example(row["text"], row.get("entity"))
        for name in (
            "unlabelled",
            "replab2013_unrelated",
            "dong2014_target",
            "twitter_entity_train",
            "cf_brands",
            "cf_selfdriving",
        )
        for row in read_rows(data, name)
        if not (name == "replab2013_unrelated" and row.get("split") == "test")
    ]


def hold_out(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """Split ``examples`` into those to learn from and a random ``share`` (0-1) to measure on."""
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)  # noqa: S311 (shuffles tweets, guards nothing)
    kept_back = set(order[: round(share * len(order))])
    return (
        [example for i, example in enumerate(examples) if i not in kept_back],
        [example for i, example in enumerate(examples) if i in kept_back],
    )
