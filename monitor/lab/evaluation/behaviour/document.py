"""The behaviour of a model as Markdown, for its card: made from what model.toml keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.lab.evaluation.markdown import table

HEADINGS = {
    "open": "Open half",
    "held_back": "Half that is held back until a model is done",
}


def as_markdown(halves: Mapping[str, Mapping[str, Any]]) -> str:
    """Return tables of the halves that are recorded.

    Args:
        halves: the table ``[behaviour]`` of a model.toml, as `record.recorded` makes its values.
    """
    lines: list[str] = []
    for half, heading in HEADINGS.items():
        if half in halves:
            lines += _half(heading, halves[half])
    return "\n".join(lines).rstrip() + "\n"


def _half(heading: str, kept: Mapping[str, Any]) -> list[str]:
    cases, both = kept["cases"], kept["both"]
    spread = kept["most_negative"] - kept["least_negative"]
    return [
        (
            f"{heading}: {cases['all']} cases under {kept['names']} names,"
            f" {kept['questions']:,} questions."
        ),
        "",
        *table(
            ["kind", "cases", "accuracy", "under the worst name", "both of two entities right"],
            (
                [
                    kind,
                    str(count),
                    f"{kept['accuracy'][kind]:.3f}",
                    f"{kept['worst_name'][kind]:.3f}",
                    f"{both[kind]:.3f}" if kind in both else "-",
                ]
                for kind, count in cases.items()
            ),
        ),
        (
            f"Always answering negative would score {kept['truth']:.3f}. Over the same texts,"
            f" negative answers range from {kept['least_negative']:.3f} under one name to"
            f" {kept['most_negative']:.3f} under another: {100 * spread:.1f} points."
        ),
        "",
        *table(
            ["change that must not matter", "label changed"],
            ([test, f"{share:.3f}"] for test, share in kept["invariance_failed"].items()),
        ),
        *table(
            ["change that must matter", "wrong or no move"],
            ([test, f"{share:.3f}"] for test, share in kept["direction_failed"].items()),
        ),
    ]
