"""Results of an evaluation as a Markdown document."""

import math
from collections.abc import Sequence

from monitor.lab.evaluation.evaluate import Evaluation, Results
from monitor.lab.evaluation.judge import Judgement, TweetGroup
from monitor.lab.evaluation.markdown import table
from monitor.lab.evaluation.report import (
    NOTES,
    SHORT,
    calibrated_on,
    costs,
    decimal,
    half_of,
    held_of,
    owner_labels,
    summary_of,
    worst_of,
)
from monitor.lab.intervals import Figure


def ranged(figure: Figure) -> str:
    """Return a figure with its interval in brackets."""
    if math.isnan(figure.low):
        return decimal(figure.value)
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Return ``lines`` so that a reader sees them on demand."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "</details>", ""]


def as_markdown(results: Results, plots: Sequence[str] = ()) -> str:
    """Return the results as Markdown.

    Args:
        results: of the evaluation.
        plots: names of pictures beside the document, each ``FILE-KIND.png``.
    """
    lines = [f"# Evaluation of {results.model.name}", ""]
    lines += [f"- {sentence}" for sentence in costs(results)]
    lines += ["", "## Summary", ""]
    lines += table(
        ["file", "tweets", "head", *SHORT.values()],
        (
            [
                result.name,
                f"{result.own.scores.count:,}",
                name,
                *(ranged(head.figures[key]) for key in SHORT),
            ]
            for result in results.files
            for name, head in summary_of(result)
        ),
    )
    lines += [f"- {note.replace('*', chr(92) + '*')}" for note in NOTES]
    lines += [f"- {calibrated_on(one.calibrated)}" for one in results.files if one.calibrated]
    lines.append(f"- {results.resamples:,} resamples, seed {results.seed}.")
    for result in results.files:
        lines += ["", f"## {result.name}", ""]
        lines.append(
            f"{result.own.scores.count:,} tweets labelled for {result.task}; always answering with "
            f"the commonest label has accuracy {result.own.scores.majority:.3f}."
        )
        lines.append("")
        for plot in plots:
            if plot.startswith(f"{result.name}-"):
                lines += [f"![{plot}]({plot})", ""]
        lines += [line for name, head in summary_of(result) for line in section(result, name, head)]
        lines += gains_table(result)
    return "\n".join(lines).rstrip() + "\n"


def section(result: Evaluation, name: str, head: Judgement) -> list[str]:
    """Return one head's part of a file's chapter; all but the file's own head is folded."""
    scores = head.scores
    lines = ["Rows are labels, columns answers:", ""]
    lines += table(
        ["", *scores.labels, "precision", "recall", "F1"],
        (
            [
                label,
                *(f"{count:,}" for count in scores.confusion[i]),
                *(decimal(kind[i]) for kind in (scores.precision, scores.recall, scores.f1)),
            ]
            for i, label in enumerate(scores.labels)
        ),
    )
    lines.append(
        f"R {ranged(head.figures['reliability'])}, S {ranged(head.figures['sensitivity'])}."
    )
    lines += ["", "Answers below a probability withheld:", ""]
    lines += table(
        ["withheld below", *(f"{one.threshold:.1f}" for one in head.abstentions)],
        [
            ["share answered", *(decimal(one.coverage) for one in head.abstentions)],
            ["accuracy of these", *(decimal(one.accuracy) for one in head.abstentions)],
        ],
    )
    lines += folded(
        "Calibration bins",
        table(
            ["probability", "tweets", "mean probability", "accuracy"],
            (
                [
                    f"{one.low:.3f} to {one.high:.3f}",
                    f"{one.tweets:,}",
                    decimal(one.confidence),
                    decimal(one.accuracy),
                ]
                for one in head.bins
                if one.tweets
            ),
        ),
    )
    lines += groups_table("Domains", head.domains) + groups_table("Entities", head.entities)
    if head is result.own:
        return [f"### Head {name.removesuffix(' *')}", "", *lines]
    if name in result.heads:
        return folded(f"The head {name}, asked the same", lines)
    return folded(f"The head for {result.task} after per-entity calibration", lines)


def gains_table(result: Evaluation) -> list[str]:
    """Return what labels of an owner are worth; nothing where that was not asked."""
    if not result.gains:
        return []
    heading = (
        *("labels an entity", "entities", "tweets", "accuracy", "fitted", "worst entity"),
        *("macro-F1", "fitted", "negative share", "held"),
    )
    rows = (
        [
            *(f"{count:,}" for count in (gain.labels, gain.entities, gain.tweets)),
            *(decimal(one.accuracy) for one in (gain.before, gain.after)),
            worst_of(gain),
            *(decimal(one.macro_f1) for one in (gain.before, gain.after)),
            half_of(gain),
            held_of(gain),
        ]
        for gain in result.gains
    )
    return ["### Labels of an owner", "", f"{owner_labels(result)}:", "", *table(heading, rows)]


def groups_table(title: str, groups: Sequence[TweetGroup]) -> list[str]:
    """Return a folded table of entities or domains; nothing where there is none."""
    if not groups:
        return []
    rows = (
        [group.name, f"{group.tweets:,}", ranged(group.accuracy), ranged(group.macro_f1)]
        for group in groups
    )
    return folded(f"{title} ({len(groups)})", table(["", "tweets", "accuracy", "macro-F1"], rows))
