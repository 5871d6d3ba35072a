"""The front as a table, a file and a picture: accuracy x latency x size."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from monitor.console import strict_json
from monitor.lab.card import write_file
from monitor.lab.profiling.check import Budget
from monitor.lab.profiling.profile import Profile
from monitor.lab.search.search import SearchResult
from monitor.lab.search.study import as_json
from monitor.lab.search.trial import Trial, front
from monitor.lab.style import BLUE, GREY, STYLE, VERMILION

POINTS_A_MB = 25.0
"""Area in square points of one MB."""

HEADINGS = (
    "",
    "macro-recall",
    "p95 ms",
    "MB",
    "layers",
    "hidden",
    "bottleneck",
    "feed-forward",
    "embedding",
    "vocabulary",
)


def row(trial: Trial, chosen: Trial | None) -> list[str]:
    """Return the cells of one line, as `HEADINGS` has them."""
    of = trial.structure
    return [
        "*" if trial == chosen else "",
        f"{trial.accuracy:.4f}",
        f"{1000 * trial.latency:.3f}",
        f"{trial.size / 1e6:.2f}",
        str(of.layers),
        str(of.hidden),
        f"{of.bottleneck} ({of.heads} heads)",
        f"{of.stacks} x {of.intermediate}",
        str(of.embedding),
        f"{of.vocabulary:,}",
    ]


def table(trials: Sequence[Trial], chosen: Trial | None = None) -> str:
    """Return the front of ``trials`` as a Markdown table, fastest first; * is the chosen."""
    shown = front(trials)
    if chosen is not None and chosen not in shown:
        shown = sorted([*shown, chosen], key=lambda trial: trial.latency)
    lines = [list(HEADINGS), *(row(trial, chosen) for trial in shown)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]

    def text(cells: Sequence[str]) -> str:
        return "| " + " | ".join(c.rjust(w) for c, w in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|"
    return "\n".join([text(lines[0]), rule, *map(text, lines[1:])])


def impossible(result: SearchResult) -> str:
    """Return what to say where no structure is within the budget: the fastest and the smallest."""
    measured = {attempt.trial.structure: attempt.checked for attempt in result.attempts}

    def told(trial: Trial) -> str:
        found = measured.get(trial.structure)
        p95, size = (found.timing.p95, found.size) if found else (trial.latency, trial.size)
        how = "measured" if found else "predicted"
        return f"{trial.structure} ({how} {1000 * p95:.3g} ms p95, {size / 1e6:.2f} MB)"

    fastest = min(result.trials, key=lambda trial: trial.latency)
    smallest = min(result.trials, key=lambda trial: trial.size)
    also = "" if smallest == fastest else f", the smallest is {told(smallest)}"
    return (
        f"impossible: none of {len(result.trials)} structures is within the budget; the fastest "
        f"is {told(fastest)}{also}"
    )


def draw(trials: Sequence[Trial], chosen: Trial | None, budget: Budget, path: Path) -> None:
    """Write a PNG: all trials, the front among them, the budget and what was chosen."""
    best = front(trials)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for shown, colour, label, order in (
            ([trial for trial in trials if trial not in best], "#cccccc", "tried", 1),
            (best, BLUE, "front", 2),
            ([chosen] if chosen else [], VERMILION, "chosen", 3),
        ):
            axes.scatter(
                [1000 * trial.latency for trial in shown],
                [trial.accuracy for trial in shown],
                [POINTS_A_MB * trial.size / 1e6 for trial in shown],
                color=colour,
                edgecolor="white",
                linewidth=0.4,
                label=label,
                zorder=order,
            )
        if budget.latency is not None:
            axes.axvline(1000 * budget.latency, color=GREY, linestyle="--", label="budget")
        axes.set_xlabel("predicted latency of one tweet, 95th percentile (ms)")
        axes.set_ylabel("macro-recall on held-out tweets, before further training")
        axes.set_title("areas are file sizes")
        axes.set_xlim(left=0)
        axes.grid(visible=True, color="#eeeeee")
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower right")
        figure.savefig(path, dpi=150)


def write(result: SearchResult, profile: Profile, budget: Budget, folder: Path) -> None:
    """Write front.json, front.md and front.png into ``folder``."""
    best = front(result.trials)
    content = {
        "device": str(profile.device),
        "runtime": profile.runtime,
        "tried": len(result.trials),
        "budget": {
            "latency_ms": budget.latency and round(1000 * budget.latency, 6),
            "bytes": budget.size,
        },
        "chosen": result.chosen and as_json(result.chosen),
        "measured": [
            as_json(attempt.trial)
            | {
                "measured_p95_ms": round(1000 * attempt.checked.timing.p95, 4),
                "measured_bytes": attempt.checked.size,
            }
            for attempt in result.attempts
        ],
        "front": [as_json(trial) for trial in best],
    }
    write_file(folder / "front.json", (strict_json(content, indent=1) + "\n").encode())
    text = table(result.trials, result.chosen)
    (folder / "front.md").write_text(text + "\n", encoding="utf-8")
    draw(result.trials, result.chosen, budget, folder / "front.png")
