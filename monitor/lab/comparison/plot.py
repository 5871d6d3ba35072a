"""A comparison as a picture: accuracy against speed, size as area."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from monitor.lab.comparison.compare import ComparedRow, Comparison

COLOURS: Final = ("#0072B2", "#555555", "#D55E00")
"""Teacher, MobileBERT-24, student: Okabe and Ito's, which colour-blind people can tell apart."""

POINTS_A_MB: Final = 6.0
"""Area in square points of one MB."""

SPAN: Final = 0.06
"""Accuracy that the axis spans at least."""


def draw(comparison: Comparison, path: Path) -> None:
    """Write a PNG: above, what is trained, by its number in the table; below, all with names.

    Both share the axis of speed, which is logarithmic. A row without speed is left out.
    """
    rows = [(i, row) for i, row in enumerate(comparison.rows, 1) if row.best is not None]
    names = list(dict.fromkeys(row.contestant.name for _, row in rows))
    colours = dict(zip(names, COLOURS, strict=False))
    figure = Figure(figsize=(9, 5 + 0.28 * len(rows)), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4.2, 0.28 * len(rows) + 0.5))
    scored = [(i, row) for i, row in rows if row.accuracy is not None]
    for i, row in scored:
        assert row.accuracy is not None
        dot(above, row, row.accuracy, colours[row.contestant.name])
        # Rows of one network lie close together: their numbers go round the points.
        above.annotate(
            str(i),
            (speed_of(row), row.accuracy),
            xytext=((-14, 12), (12, 12), (12, -18), (-14, -18))[i % 4],
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6},
        )
    above.set_ylabel("accuracy on RepLab 2013 test")
    above.set_title("on one thread; areas are file sizes", fontsize=10)
    if scored:
        above.set_ylim(*span([row.accuracy for _, row in scored if row.accuracy is not None]))
    for place, (_, row) in enumerate(rows):
        below.hlines(place, 0, speed_of(row), color="#dddddd", linewidth=0.8, zorder=0)
        dot(below, row, place, colours[row.contestant.name])
    below.set_yticks(range(len(rows)), [label(i, row) for i, row in rows], fontsize=8)
    below.invert_yaxis()
    below.set_xscale("log")
    below.set_xlabel("tweets a second")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(0.08, 0.15 if axes is above else 0.05)
    above.grid(visible=True, color="#eeeeee")
    above.set_axisbelow(True)
    FigureCanvasAgg(figure)  # draws without a screen
    figure.savefig(path, dpi=150)


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis for ``values``: `SPAN` or more, lest noise look like a result."""
    middle = (min(values) + max(values)) / 2
    half = max(SPAN, 1.3 * (max(values) - min(values))) / 2
    return middle - half, middle + half


def dot(axes: Axes, row: ComparedRow, height: float, colour: str) -> None:
    """Draw one row."""
    area = POINTS_A_MB * row.contestant.size / 1e6
    axes.scatter(speed_of(row), height, s=area, color=colour, alpha=0.45, linewidths=0)
    axes.scatter(speed_of(row), height, s=6, color=colour)


def speed_of(row: ComparedRow) -> float:
    """Return tweets a second of a row that has been measured."""
    assert row.best is not None
    return row.best.tweets_per_s


def label(number: int, row: ComparedRow) -> str:
    """Return what stands beside a row."""
    one = row.contestant
    size = f"{one.size / 1e6:.1f} MB"
    paper = "arXiv 2310.03971: " if one.paper else ""
    return (
        f"{paper}{one.name}, {one.weights}, {one.tokens} tokens, {row.runtime} ({size})  {number}"
    )
