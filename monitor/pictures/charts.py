"""Charts over time as SVG: lines with intervals, bars.

A chart is as wide as its place, and its text as large as the page's on any screen: places along the
axis are percentages, and only paths lie in a box that is stretched. Colours are the style sheet's.
What a mouse learns by pointing stands in a table beside each chart, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.pictures.markup import Content, Markup, join, tag
from monitor.pictures.scales import Scale, moments, runs

_BOX: Final = 1000.0
"""Width of the box that is stretched."""
_DOTS: Final = 60
"""With more dots than this, they would overlap."""
_BAR: Final = 0.86
"""Share of a window that its bar is wide."""


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of a window of time, its interval, and within that what is due to chance."""

    start: float
    end: float
    value: float
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    """Half a width; drawn if it is not the whole interval."""
    title: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A time that stands out."""

    start: float
    end: float
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined where they follow each other."""

    style: str
    """Class of the style sheet, which tells colour and dashes."""
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Axes:
    """What a chart's sides mean."""

    since: float
    until: float
    step: float
    """Seconds of a window."""
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    height: int = 180
    moments: int = 6
    """Marks along the time axis, at most."""

    def x(self, moment: float) -> float:
        """Return the place of a moment, in percent."""
        return Scale(self.since, self.until, 0, 100)(moment)

    def y(self, value: float) -> float:
        """Return the place of a figure, in pixels from the top."""
        return Scale(self.low, self.high, self.height, 0)(value)


def lines(
    axes: Axes,
    drawn: Sequence[Line],
    *,
    id_: str,
    title: str,
    desc: str,
    marks: Sequence[Mark] = (),
    zero: bool = False,
    pointed: bool = True,
) -> Markup:
    """Draw lines; the first one's intervals are bands.

    Args:
        axes: of the chart.
        drawn: the lines.
        id_: of the chart in its page.
        title: what it shows, for those who cannot see it.
        desc: what is to be seen.
        marks: times that stand out.
        zero: draw a line at 0.
        pointed: the first line's points can be pointed at, and lead to what is behind them.
    """
    bands = [_bands(axes, drawn[0])] if drawn else []
    paths = [_path(axes, line) for line in drawn]
    ends = [_dots(axes, line, every=pointed) for line in drawn]
    base = (
        tag("line", class_="zero", x1="0", x2="100%", y1=axes.y(0), y2=axes.y(0)) if zero else None
    )
    return _frame(
        axes,
        id_,
        title,
        desc,
        [_marks(axes, marks), base, _stretched(axes, [bands, paths]), ends],
        drawn[0].points if drawn and pointed else (),
    )


def bars(
    axes: Axes,
    points: Sequence[Point],
    *,
    id_: str,
    title: str,
    desc: str,
    marks: Sequence[Mark] = (),
    pointed: bool = True,
) -> Markup:
    """Draw a bar a window; arguments as for `lines`."""
    width = axes.step / (axes.until - axes.since) * _BOX * _BAR
    drawn = "".join(
        f"M{_box(axes, p.start)} {axes.height}V{_y(axes, p.value)}h{width:.1f}V{axes.height}z"
        for p in points
        if p.value
    )
    content = [_marks(axes, marks), _stretched(axes, tag("path", class_="bar", d=drawn))]
    return _frame(axes, id_, title, desc, content, points if pointed else ())


def _frame(
    axes: Axes, id_: str, title: str, desc: str, content: Content, points: Sequence[Point]
) -> Markup:
    grid = [
        [
            tag("line", class_="grid", x1="0", x2="100%", y1=axes.y(value), y2=axes.y(value)),
            tag("text", text, class_="tick", x="-8", y=axes.y(value) + 4, text_anchor="end"),
        ]
        for value, text in axes.ticks
    ]
    below = [
        [
            tag(
                "line",
                class_="notch",
                x1=_share(axes.x(at)),
                x2=_share(axes.x(at)),
                y1=axes.height,
                y2=axes.height + 4,
            ),
            tag(
                "text",
                text,
                class_="tick",
                x=_share(axes.x(at)),
                y=axes.height + 18,
                text_anchor=_anchor(axes.x(at)),
            ),
        ]
        for at, text in moments(axes.since, axes.until, axes.moments)
    ]
    return tag(
        "svg",
        tag("title", title, id=f"{id_}-t"),
        tag("desc", desc, id=f"{id_}-d"),
        grid,
        below,
        content,
        _hits(axes, points),
        class_="chart",
        height=axes.height,
        # What can be followed is more than a picture.
        role="group" if any(point.href for point in points) else "img",
        aria_labelledby=f"{id_}-t {id_}-d",
    )


def _hits(axes: Axes, points: Sequence[Point]) -> list[Markup]:
    """Make each window something to point at; the keyboard has the links of the table instead."""
    found = []
    for p in points:
        area = tag(
            "rect",
            tag("title", p.title),
            class_="hit",
            x=_share(axes.x(p.start)),
            y=0,
            width=_share(axes.x(p.end) - axes.x(p.start)),
            height=axes.height,
        )
        found.append(tag("a", area, href=p.href, tabindex="-1") if p.href else area)
    return found


def _marks(axes: Axes, marks: Sequence[Mark]) -> list[Markup]:
    found = []
    for mark in marks:
        start, end = axes.x(mark.start), axes.x(mark.end)
        found.append(
            tag(
                "g",
                tag("title", mark.title),
                tag(
                    "rect",
                    class_="alert-time",
                    x=_share(start),
                    y=0,
                    width=_share(max(end - start, 0.3)),
                    height=axes.height,
                ),
                tag(
                    "line",
                    class_="alert-start",
                    x1=_share(start),
                    x2=_share(start),
                    y1=0,
                    y2=axes.height,
                ),
                tag(
                    "text",
                    "\N{BLACK UP-POINTING TRIANGLE}",
                    class_="alert-sign",
                    x=_share(start),
                    y=axes.height - 4,
                    text_anchor=_anchor(start),
                ),
            )
        )
    return found


def _stretched(axes: Axes, content: Content) -> Markup:
    return tag(
        "svg",
        content,
        viewBox=f"0 0 {_BOX:.0f} {axes.height}",
        preserveAspectRatio="none",
        x=0,
        y=0,
        width="100%",
        height=axes.height,
    )


def _bands(axes: Axes, line: Line) -> list[Markup]:
    level, chance = [], []
    for start, end in runs([p.start for p in line.points], axes.step):
        part = [p for p in line.points[start:end] if p.low is not None and p.high is not None]
        if not part:
            continue
        level.append(_band(axes, [(_middle(p), p.low or 0.0, p.high or 0.0) for p in part]))
        inner = [p for p in part if p.chance is not None]
        if inner:
            chance.append(
                _band(
                    axes,
                    [
                        (_middle(p), p.value - (p.chance or 0), p.value + (p.chance or 0))
                        for p in inner
                    ],
                )
            )
    return [
        tag("path", class_=f"level {line.style}", d="".join(level)) if level else join(),
        tag("path", class_=f"chance {line.style}", d="".join(chance)) if chance else join(),
    ]


def _band(axes: Axes, ends: Sequence[tuple[float, float, float]]) -> str:
    if len(ends) == 1:  # a lone window has a width, too
        ((at, low, high),) = ends
        ends = [(at - axes.step / 3, low, high), (at + axes.step / 3, low, high)]
    there = [f"{_box(axes, at)} {_y(axes, low)}" for at, low, _ in ends]
    back = [f"{_box(axes, at)} {_y(axes, high)}" for at, _, high in reversed(ends)]
    return f"M{'L'.join([*there, *back])}Z"


def _path(axes: Axes, line: Line) -> Markup:
    pieces = []
    for start, end in runs([p.start for p in line.points], axes.step):
        places = [f"{_box(axes, _middle(p))} {_y(axes, p.value)}" for p in line.points[start:end]]
        if len(places) > 1:
            pieces.append(f"M{'L'.join(places)}")
    return tag("path", class_=f"line {line.style}", d="".join(pieces)) if pieces else join()


def _dots(axes: Axes, line: Line, *, every: bool) -> list[Markup]:
    few = every and len(line.points) <= _DOTS
    shown = line.points if few else line.points[-1:]
    return [
        tag(
            "circle",
            class_=f"dot {line.style}",
            cx=_share(axes.x(_middle(p))),
            cy=axes.y(p.value),
            r=2.5 if few else 3.5,
        )
        for p in shown
    ]


def _middle(point: Point) -> float:
    return (point.start + point.end) / 2


def _box(axes: Axes, moment: float) -> str:
    return f"{axes.x(moment) * _BOX / 100:.1f}"


def _y(axes: Axes, value: float) -> str:
    return f"{axes.y(value):.1f}"


def _share(percent: float) -> str:
    return f"{percent:.2f}%"


def _anchor(percent: float) -> str:
    return "end" if percent > 97 else "middle"  # to the left there is room
