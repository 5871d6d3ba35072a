"""The study as a picture; needs matplotlib."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monitor.lab.quantifying.study import CountsStudy
from monitor.lab.style import BLUE, GREY, ORANGE, STYLE, VERMILION
from monitor.verdict import LABELS, POLARITIES

METHODS: Final = {
    "none": (GREY, "o", "labels counted"),
    "regression": (BLUE, "D", "regression"),
    "adjusted": (VERMILION, "^", "adjusted counts"),
}
"""Colour (Okabe and Ito's), mark and name of what is drawn."""


def draw(study: CountsStudy, path: Path) -> None:
    """Write a PNG: each entity's true and estimated shares, and errors of all methods."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 7.5), layout="constrained")
        rows = figure.subplots(2, 1, height_ratios=(2, 1))
        figure.delaxes(rows[0])
        grid = rows[0].get_subplotspec()
        assert grid is not None
        parts = grid.subgridspec(1, LABELS)
        for place, polarity in enumerate(POLARITIES):
            axes = figure.add_subplot(parts[place])
            shares(axes, study, place)
            axes.set_title(f"{polarity}, share of the tweets")
        bars(rows[1], study)
        handles, names = figure.axes[1].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=5, frameon=False)
        figure.savefig(path, dpi=150)


def shares(axes: Axes, study: CountsStudy, place: int) -> None:
    """Draw one class: an entity a line, the truth as a bar, the regression with its interval."""
    names = sorted(study.entities, key=lambda name: study.entities[name]["truth"][place])
    heights = np.arange(len(names))
    for method, (colour, mark, title) in METHODS.items():
        if method not in study.entities[names[0]]:
            continue
        values = [study.entities[name][method][place] for name in names]
        if method == "regression":
            half = np.array([study.entities[name]["half"][place] for name in names])
            axes.hlines(
                heights,
                np.clip(np.array(values) - half, 0, 1),
                np.clip(np.array(values) + half, 0, 1),
                color=BLUE,
                alpha=0.25,
                linewidth=5,
                label="its 95 % interval",
            )
        axes.plot(values, heights, mark, color=colour, markersize=5, label=title)
    axes.plot(
        [study.entities[name]["truth"][place] for name in names],
        heights,
        "|",
        color="black",
        markersize=14,
        markeredgewidth=2,
        label="as people labelled them",
    )
    axes.set_yticks(heights, names, fontsize=8, parse_math=False)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)


def bars(axes: Axes, study: CountsStudy) -> None:
    """Draw each method's error: on entities, and on windows made to suit adjusted counts."""
    places = {"RepLab test,\nby entity": study.by_entity}
    places |= {
        f"artificial mixtures\nof {'held-out tweets' if 'held' in place else 'RepLab test'}": scores
        for place, scores in study.artificial.items()
        if place.startswith("reputation")
    }
    colours = {"none": GREY, "regression": BLUE, "adjusted": VERMILION, "em": ORANGE}
    heights = np.arange(len(places))
    for number, (method, colour) in enumerate(colours.items()):
        errors = [s[method].error if method in s else np.nan for s in places.values()]
        drawn = axes.barh(heights + 0.2 * (number - 1.5), errors, 0.18, color=colour)
        axes.bar_label(drawn, [method if e == e else "" for e in errors], fontsize=7, padding=2)
    axes.set_yticks(heights, [*places])
    axes.invert_yaxis()
    axes.set_xlabel("mean absolute error of a share")
    axes.grid(axis="x", alpha=0.3)
