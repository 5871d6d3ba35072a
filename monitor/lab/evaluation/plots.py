"""Pictures of an evaluation, as PNG and SVG; needs matplotlib, which nothing else here does."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter

from monitor.lab.evaluation.calibration import BINS
from monitor.lab.evaluation.evaluate import Evaluation, Results
from monitor.lab.evaluation.judge import Judgement
from monitor.lab.evaluation.report import heads_of
from monitor.lab.style import BLUE, GREY, ORANGE, STYLE, VERMILION

MOST_ENTITIES: Final = 60
"""Entities in one picture, those with the most tweets; the tables have all."""

ALL: Final = 0.3
"""Where withholding nothing is drawn: no answer of three has less than 1/3."""


def draw(results: Results, folder: Path) -> list[str]:
    """Write the pictures of every file into ``folder``, each as PNG and as SVG.

    Returns:
        The names of the PNG files, ``FILE-KIND.png``.
    """
    kinds: dict[str, Callable[[Evaluation], Figure]] = {
        "confusion": confusion,
        "reliability": reliability,
        "abstention": abstention,
        "entities": entities,
        "owner-labels": owner_labels,
    }
    names = []
    for result in results.files:
        for kind, picture in kinds.items():
            if kind == "entities" and not result.own.entities:
                continue
            if kind == "owner-labels" and not result.gains:
                continue
            with mpl.rc_context(STYLE):
                figure = picture(result)
                png, svg = (folder / f"{result.name}-{kind}.{end}" for end in ("png", "svg"))
                figure.savefig(png, dpi=150)
                figure.savefig(svg, metadata={"Date": None})
            names.append(png.name)
    return names


def panels(result: Evaluation, title: str) -> tuple[Figure, list[tuple[Axes, str, Judgement]]]:
    """Return a figure with axes side by side, each with a head and its name."""
    heads = heads_of(result)
    figure = Figure(figsize=(4.6 * len(heads), 4.6), layout="constrained")
    figure.suptitle(f"{result.name}: {title}", parse_math=False)
    axes = figure.subplots(1, len(heads), squeeze=False)[0]
    return figure, [(one, *head) for one, head in zip(axes, heads, strict=True)]


def headed(name: str) -> str:
    """Return the title of a head's panel."""
    own = name.endswith("*")
    return f"head for {name.removesuffix(' *')}" + (" (the labels' own)" if own else "")


def confusion(result: Evaluation) -> Figure:
    """Draw counts, and shares of each label, of every head."""
    figure, parts = panels(result, "what was answered")
    for axes, name, head in parts:
        counts = head.scores.confusion
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (i, j), share in np.ndenumerate(shares):
            axes.text(
                j,
                i,
                f"{counts[i, j]:,}\n{share:.0%}",
                ha="center",
                va="center",
                color="white" if share > 0.6 else "black",
            )
        axes.set_title(f"{headed(name)}\naccuracy {head.scores.accuracy:.3f}")
        axes.set_xticks(range(len(head.scores.labels)), head.scores.labels)
        axes.set_yticks(
            range(len(head.scores.labels)), head.scores.labels, rotation=90, va="center"
        )
        axes.set_xlabel("answer")
        axes.set_ylabel("label")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def reliability(result: Evaluation) -> Figure:
    """Draw how often the answers of each probability are right, of every head.

    Bars are as dark as they hold tweets.
    """
    figure, parts = panels(result, "are the probabilities true?")
    for axes, name, head in parts:
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="if they were")
        used = [
            (one, one.confidence, one.accuracy)
            for one in head.bins
            if one.confidence is not None and one.accuracy is not None
        ]
        most = max(one.tweets for one, *_ in used)
        axes.bar(
            [(one.low + one.high) / 2 for one, *_ in used],
            [accuracy for *_, accuracy in used],
            width=1 / BINS,
            color=[(BLUE, 0.25 + 0.75 * one.tweets / most) for one, *_ in used],
            edgecolor="white",
        )
        axes.plot(
            [confidence for _, confidence, _ in used],
            [accuracy for *_, accuracy in used],
            "o-",
            color=VERMILION,
            markersize=4,
            label="bins: mean probability, share right (bar darker: more tweets)",
        )
        ece = head.figures["ece"]
        axes.set_title(f"{headed(name)}\nECE {ece.value:.3f} ({ece.low:.3f} to {ece.high:.3f})")
        axes.set_xlim(ALL, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("probability of the answer")
        axes.set_ylabel("share of right answers")
    legend(figure, parts[0][0])
    return figure


def legend(figure: Figure, axes: Axes) -> None:
    """Put the legend of ``axes``, which stands for all, below the panels."""
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )


def abstention(result: Evaluation) -> Figure:
    """Draw what is gained and lost by withholding unsure answers, of every head."""
    figure, parts = panels(result, "withholding unsure answers")
    for axes, name, head in parts:
        steps = head.abstentions
        given = [(one.threshold, one.accuracy) for one in steps if one.accuracy is not None]
        axes.plot(
            [ALL, *(threshold for threshold, _ in given)],
            [head.scores.accuracy, *(accuracy for _, accuracy in given)],
            "o-",
            color=BLUE,
            label="accuracy of the answers given",
        )
        axes.plot(
            [ALL, *(one.threshold for one in steps)],
            [1.0, *(one.coverage for one in steps)],
            "s--",
            color=ORANGE,
            label="share of tweets answered",
        )
        axes.set_title(headed(name))
        axes.set_xticks([ALL, *(one.threshold for one in steps)])
        axes.set_xticklabels(["none", *(f"{one.threshold:.1f}" for one in steps)])
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("answers withheld below this probability")
        axes.set_ylabel("share")
        axes.grid(axis="y", alpha=0.3)
    legend(figure, parts[0][0])
    return figure


def entities(result: Evaluation) -> Figure:
    """Draw the accuracy of the file's own head on each entity, with intervals."""
    groups = result.own.entities[:MOST_ENTITIES]
    figure = Figure(figsize=(7.5, 1.8 + 0.24 * len(groups)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(groups))
    values = np.array([group.accuracy.value for group in groups])
    low = np.array([group.accuracy.low for group in groups])
    high = np.array([group.accuracy.high for group in groups])
    axes.errorbar(
        values,
        places,
        # A percentile interval need not hold its figure; an arm has no negative length.
        xerr=np.maximum([values - low, high - values], 0),
        fmt="o",
        color=BLUE,
        ecolor=BLUE,
        markersize=4,
        capsize=2,
        label="one entity, with its 95 % interval",
    )
    whole = result.own.scores.accuracy
    axes.axvline(whole, color=VERMILION, linestyle="--", label=f"all tweets: {whole:.3f}")
    names = [f"{group.name} ({group.tweets:,})" for group in groups]
    axes.set_yticks(places, names, parse_math=False)  # a $ in a name is a dollar
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"accuracy of the head for {result.task}")
    axes.set_ylabel("entity (tweets)")
    left_out = len(result.own.entities) - len(groups)
    axes.set_title(
        f"{result.name}: accuracy by entity"
        + (f" (the {len(groups)} with the most tweets)" if left_out else ""),
        parse_math=False,
    )
    legend(figure, axes)
    return figure


def owner_labels(result: Evaluation) -> Figure:
    """Draw what labels of an entity's owner are worth: for its labels, and for its shares."""
    figure = Figure(figsize=(8.4, 3.2), layout=ConstrainedLayoutEngine(wspace=0.08))
    right, near = figure.subplots(1, 2)
    counts = [0, *(gain.labels for gain in result.gains)]
    right.plot(
        counts,
        [result.gains[0].before.accuracy, *(gain.after.accuracy for gain in result.gains)],
        "o-",
        color=BLUE,
    )
    right.set_title("labels that are right")
    right.set_ylabel("accuracy")
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    known = [(gain.labels, gain.shares) for gain in result.gains if gain.shares]
    near.plot(
        [count for count, _ in known],
        [100 * shares.half for _, shares in known],
        "s-",
        color=VERMILION,
    )
    near.set_ylim(bottom=0)
    near.set_title("how well the negative share is known")
    near.set_ylabel("\N{PLUS-MINUS SIGN} points, 95 % interval")
    for axes in (right, near):
        axes.set_xticks(counts)
        axes.set_xlabel("tweets of an entity that its owner has labelled")
        axes.grid(axis="y", alpha=0.3)
    return figure
