"""Small pictures of a standing: shares side by side, the net score with its intervals, its course.

Polarities differ by place and pattern as well as by colour: negative is to the left and hatched,
positive to the right and plain.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.periods import epoch
from monitor.pictures import words
from monitor.pictures.markup import Markup, join, tag
from monitor.pictures.scales import Scale, runs
from monitor.pictures.spans import Span
from monitor.standings import Standing
from monitor.verdict import POLARITIES

PATTERNS = Markup(
    '<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect class="negative" width="6" height="6"/>'
    '<rect class="stripe" width="2" height="6"/></pattern></defs></svg>'
)
"""Once a page; `shares` refers to it."""

_SPARK = 28


def shares(standing: Standing) -> Markup:
    """Draw the shares of negative, neutral and positive as one bar."""
    parts, start = [], 0.0
    values = (standing.negative.value, standing.neutral.value, standing.positive.value)
    for polarity, value in zip(POLARITIES, values, strict=True):
        parts.append(
            tag(
                "rect",
                class_=f"part {polarity}",
                x=f"{100 * start:.2f}%",
                y=0,
                width=f"{100 * max(value, 0):.2f}%",
                height="100%",
            )
        )
        start += value
    text = ", ".join(f"{p} {words.percent(v)}" for p, v in zip(POLARITIES, values, strict=True))
    return tag("svg", tag("title", text), parts, class_="shares", role="img", height=14)


def net(standing: Standing) -> Markup:
    """Draw the net score on an axis from -1 to 1, chance inside, all that is uncertain outside."""
    figure, half = standing.net, standing.chance[3]
    place = Scale(-1, 1, 1, 99)

    def line(style: str, low: float, high: float) -> Markup:
        x1, x2 = (f"{place(end):.2f}%" for end in (low, high))
        return tag("line", class_=style, x1=x1, x2=x2, y1=9, y2=9)

    return tag(
        "svg",
        tag("title", f"net score {words.signed(figure.value)} ({words.ranged(figure)})"),
        line("grid", -1, 1),
        tag("line", class_="zero", x1="50%", x2="50%", y1=1, y2=17),
        line("whisker", figure.low, figure.high),
        line("box", figure.value - half, figure.value + half),
        tag("circle", class_="dot", cx=f"{place(figure.value):.2f}%", cy=9, r=4),
        class_="net",
        role="img",
        height=18,
    )


def sparkline(windows: Sequence[Standing], span: Span) -> Markup:
    """Draw the course of the net score, without axes; the earliest window first."""
    if not windows:
        return join()
    values = [window.net.value for window in windows]
    starts = [epoch(window.start) for window in windows]
    half, low, high = span.step / 2, min(values), max(values)
    room = max(0.25 - (high - low), 0) / 2  # a flat course looks flat
    x = Scale(span.first, span.end, 0, 100)
    y = Scale(low - room - 1e-9, high + room + 1e-9, _SPARK - 4, 4)
    pieces = [
        "M" + "L".join(f"{x(starts[n] + half):.2f} {y(values[n]):.1f}" for n in range(a, b))
        for a, b in runs(starts, span.step)
        if b - a > 1
    ]
    text = f"net score from {words.signed(values[0])} to {words.signed(values[-1])}"
    return tag(
        "svg",
        tag("title", text),
        tag(
            "svg",
            tag("path", class_="line net-line", d="".join(pieces)),
            viewBox=f"0 0 100 {_SPARK}",
            preserveAspectRatio="none",
            width="100%",
            height=_SPARK,
        ),
        tag(
            "circle",
            class_="dot net-line",
            cx=f"{x(starts[-1] + half):.2f}%",
            cy=y(values[-1]),
            r=3,
        ),
        class_="spark",
        role="img",
        height=_SPARK,
    )
