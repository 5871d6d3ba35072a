"""The results of a race as a Markdown table, as JSON, and as bars."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from monitor.lab.comparison.report import HELD_UP, aligned, machine
from monitor.lab.comparison.rounds import SHAPES, RaceResult, Times

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of the groups: Okabe and Ito's, which colour-blind people can tell apart."""


def as_table(results: Sequence[RaceResult], rounds: int, seconds: float) -> str:
    """Return the table, and below it what its columns mean and what went wrong."""
    heading = ["network", "weights", "runtime", "MB"]
    for batch, length in SHAPES:
        shape = f"{batch}x{length}"
        heading += [f"{shape} ms", f"{shape} tweets/s", f"{shape} times the first"]
    lines = [heading, *map(cells, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    rule = ["-" * width if i < 3 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    text = [aligned(line, widths, columns=3) for line in (heading, rule, *lines[1:])]
    return "\n".join([*text, "", *notes(results, rounds, seconds)])


def cells(result: RaceResult) -> list[str]:
    """Return a row's texts, a dash for what is not known."""
    found = [
        result.entry.name,
        result.entry.weights,
        result.runtime,
        "-" if result.size is None else f"{result.size / 1e6:.2f}",
    ]
    for shape in SHAPES:
        own = result.times.get(shape)
        if own is None:
            found += ["-", "-", "-"]
        else:
            low, high = own.quartiles
            found += [
                f"{own.median_ms:.3f}",
                f"{1000 / own.median_ms:,.1f}",
                f"{own.ratio:.3f} ({low:.3f}-{high:.3f})",
            ]
    return found


def notes(results: Sequence[RaceResult], rounds: int, seconds: float) -> list[str]:
    """Return what a reader of the table must know."""
    shapes = " and ".join(f"{batch} of {length} tokens" for batch, length in SHAPES)
    lines = [
        (
            f"- Machine: {machine()}. Each measurement in a process of its own, on one thread, "
            f"{seconds:g} s long; {rounds} rounds over all rows, one after the other."
        ),
        (
            f"- Tweets asked together: {shapes}. *ms*: a tweet, median of the rounds. *times the "
            "first*: how many times as long as the first row that it is compared with took in the "
            "same round, median and quartiles."
        ),
    ]
    for result in results:
        if result.problem is not None:
            one = result.entry
            lines.append(
                f"- Not measured: {one.name}, {one.weights}, {result.runtime}: {result.problem}."
            )
    shares = [min(own.busy for own in result.times.values()) for result in results if result.times]
    disturbed = [share for share in shares if share < HELD_UP]
    if disturbed:
        lines.append(
            f"- {len(disturbed)} of {len(shares)} rows had less than {HELD_UP:.0%} of a core in "
            f"their slowest round, down to {min(disturbed):.0%}: the machine was busy with "
            "something else; measure again."
        )
    return lines


def as_json(results: Sequence[RaceResult], rounds: int, seconds: float) -> dict[str, Any]:
    """Return everything, unrounded, without the names of local folders."""
    return {
        "machine": machine(),
        "threads": 1,
        "rounds": rounds,
        "seconds": seconds,
        "rows": [
            {
                "network": result.entry.name,
                "weights": result.entry.weights,
                "runtime": result.runtime,
                "group": result.entry.group,
                "bytes": result.size,
                "problem": result.problem,
                "shapes": [
                    {
                        "batch": batch,
                        "tokens": length,
                        "ms_a_tweet": own.median_ms,
                        "times_the_first": own.ratio,
                        **asdict(own),
                    }
                    for (batch, length), own in result.times.items()
                ],
            }
            for result in results
        ],
    }


def draw(results: Sequence[RaceResult], path: Path) -> None:
    """Write a PNG: for each shape a bar a row, how many times as long as its group's first."""
    found = [result for result in results if result.times]
    groups = list(dict.fromkeys(result.entry.group for result in found))
    figure = Figure(figsize=(11, 1.5 + 0.26 * len(found)), layout="constrained")
    for axes, (batch, length) in zip(
        figure.subplots(1, len(SHAPES), sharey=True, squeeze=False)[0], SHAPES, strict=True
    ):
        for place, result in enumerate(found):
            own: Times = result.times[batch, length]
            colour = COLOURS[groups.index(result.entry.group) % len(COLOURS)]
            low, high = own.quartiles
            axes.barh(place, own.ratio, color=colour, alpha=0.7)
            axes.hlines(place, low, high, color="#333333", linewidth=1)
            axes.annotate(
                f" {own.ratio:.2f}", (max(own.ratio, high), place), va="center", fontsize=8
            )
        axes.axvline(1, color="#333333", linewidth=0.8)
        if max(result.times[batch, length].ratio for result in found) > 5:
            axes.set_xscale("log")
        axes.set_title(f"{batch} x {length} tokens, one thread", fontsize=10)
        axes.set_xlabel("times as long as the first of its colour")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
        labels = [f"{one.entry.name}, {one.entry.weights}, {one.runtime}" for one in found]
        axes.set_yticks(range(len(found)), labels, fontsize=8)
    figure.axes[0].invert_yaxis()
    FigureCanvasAgg(figure)  # draws without a screen
    figure.savefig(path, dpi=150)
