"""Labelled and unlabelled tweets in files -> examples to learn from and to measure on."""

import csv
import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO, cast

from monitor.lab.errors import TrainingError
from monitor.verdict import POLARITIES

NO_LABEL = -100
"""Class index of an example without a label for a task (what PyTorch's losses ignore)."""

HELD_OUT = 0.08
"""Share (0-1) of RepLab and of an owner's own tweets that is measured on, not learnt from."""


@dataclass(frozen=True, slots=True)
class Example:
    """One tweet, with or without an entity and labels.

    ``reputation`` and ``sentiment`` are indices into `POLARITIES`, or `NO_LABEL`.
    """

    text: str
    entity: str | None = None
    reputation: int = NO_LABEL
    sentiment: int = NO_LABEL


@dataclass(frozen=True)
class TweetSplit:
    """What a run learns from and what it is measured on.

    ``replab`` are tweets labelled by RepLab's definition (or by an owner, for an entity),
    ``targeted`` tweets labelled for sentiment toward an entity, ``general`` tweets labelled as a
    whole (some of them toward an entity too), ``unlabelled`` the rest. ``dev`` are tweets held
    out, by the name of what they show.
    """

    replab: list[Example] = field(default_factory=list)
    targeted: list[Example] = field(default_factory=list)
    general: list[Example] = field(default_factory=list)
    unlabelled: list[Example] = field(default_factory=list)
    dev: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))

    def texts(self) -> list[str]:
        """Return each text that may be learnt from once, in an order that is always the same."""
        kinds = (self.replab, self.targeted, self.general, self.unlabelled)
        return sorted({example.text for kind in kinds for example in kind})

    def sizes(self) -> dict[str, int]:
        """Return how many examples there are of each kind."""
        kinds = ("replab", "targeted", "general", "unlabelled")
        sizes = {kind: len(getattr(self, kind)) for kind in kinds}
        return sizes | {f"dev_{name}": len(examples) for name, examples in self.dev.items()}


def open_text(path: Path) -> TextIO:
    """Open a text file, gzipped or not, as its name says."""
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of JSON lines or CSV (with a header), gzipped or not.

    A row has ``text``, and may have ``id``, ``label`` (one of `POLARITIES`, or nothing) and
    ``entity``.

    Raises:
        TrainingError: the file or a line of it, named with its number, is not of this form.
    """
    try:
        with open_text(path) as lines:
            parse = csv_rows if ".csv" in path.suffixes else json_rows
            for number, row in parse(path, lines):
                yield checked(row, f"{path}, line {number}")
    except FileNotFoundError as error:
        raise TrainingError(f"no data file {path}") from error
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"cannot read {path}: {error}") from error


def csv_rows(path: Path, lines: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of the line and the fields of each row; an empty field is null."""
    reader = csv.DictReader(lines, strict=True)
    if "text" not in (reader.fieldnames or ()):
        raise TrainingError(f"{path}, line 1: the header names no column text")
    for row in reader:
        if None in row:
            raise TrainingError(f"{path}, line {reader.line_num}: more fields than the header has")
        yield reader.line_num, {name: value or None for name, value in row.items()}


def json_rows(path: Path, lines: TextIO) -> Iterator[tuple[int, object]]:
    """Yield the number of the line and what is on it."""
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise TrainingError(f"{path}, line {number}: not JSON ({error})") from error
        yield number, row


def checked(row: object, where: str) -> dict[str, Any]:
    """Return ``row`` if it has the form that `rows_of` tells of; ``where`` is for the error."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise TrainingError(f"{where}: not an object with a text")
    for name in ("label", "topic_label"):
        if row.get(name) is not None and row[name] not in POLARITIES:
            raise TrainingError(
                f"{where}: {name} is {row[name]!r}, must be one of {', '.join(POLARITIES)}"
            )
    if not isinstance(row.get("entity"), str | None):
        raise TrainingError(f"{where}: entity is {row['entity']!r}, must be text or null")
    return row


def read_rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``data/name.jsonl.gz`` in file order.

    Raises:
        TrainingError: there is no such file, or a line of it is not as `rows_of` says.
    """
    return rows_of(data / f"{name}.jsonl.gz")


def class_of(row: dict[str, Any], name: str = "label") -> int:
    """Return the index of a row's label in `POLARITIES`; `NO_LABEL` where it has none."""
    label = row.get(name)
    return NO_LABEL if label is None else POLARITIES.index(label)


def read(sources: Sequence[Path], leave_out: Collection[str] = ()) -> TweetSplit:
    """Return the tweets of ``sources``: folders with the files of docs/training.md, or own files.

    RepLab's entities and domains in ``leave_out`` are not learnt from: their held-out tweets are
    ``dev["left_out"]``, the others' ``dev["replab"]``.

    Raises:
        TrainingError: a file is broken, or there is nothing to learn from.
    """
    tweets = TweetSplit()
    for source in sources:
        if source.is_dir():
            read_collection(source, tweets, leave_out)
        else:
            read_own(source, tweets)
    if not (tweets.replab or tweets.targeted or tweets.general):
        names = ", ".join(str(source) for source in sources)
        raise TrainingError(
            f"no labelled tweet in {names}: DATA is a folder with the files that docs/training.md "
            "names, or a file of your own (CSV or JSON lines with text, label, entity)"
        )
    if not tweets.general:
        # Nothing teaches sentiment: better the same answer twice than one at random.
        same = [replace(each, sentiment=each.reputation) for each in tweets.replab]
        tweets.replab[:] = same
    return tweets


def read_own(path: Path, tweets: TweetSplit) -> None:
    """Add an owner's file: with an entity a label is of reputation, without of sentiment."""
    known: list[Example] = []
    for row in rows_of(path):
        example = Example(row["text"], row.get("entity"))
        if class_of(row) == NO_LABEL:
            tweets.unlabelled.append(example)
        elif example.entity is None:
            known.append(replace(example, sentiment=class_of(row)))
        else:
            known.append(replace(example, reputation=class_of(row)))
    learn, dev = hold_out(known, HELD_OUT, seed=0)
    tweets.replab.extend(example for example in learn if example.entity is not None)
    tweets.general.extend(example for example in learn if example.entity is None)
    tweets.dev[path.name.split(".")[0]].extend(dev)


def read_collection(data: Path, tweets: TweetSplit, leave_out: Collection[str]) -> None:
    """Add the files in the folder ``data``, those of them that are there.

    SemEval's 2014 test split is left out, as TweetEval leaves it out of its training set.
    RepLab's unrelated tweets of the *test* entities stay out: nothing near a test set is trained
    on, even without its labels.
    """

    def rows(name: str) -> Iterator[dict[str, Any]]:
        return read_rows(data, name) if (data / f"{name}.jsonl.gz").is_file() else iter(())

    def left_out(row: dict[str, Any]) -> bool:
        return row.get("entity") in leave_out or row.get("domain") in leave_out

    learn, dev = latest_apart(list(rows("replab2013_train")), HELD_OUT)
    tweets.replab.extend(toward_entity(row) for row in learn if not left_out(row))
    for row in dev:
        tweets.dev["left_out" if left_out(row) else "replab"].append(toward_entity(row))
    for row in rows("semeval_A_train"):
        if row.get("split") != "2014test":
            toward_topic = class_of(row, "topic_label")
            tweets.general.append(
                Example(row["text"], row.get("entity"), toward_topic, class_of(row))
            )
    for row in rows("kaggle_tse"):
        tweets.general.append(Example(row["text"], sentiment=class_of(row)))
    for name in ("dong2014_target", "twitter_entity_train", "cf_brands", "cf_selfdriving"):
        for row in rows(name):
            if row.get("entity") is None:
                tweets.unlabelled.append(Example(row["text"]))
            else:
                tweets.targeted.append(toward_entity(row))
    for name in ("unlabelled", "replab2013_unrelated"):
        for row in rows(name):
            if not (name == "replab2013_unrelated" and row.get("split") == "test"):
                tweets.unlabelled.append(Example(row["text"], row.get("entity")))
    for row in rows("tweeteval_sentiment_val"):
        tweets.dev["sentiment"].append(Example(row["text"], sentiment=class_of(row)))
    for row in rows("twitter_entity_val"):
        tweets.dev["targeted"].append(toward_entity(row))


def toward_entity(row: dict[str, Any]) -> Example:
    """Return a row with its label as one of reputation."""
    return Example(row["text"], row.get("entity"), reputation=class_of(row))


def latest_apart(
    rows: Sequence[dict[str, Any]], share: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split off the latest ``share`` of each entity's tweets, as RepLab split off its test.

    A monitor labels tweets that come after those it has learnt from. Twitter's ids grow with
    time. Of the tweets split off, those that only repeat one that is learnt from (retweets, shared
    headlines) are left out altogether.
    """
    by_entity: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_entity[str(row.get("entity"))].append(row)
    learn: list[dict[str, Any]] = []
    late: list[dict[str, Any]] = []
    for of_entity in by_entity.values():
        of_entity.sort(key=tweeted)
        first = len(of_entity) - round(share * len(of_entity))
        learn += of_entity[:first]
        late += of_entity[first:]
    seen = {gist(row["text"]) for row in learn}
    return learn, [row for row in late if gist(row["text"]) not in seen]


def tweeted(row: dict[str, Any]) -> int:
    """Return the number at the end of a row's id, which grows with time; 0 where there is none."""
    found = re.search(r"\d+$", str(row.get("id")))
    return int(found[0]) if found else 0


def gist(text: str) -> str:
    """Return what near-duplicates share: the first letters and digits, without links and names."""
    return re.sub(r"https?://\S+|@\w+|\brt\b|[^a-z0-9]", "", text.lower())[:50]


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
