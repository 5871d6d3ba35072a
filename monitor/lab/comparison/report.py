"""A comparison as a Markdown table that reads well in a terminal too, and as JSON."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from monitor.lab.comparison.compare import ComparedRow, Comparison
from monitor.lab.evaluation.footprint import BERT_LARGE_BYTES

HEADING: Final = (
    "#",
    "network",
    "runtime",
    "weights",
    "tokens",
    "batch",
    "RepLab acc.",
    "TweetEval rec.",
    "MB",
    "smaller",
    "tweets/s",
    "faster",
    "ms",
    "peak MB",
)
TEXT_COLUMNS: Final = 4
"""The first, which stand to the left; figures stand to the right."""

HELD_UP: Final = 0.9
"""Processor time a second of wall time below which a measurement was disturbed."""


def as_table(comparison: Comparison) -> str:
    """Return the table, and below it what its columns mean and what went wrong."""
    lines = [HEADING, *(cells(comparison, i, row) for i, row in enumerate(comparison.rows, 1))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADING))]
    rule = [
        "-" * width if column < TEXT_COLUMNS else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    text = [aligned(line, widths) for line in lines]
    text.insert(1, aligned(rule, widths))
    return "\n".join([*text, "", *notes(comparison)])


def aligned(line: Sequence[str], widths: Sequence[int], columns: int = TEXT_COLUMNS) -> str:
    """Return one line of a table whose first ``columns`` stand to the left."""
    padded = [
        cell.ljust(width) if column < columns else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def cells(comparison: Comparison, number: int, row: ComparedRow) -> tuple[str, ...]:
    """Return a row's texts, a dash for what is not known."""
    one, best = row.contestant, row.best
    times = comparison.times(row)
    return (
        str(number),
        one.name,
        row.runtime,
        one.weights,
        str(one.tokens),
        "-" if best is None else str(best.batch),
        share(row.accuracy),
        share(row.macro_recall),
        f"{one.size / 1e6:.2f}",
        f"{row.smaller:.0f}x",
        "-" if best is None else f"{best.tweets_per_s:,.1f}",
        "-" if times is None else f"{times:,.1f}x",
        "-" if row.latency_ms is None else f"{row.latency_ms:.2f}",
        "-" if best is None or best.peak_mb is None else f"{best.peak_mb:,.0f}",
    )


def share(value: float | None) -> str:
    """Return a share (0-1) with three decimals."""
    return "-" if value is None else f"{value:.3f}"


def notes(comparison: Comparison) -> list[str]:
    """Return what a reader of the table must know."""
    settings, tweets = comparison.settings, comparison.tweets
    asked = " and ".join(f"{count:,} of {name}" for name, count in tweets.items())
    lines = [
        (
            f"- Machine: {machine()}. Each row in a process of its own, on one thread. Rounds over "
            f"all rows: {settings.rounds}, with {settings.seconds:g} s for each row and batch size "
            "in each; medians."
        ),
        (
            f"- Tweets: {asked}. Those that the clock ran on have the median length of the former; "
            "128 tokens are the same padded. MobileBERT-24 is untrained, hence no accuracy."
        ),
        (
            f"- *smaller*: than BERT-large in fp32 ({BERT_LARGE_BYTES / 1e9:.2f} GB). *tweets/s*: "
            "at the batch size that is best among those tried. *ms*: a single tweet. *peak MB*: "
            "resident memory, libraries included."
        ),
    ]
    paper = next((i for i, row in enumerate(comparison.rows, 1) if row.contestant.paper), None)
    lines.append(f"- *faster*: than row {paper}, the set-up of arXiv 2310.03971, on this machine.")
    for number, row in enumerate(comparison.rows, 1):
        if row.problem is not None:
            lines.append(f"- Row {number} is incomplete: {row.problem}.")
        elif row.best is not None and row.best.busy < HELD_UP:
            lines.append(
                f"- Row {number} had {row.best.busy:.0%} of a core in its slowest round: the "
                "machine was busy with something else; measure again."
            )
    return lines


def machine() -> str:
    """Return cores, processor and Python version."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    names = {
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if line.startswith(("model name", "Model"))
    }
    processor = " / ".join(sorted(names)) or platform.machine()
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {processor}, Python {platform.python_version()}"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return everything, unrounded, without the names of local folders."""
    settings = comparison.settings
    return {
        "machine": machine(),
        "threads": 1,
        "rounds": settings.rounds,
        "seconds": settings.seconds,
        "tweets": comparison.tweets,
        "bert_large_bytes": BERT_LARGE_BYTES,
        "rows": [
            {
                "network": row.contestant.name,
                "runtime": row.runtime,
                "weights": row.contestant.weights,
                "tokens": row.contestant.tokens,
                "paper": row.contestant.paper,
                "replab2013_test_accuracy": row.accuracy,
                "tweeteval_sentiment_test_macro_recall": row.macro_recall,
                "bytes": row.contestant.size,
                "times_smaller_than_bert_large": row.smaller,
                "times_faster_than_paper": comparison.times(row),
                "latency_ms": row.latency_ms,
                "best_batch": None if row.best is None else row.best.batch,
                "speeds": [asdict(speed) for speed in row.speeds],
                "problem": row.problem,
            }
            for row in comparison.rows
        ],
    }
