"""What the daemon would answer to labelled tweets, and how good that is.

Runs on what a board has: neither PyTorch nor TensorFlow.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from monitor.inference import Classifier, Model
from monitor.lab.data import NO_LABEL, class_of, read_rows, rows_of
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation import footprint
from monitor.lab.evaluation.footprint import ClassifierSpeed
from monitor.lab.evaluation.judge import Answers, Judgement, judge
from monitor.lab.evaluation.marked import marked
from monitor.lab.evaluation.owner import Gain, gains
from monitor.lab.evaluation.per_entity import (
    CALIBRATED_ON,
    Calibrated,
    adapted,
    features_of,
    fits_of,
    training_rows,
)
from monitor.lab.intervals import RESAMPLES
from monitor.tweets import Entity
from monitor.verdict import POLARITIES, TASKS, Pair, Verdict

TEST_SETS = {
    "tweeteval_sentiment_test": "sentiment",
    "replab2013_test": "reputation",
    "s140_manual_test": "sentiment",
    "sts_gold": "sentiment",
}
"""Files that are scored unless others are named, with the task that their labels are of."""

TOWARD_ENTITY = ("replab", "dong2014", "twitter_entity", "cf_")
"""Files whose name starts so hold labels toward an entity, which the reputation head is for."""


@dataclass(frozen=True)
class LabelledSet:
    """Labelled rows, and the task that their labels are of.

    ``training`` are labelled rows of another file, which the entities' fits are from.
    """

    name: str
    task: str
    rows: Sequence[dict[str, Any]]
    training: Sequence[dict[str, Any]] = ()

    def pairs(self, *, with_entity: bool = True) -> list[Pair]:
        """Text and entity of each row; without, as if no entity were named."""
        return pairs_of(self.rows, with_entity=with_entity)

    @property
    def entities(self) -> set[str]:
        """The entities that the labels are about."""
        return {row["entity"] for row in self.rows if row.get("entity") is not None}


@dataclass(frozen=True)
class Evaluation:
    """One file's judgements.

    ``task`` is that of its labels; ``heads`` has every task, since another head may be asked the
    same. ``seconds`` is the wall time from texts to labels. ``calibrated`` is the head for
    reputation by per-entity calibration on RepLab's training tweets, where they are there;
    ``gains`` are what labels of an owner are worth, where that was asked.
    """

    name: str
    task: str
    heads: dict[str, Judgement]
    seconds: float
    calibrated: Calibrated | None = None
    gains: Sequence[Gain] = ()

    @property
    def own(self) -> Judgement:
        """Of the head for the task that the labels are of."""
        return self.heads[self.task]


@dataclass(frozen=True)
class Results:
    """All that was found out about a model; ``sizes`` are bytes by file name."""

    model: Model
    sizes: dict[str, int]
    speed: ClassifierSpeed
    files: Sequence[Evaluation]
    resamples: int
    seed: int
    with_entity: bool = True


def task_of(name: str) -> str:
    """Return the task that the labels of the data folder's file ``name`` are of."""
    return TEST_SETS.get(name, "reputation" if name.startswith(TOWARD_ENTITY) else "sentiment")


def labelled_sets(data: Path, names: Sequence[str] = ()) -> list[LabelledSet]:
    """Return what is to be scored.

    Args:
        data: a folder with the files of docs/training.md, or a file of one's own.
        names: of files in the folder, or paths of one's own files; none for those of `TEST_SETS`
            that are there.

    Raises:
        TrainingError: a file is missing or broken, or has no labelled row; there is none, or two
            have one name.
    """
    found: list[LabelledSet] = []
    if not data.is_dir():
        found += [one for path in (data, *map(Path, names)) for one in own_sets(path)]
    else:
        for name in names or present(data):
            path = data / f"{name}.jsonl.gz"
            if Path(name).is_file() and not path.is_file():
                found += own_sets(Path(name))
            else:
                rows = labelled(read_rows(data, name), path)
                one = LabelledSet(name, task_of(name), rows)
                found.append(replace(one, training=training_rows(data, name, one.entities)))
    known = [one.name for one in found]
    for name in known:
        if known.count(name) > 1:
            raise TrainingError(f"two files are called {name}; rename one or leave it out")
    return found


def present(data: Path) -> list[str]:
    """Return which of `TEST_SETS` are in the folder ``data``.

    Raises:
        TrainingError: there is none.
    """
    names = [name for name in TEST_SETS if (data / f"{name}.jsonl.gz").is_file()]
    if not names:
        raise TrainingError(
            f"{data} has none of the test sets {', '.join(TEST_SETS)} (.jsonl.gz); name another "
            "file of that folder, or a file of your own, with --file"
        )
    return names


def own_sets(path: Path) -> list[LabelledSet]:
    """Return the labelled rows of a file of one's own.

    A label is of reputation where the row has an entity, and of sentiment elsewhere; if both occur
    they make two sets.

    Raises:
        TrainingError: the file is missing or broken, or has no labelled row.
    """
    name = path.name.split(".")[0]
    by_task: dict[str, list[dict[str, Any]]] = {}
    for row in labelled(rows_of(path), path):
        task = "sentiment" if row.get("entity") is None else "reputation"
        by_task.setdefault(task, []).append(row)
    return [
        LabelledSet(name if len(by_task) == 1 else f"{name}_{task}", task, by_task[task])
        for task in sorted(by_task)
    ]


def labelled(rows: Iterable[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Return the rows of ``path`` that have a label.

    Raises:
        TrainingError: there is none.
    """
    kept = [row for row in rows if class_of(row) != NO_LABEL]
    if not kept:
        raise TrainingError(f"{path} has no labelled row; label some, or leave the file out")
    return kept


def evaluate(
    data: Path,
    model: Path | str,
    names: Sequence[str] = (),
    *,
    runtime: str = "auto",
    workers: int = 0,
    resamples: int = RESAMPLES,
    seed: int = 0,
    with_entity: bool = True,
    labels: Sequence[int] = (),
    entities: Sequence[Entity] = (),
) -> Results:
    """Classify labelled tweets and judge the answers of every head.

    Text and entity go in as the rows have them, or the text alone; for a model that reads marks
    they are marked. Of a test set that lies beside its training tweets, the same is said with a fit
    for each entity on those.

    Args:
        data: as for `labelled_sets`.
        model: folder of the model, or the name of one that came along.
        names: as for `labelled_sets`.
        runtime: as ``[model] runtime``.
        workers: threads with an interpreter each; 0 for one a core.
        resamples: for the intervals.
        seed: of the resamples, and of draws of ``labels``.
        with_entity: False leaves the entities out, to see what they are worth.
        labels: so many of each entity's in turn, to see what an owner's are worth (`owner`).
        entities: those configured; none for whom the files tell of (`lab.evaluation.marked`).

    Raises:
        TrainingError: a file is missing or broken, or has no labelled row; or ``labels`` are more
            than any entity has.
        monitor.inference.model.ModelError: the model cannot be used.
    """
    sets = labelled_sets(data, names)
    if labels:
        see_that_some_are_left(sets, min(labels))
    loaded = Model.load(model)
    answered = []
    with Classifier(loaded, workers, runtime, entities) as classifier:

        def asked(name: str, rows: Sequence[dict[str, Any]]) -> list[Verdict]:
            pairs: Sequence[Pair] = pairs_of(rows, with_entity=with_entity)
            if loaded.reads == "marks" and not entities:
                pairs = marked(name, pairs, classifier.readable)
            return list(tqdm(classifier.stream(pairs), total=len(rows), desc=name, unit="tweet"))

        for one in sets:
            start = time.perf_counter()
            verdicts = asked(one.name, one.rows)
            answered.append((one, verdicts, time.perf_counter() - start))
        pairs = [pair for one in sets for pair in one.pairs()]
        speed = footprint.speed(classifier, pairs, sum(seconds for *_, seconds in answered))
        learnt = [
            asked(CALIBRATED_ON[one.name], one.training) if one.training else [] for one in sets
        ]
    files = [
        evaluation_of(one, verdicts, of_training, seconds, resamples, seed, labels)
        for (one, verdicts, seconds), of_training in zip(
            tqdm(answered, desc="intervals", unit="file"), learnt, strict=True
        )
    ]
    sizes = footprint.sizes(loaded)
    return Results(loaded, sizes, speed, files, resamples, seed, with_entity)


def evaluation_of(
    one: LabelledSet,
    verdicts: Sequence[Verdict],
    of_training: Sequence[Verdict],
    seconds: float,
    resamples: int,
    seed: int,
    labels: Sequence[int],
) -> Evaluation:
    """Judge what was answered to a file's rows, and to the rows that its entities learn from."""
    answers = {task: answers_of(one.rows, verdicts, task) for task in TASKS}
    own, features = answers[one.task], features_of(verdicts)
    calibrated = None
    if one.training:
        fits = fits_of(answers_of(one.training, of_training, one.task), features_of(of_training))
        judged = judge(adapted(own, features, fits), count=resamples, seed=seed)
        calibrated = Calibrated(
            CALIBRATED_ON[one.name], len(one.training), len(fits), len(one.entities), judged
        )
    return Evaluation(
        one.name,
        one.task,
        {task: judge(given, count=resamples, seed=seed) for task, given in answers.items()},
        seconds,
        calibrated,
        gains(own, features, labels, seed=seed) if one.task == "reputation" else (),
    )


def pairs_of(rows: Iterable[dict[str, Any]], *, with_entity: bool) -> list[Pair]:
    """Return text and entity of each row, or the text alone."""
    return [(row["text"], row.get("entity") if with_entity else None) for row in rows]


def see_that_some_are_left(sets: Iterable[LabelledSet], labels: int) -> None:
    """Look for an entity with more labelled tweets than ``labels``: what is left is scored.

    Raises:
        TrainingError: there is none in the files whose labels are toward entities.
    """
    for one in sets:
        tweets = Counter(row.get("entity") for row in one.rows)
        if one.task == "reputation" and any(
            entity is not None and count > labels for entity, count in tweets.items()
        ):
            return
    raise TrainingError(f"no entity has more than {labels} labelled tweets; --labels needs that")


def answers_of(rows: Sequence[dict[str, Any]], verdicts: Sequence[Verdict], task: str) -> Answers:
    """Return what the head for ``task`` said to each of ``rows``."""
    given = [verdict[task] for verdict in verdicts]
    return Answers(
        truth=[class_of(row) for row in rows],
        answers=[POLARITIES.index(answer.label) for answer in given],
        confidence=[answer.probabilities[answer.label] for answer in given],
        entities=[row.get("entity") for row in rows],
        domains=[row.get("domain") for row in rows],
    )
