"""Scores of what the daemon would answer, on labelled tweets.

Runs on what a board has: neither PyTorch nor TensorFlow.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from monitor.classifier import Classifier
from monitor.model import POLARITIES, Model
from monitor.training.data import NO_LABEL, class_of, read_rows
from monitor.training.errors import TrainingError
from monitor.training.metrics import Scores, score

TEST_SETS = {
    "tweeteval_sentiment_test": "sentiment",
    "replab2013_test": "reputation",
    "s140_manual_test": "sentiment",
    "sts_gold": "sentiment",
}
"""Files that are scored unless others are named, with the task that their labels are of."""

OF_REPUTATION = "replab"
"""Files whose name starts so hold labels of reputation; all others of sentiment."""


@dataclass(frozen=True)
class Evaluation:
    """One file's scores on one task; ``seconds`` is the wall time from texts to labels."""

    name: str
    task: str
    scores: Scores
    seconds: float


def task_of(name: str) -> str:
    """Return the task that the labels of the file ``name`` are of."""
    return TEST_SETS.get(name, "reputation" if name.startswith(OF_REPUTATION) else "sentiment")


def evaluate(
    data: Path,
    model: Path,
    names: Sequence[str] = tuple(TEST_SETS),
    *,
    runtime: str = "auto",
    workers: int = 0,
) -> list[Evaluation]:
    """Classify the labelled tweets of each file of ``names`` and score the answers.

    Text and entity go in as the rows have them.

    Raises:
        TrainingError: a file is missing, or has no labelled row.
        monitor.model.ModelError: the model cannot be used.
    """
    loaded = Model.load(model)
    results = []
    with Classifier(loaded, workers=workers, runtime=runtime) as classifier:
        for name in names:
            task = task_of(name)
            rows = [row for row in read_rows(data, name) if class_of(row) != NO_LABEL]
            if not rows:
                raise TrainingError(f"{data / name}.jsonl.gz has no labelled row")
            pairs = [(str(row["text"]), row.get("entity")) for row in rows]
            start = time.perf_counter()
            answers = [
                POLARITIES.index(verdict[task].label)
                for verdict in tqdm(
                    classifier.stream(pairs), total=len(pairs), desc=name, unit="tweet"
                )
            ]
            seconds = time.perf_counter() - start
            scores = score([class_of(row) for row in rows], answers, POLARITIES)
            results.append(Evaluation(name, task, scores, seconds))
    return results


def as_json(results: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return the results as JSON holds them; a class without examples has null for recall."""
    return [
        {
            "file": result.name,
            "task": result.task,
            "tweets": result.scores.count,
            "seconds": round(result.seconds, 3),
            "accuracy": result.scores.accuracy,
            "macro_recall": result.scores.macro_recall,
            "macro_f1": result.scores.macro_f1,
            "labels": {
                label: {
                    "precision": float(precision),
                    "recall": None if count == 0 else float(recall),
                    "f1": None if count == 0 else float(f1),
                    "tweets": int(count),
                }
                for label, precision, recall, f1, count in zip(
                    result.scores.labels,
                    result.scores.precision,
                    result.scores.recall,
                    result.scores.f1,
                    result.scores.confusion.sum(axis=1),
                    strict=True,
                )
            },
            "confusion": result.scores.confusion.tolist(),
        }
        for result in results
    ]


def as_table(results: Sequence[Evaluation]) -> str:
    """Return the results as text for people: a summary, then each file's classes."""
    lines = [
        f"{'file':26}{'task':12}{'tweets':>8}{'accuracy':>10}{'recall':>8}{'F1':>8}{'tw/s':>8}"
    ]
    for result in results:
        scores = result.scores
        lines.append(
            f"{result.name:26}{result.task:12}{scores.count:8,}{scores.accuracy:10.3f}"
            f"{scores.macro_recall:8.3f}{scores.macro_f1:8.3f}"
            f"{scores.count / result.seconds:8,.0f}"
        )
    lines.append("(recall and F1 are means over the classes)")
    for result in results:
        scores = result.scores
        answered = "".join(f"{label:>10}" for label in scores.labels)
        lines += [
            "",
            f"{result.name}: rows are labels, columns answers",
            f"{'':12}{answered}{'precision':>11}{'recall':>8}{'F1':>8}",
        ]
        for i, label in enumerate(scores.labels):
            counts = "".join(f"{count:10,}" for count in scores.confusion[i])
            lines.append(
                f"{label:12}{counts}{scores.precision[i]:11.3f}"
                f"{scores.recall[i]:8.3f}{scores.f1[i]:8.3f}"
            )
    return "\n".join(lines)


def metrics_of(results: Sequence[Evaluation]) -> dict[str, float]:
    """Return the figures that go into model.toml, by names such as FILE_accuracy."""
    kept: dict[str, float] = {}
    for result in results:
        short = {"sentiment": "macro_recall", "reputation": "macro_f1"}[result.task]
        kept[f"{result.name}_{short}"] = round(getattr(result.scores, short), 4)
        kept[f"{result.name}_accuracy"] = round(result.scores.accuracy, 4)
    return kept
