"""Results of an evaluation, for a terminal, for a document, for programs and for model.toml."""

import dataclasses
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from monitor.lab.evaluation.calibration import BINS, Abstention
from monitor.lab.evaluation.evaluate import Evaluation, Results
from monitor.lab.evaluation.footprint import BERT_LARGE_BYTES
from monitor.lab.evaluation.judge import Judgement, TweetGroup
from monitor.lab.evaluation.owner import DRAWS, Gain
from monitor.lab.evaluation.per_entity import Calibrated
from monitor.lab.intervals import SHARE, Figure
from monitor.lab.metrics import Scores

SHORT = {
    "accuracy": "accuracy",
    "macro_recall": "macro-recall",
    "macro_f1": "macro-F1",
    "f_rs": "F(R,S)",
    "ece": "ECE",
}
"""Figures of the summary, with their headings."""

NOTES = (
    "* the head for what the file's labels are of; the other one was asked the same question.",
    "macro: means over the classes that have labels. F(R,S): RepLab's, a mean over entities.",
    f"ECE: expected calibration error, {BINS} bins; chance makes it larger, and its range higher.",
    f"Ranges: {SHARE:.0%} percentile bootstrap intervals.",
)


def megabytes(count: float) -> str:
    """Return bytes as MB, to three digits or whole."""
    return f"{count / 1e6:,.2f} MB" if count < 1e8 else f"{count / 1e6:,.0f} MB"


def decimal(value: float | None) -> str:
    """Return a share with three decimals, or a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def end(value: float) -> str:
    """Return an end of an interval in four characters."""
    return f"{value:.2f}" if value >= 0.9995 else f"{value:.3f}".removeprefix("0")


def with_range(figure: Figure) -> str:
    """Return a figure and its interval in fifteen characters."""
    if math.isnan(figure.low):
        return decimal(figure.value)
    return f"{figure.value:.3f} {end(figure.low)}-{end(figure.high)}"


def costs(results: Results) -> list[str]:
    """Return sentences on size, speed and memory."""
    model, speed, size = results.model, results.speed, sum(results.sizes.values())
    workers = f"{speed.workers} worker" + "s" * (speed.workers > 1)
    times = ", ".join(f"{ms:.1f} ms (p{p})" for p, ms in speed.latency_ms.items())
    asked = [] if results.with_entity else ["asked about each tweet as a whole, without its entity"]
    return [
        (
            f"{model.name} version {model.version}: {megabytes(size)} on disk, "
            f"{BERT_LARGE_BYTES / size:,.0f} times smaller than BERT-large in fp32 "
            f"({megabytes(BERT_LARGE_BYTES)})"
        ),
        (
            f"{speed.tweets_per_s:,.0f} tweets/s with {workers} "
            f"({speed.runtime}, {speed.machine}); peak resident memory {speed.peak_mib:,.0f} MiB"
        ),
        f"one tweet at a time takes {times}, of {speed.single} tweets",
        *asked,
    ]


def heads_of(result: Evaluation) -> list[tuple[str, Judgement]]:
    """Return every head with its name, the file's own first and marked."""
    others = [(task, head) for task, head in result.heads.items() if task != result.task]
    return [(f"{result.task} *", result.own), *others]


def calibrated_on(found: Calibrated) -> str:
    """Return what the row of a file with per-entity calibration is."""
    return (
        "calibrated: the head for reputation after per-entity calibration on RepLab's training "
        f"tweets, a fit for {found.entities} of {found.among} entities, from {found.tweets:,} "
        f"tweets of {found.source}."
    )


def summary_of(result: Evaluation) -> list[tuple[str, Judgement]]:
    """Return what a summary has of a file, by name: every head, and the own one calibrated."""
    rows = heads_of(result)
    if result.calibrated:
        rows.insert(1, ("calibrated", result.calibrated.judgement))
    return rows


def titled(result: Evaluation) -> str:
    """Return a line on the file as a whole."""
    scores = result.own.scores
    return (
        f"{result.name}: {scores.count:,} tweets, {scores.count / result.seconds:,.0f}/s; "
        f"always the commonest label: {scores.majority:.3f}"
    )


def as_table(results: Results, *, by_entity: bool = False) -> str:
    """Return the results as text for people, at most 100 characters wide.

    First what the model costs and a summary of all files, then the classes, the gain of abstention
    and, if asked for ``by_entity``, the entities and domains of each file's own head.
    """
    lines = [*costs(results), ""]
    lines.append(f"{'':15}" + "".join(f"{heading:17}" for heading in SHORT.values()).rstrip())
    for result in results.files:
        lines.append(titled(result))
        for name, head in summary_of(result):
            cells = "".join(f"{with_range(head.figures[key]):17}" for key in SHORT)
            lines.append(f"  {name:13}{cells}".rstrip())
    lines += NOTES
    lines += [
        line
        for result in results.files
        if result.calibrated
        for line in textwrap.wrap(calibrated_on(result.calibrated), 100)
    ]
    for result in results.files:
        lines += ["", *class_lines(result), "", *abstention_lines(result.own.abstentions)]
        if by_entity:
            for kind, groups in (("entity", result.own.entities), ("domain", result.own.domains)):
                lines += ["", *group_lines(kind, groups)] if groups else []
        lines += ["", *gain_lines(result)] if result.gains else []
    return "\n".join(lines)


def class_lines(result: Evaluation) -> list[str]:
    """Return the confusions and scores of each class, and R and S, of the file's own head."""
    scores, figures = result.own.scores, result.own.figures
    answered = "".join(f"{label:>10}" for label in scores.labels)
    lines = [
        f"{result.name}: rows are labels, columns answers",
        f"{'':12}{answered}{'precision':>11}{'recall':>8}{'F1':>8}",
    ]
    for i, label in enumerate(scores.labels):
        counts = "".join(f"{count:10,}" for count in scores.confusion[i])
        lines.append(
            f"{label:12}{counts}{scores.precision[i]:11.3f}"
            f"{decimal(scores.recall[i]):>8}{decimal(scores.f1[i]):>8}"
        )
    lines.append(
        f"reliability R {with_range(figures['reliability'])}, "
        f"sensitivity S {with_range(figures['sensitivity'])}"
    )
    return lines


def abstention_lines(abstentions: Sequence[Abstention]) -> list[str]:
    """Return what is left when unsure answers are withheld, a column a threshold."""
    rows = (
        ("answers at least this sure", [f"{one.threshold:.1f}" for one in abstentions]),
        ("  share of the tweets", [decimal(one.coverage) for one in abstentions]),
        ("  accuracy of these", [decimal(one.accuracy) for one in abstentions]),
    )
    return [f"{name:28}" + "".join(f"{value:>8}" for value in values) for name, values in rows]


def group_lines(kind: str, groups: Sequence[TweetGroup]) -> list[str]:
    """Return a line for each entity or domain."""
    lines = [f"{kind:38}{'tweets':>8}  {'accuracy':17}macro-F1"]
    lines += [
        f"{group.name[:37]:38}{group.tweets:8,}  "
        f"{with_range(group.accuracy):17}{with_range(group.macro_f1)}"
        for group in groups
    ]
    return lines


def owner_labels(result: Evaluation) -> str:
    """Return what the table of an owner's labels is."""
    return (
        f"{result.name}: fits of the entities on labels of their own drawn at random, scored on "
        f"their other tweets (means of {DRAWS} draws), and the negative share from these labels"
    )


def gain_lines(result: Evaluation) -> list[str]:
    """Return a line for each number of labels of an owner."""
    lines = textwrap.wrap(owner_labels(result), 100)
    lines.append(
        f"{'labels an entity':18}{'entities':>9}{'tweets':>8}"
        f"{'accuracy':>10}{'fitted':>8}{'worst':>8}{'macro-F1':>10}{'fitted':>8}"
        f"{'negative':>10}{'held':>7}"
    )
    lines += [
        f"{gain.labels:<18,}{gain.entities:9,}{gain.tweets:8,}"
        f"{gain.before.accuracy:10.3f}{gain.after.accuracy:8.3f}{worst_of(gain):>8}"
        f"{gain.before.macro_f1:10.3f}{gain.after.macro_f1:8.3f}"
        f"{half_of(gain):>10}{held_of(gain):>7}"
        for gain in result.gains
    ]
    return lines


def worst_of(gain: Gain) -> str:
    """Return the accuracy that the entity gains which gains least; '-' if none has many tweets."""
    return "-" if gain.worst is None else f"{gain.worst:+.3f}"


def half_of(gain: Gain) -> str:
    """Return half the interval of the negative share; '-' of too few labels."""
    return f"±{gain.shares.half:.3f}" if gain.shares else "-"


def held_of(gain: Gain) -> str:
    """Return how often intervals of shares hold; '-' of too few labels."""
    return f"{100 * gain.shares.held:.0f} %" if gain.shares else "-"


def known(value: float) -> float | None:
    """Return None for nan, which JSON lacks."""
    return None if math.isnan(value) else float(value)


def figure_json(figure: Figure) -> dict[str, float | None]:
    """Return a figure as an object with value, low and high."""
    return {name: known(value) for name, value in dataclasses.asdict(figure).items()}


def classes_json(scores: Scores) -> dict[str, dict[str, float | None]]:
    """Return the scores of each class; those without examples have null for recall and F1."""
    return {
        label: {
            "precision": float(scores.precision[i]),
            "recall": known(scores.recall[i]),
            "f1": known(scores.f1[i]),
            "tweets": int(scores.confusion[i].sum()),
        }
        for i, label in enumerate(scores.labels)
    }


def groups_json(groups: Iterable[TweetGroup]) -> list[dict[str, Any]]:
    """Return entities or domains as objects."""
    return [
        {
            "name": group.name,
            "tweets": group.tweets,
            "accuracy": figure_json(group.accuracy),
            "macro_f1": figure_json(group.macro_f1),
        }
        for group in groups
    ]


def head_json(head: Judgement) -> dict[str, Any]:
    """Return all that is known of one head on one file."""
    return {
        **{name: figure_json(figure) for name, figure in head.figures.items()},
        "labels": classes_json(head.scores),
        "confusion": head.scores.confusion.tolist(),
        "bins": [dataclasses.asdict(one) for one in head.bins],
        "abstention": [dataclasses.asdict(one) for one in head.abstentions],
        "entities": groups_json(head.entities),
        "domains": groups_json(head.domains),
    }


def file_json(result: Evaluation) -> dict[str, Any]:
    """Return all that is known of one file."""
    return {
        "file": result.name,
        "task": result.task,
        "tweets": result.own.scores.count,
        "seconds": round(result.seconds, 3),
        "majority": result.own.scores.majority,
        "heads": {task: head_json(head) for task, head in result.heads.items()},
        "per_entity_calibration": result.calibrated and calibrated_json(result.calibrated),
        "owner_labels": [gain_json(gain) for gain in result.gains],
    }


def calibrated_json(found: Calibrated) -> dict[str, Any]:
    """Return how the head did after per-entity calibration, and what that was from."""
    return {
        "trained_on": found.source,
        "training_tweets": found.tweets,
        "entities_with_fit": found.entities,
        "entities": found.among,
        "head": head_json(found.judgement),
    }


def gain_json(gain: Gain) -> dict[str, Any]:
    """Return what so many labels an entity are worth, and of how many draws the means are."""
    return {"draws": DRAWS, **dataclasses.asdict(gain)}


def as_json(results: Results) -> dict[str, Any]:
    """Return the results as JSON holds them; what is not defined is null."""
    model, speed, size = results.model, results.speed, sum(results.sizes.values())
    return {
        "model": {
            "name": model.name,
            "version": model.version,
            "sha256": model.sha256,
            "files": results.sizes,
            "bytes": size,
            "bert_large_bytes": BERT_LARGE_BYTES,
            "times_smaller_than_bert_large": BERT_LARGE_BYTES / size,
        },
        "speed": {
            "tweets_per_s": speed.tweets_per_s,
            "latency_ms": {f"p{p}": ms for p, ms in speed.latency_ms.items()},
            "latency_tweets": speed.single,
            "peak_resident_mib": speed.peak_mib,
            "workers": speed.workers,
            "runtime": speed.runtime,
            "machine": speed.machine,
        },
        "with_entity": results.with_entity,
        "intervals": {"share": SHARE, "resamples": results.resamples, "seed": results.seed},
        "files": [file_json(result) for result in results.files],
    }


def metrics_of(results: Results) -> dict[str, float | list[float]]:
    """Return the figures that go into model.toml, by names such as FILE_accuracy.

    Those of each file's own task, each with its interval beside it as FILE_accuracy_interval; where
    there was per-entity calibration, the same with it as FILE_calibrated_accuracy and so on.
    """
    kept: dict[str, float | list[float]] = {}
    for result in results.files:
        names = {"sentiment": ("macro_recall",), "reputation": ("macro_f1", "f_rs")}[result.task]
        judged = {result.name: result.own}
        if result.calibrated:
            judged[f"{result.name}_calibrated"] = result.calibrated.judgement
        for start, head in judged.items():
            for name in (*names, "accuracy", "ece"):
                figure = head.figures[name]
                if not math.isnan(figure.low):
                    kept[f"{start}_{name}"] = round(figure.value, 4)
                    kept[f"{start}_{name}_interval"] = [round(figure.low, 4), round(figure.high, 4)]
    return kept
