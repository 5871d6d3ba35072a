"""The statements that insert a batch's rows, and a verdict in the order of a label's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.verdict import POLARITIES, TASKS, Verdict


def _insert(table: str, *columns: str) -> str:
    """Write an INSERT that leaves a row alone if its key is there already."""
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608  (our own names)
        f" VALUES ({', '.join('?' * len(columns))}) ON CONFLICT DO NOTHING"
    )


INSERT_BATCH: Final = (
    "INSERT INTO batches (started_at, clock_synchronised, model_id, received, tweets, labels,"
    " duplicates, rejected, collect_ms, classify_ms, store_ms)"
    " VALUES (?, ?, ?, ?, 0, 0, 0, 0, ?, ?, 0)"
)
"""What has become of it is written into it at the end (`batches.Batches.finish`)."""
INSERT_TWEET: Final = _insert(
    "tweets",
    *("id", "received_at", "created_at", "topic", "author", "lang", "is_retweet", "text"),
    *("board", "batch_id", "tweeted_at"),
)
INSERT_LABEL: Final = _insert(
    "labels",
    *("tweet_id", "entity"),
    *(
        column
        for task in TASKS
        for column in (task, *(f"{task}_{p}" for p in POLARITIES), f"{task}_abstained")
    ),
    *("model_id", "batch_id", "adapted", "adaptation_id"),
)
INSERT_DEAD_LETTER: Final = _insert(
    "dead_letters",
    *("digest", "received_at", "topic", "reason", "detail", "size", "payload"),
    "batch_id",
)


def probabilities(columns: Sequence[Any]) -> tuple[float | None, ...]:
    """Return those of both tasks among the columns of a label [6]."""
    return (*columns[1:4], *columns[6:9])


def label_columns(
    verdict: Verdict, abstain_below: float, marks: Mapping[str, bool] | None
) -> tuple[list[Any], dict[str, bool]]:
    """Lay a verdict out in the order of the label's columns; a label the model lacks is NULL.

    Args:
        verdict: what is to be stored.
        abstain_below: a label whose probability is below is marked as unsure,
        marks: unless these say for each task whether it is.

    Returns:
        The columns, and for each task whether its label is marked as unsure.
    """
    columns: list[Any] = []
    abstained = {}
    for task in TASKS:
        answer = verdict[task]
        kept = {label: round(p, 5) for label, p in answer.probabilities.items()}
        # By what is kept: who compares mark and probability in the log finds them to agree.
        # Where there is no label there is none to be unsure of.
        abstained[task] = marks[task] if marks else kept.get(answer.label, 1.0) < abstain_below
        columns += [answer.label, *(kept.get(polarity) for polarity in POLARITIES), abstained[task]]
    return columns, abstained
