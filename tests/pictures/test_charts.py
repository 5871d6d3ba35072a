"""Charts are well-formed, lead where they say, and do not bridge gaps."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from monitor.pictures.charts import Axes, Line, Mark, Point, bars, lines

AXES = Axes(0, 10, 1, 0, 1, [(0, "none"), (1, "all <&>")])
HOSTILE = "\"'><script>alert(1)</script>&"


def _points(*starts: int) -> list[Point]:
    return [
        Point(
            *(start, start + 1, 0.5, 0.2, 0.8, 0.1),
            title=f"{HOSTILE} {start}",
            href=f"/x?a={start}&b={HOSTILE}",
        )
        for start in starts
    ]


def _drawn(*starts: int, **options: bool) -> ET.Element:
    chart = lines(
        AXES,
        [Line("negative", _points(*starts))],
        id_="c",
        title=HOSTILE,
        desc=HOSTILE,
        marks=[Mark(3, 4, HOSTILE)],
        **options,
    )
    return ET.fromstring(chart)


def _path(chart: ET.Element, style: str) -> str:
    found = next(e for e in chart.iter("path") if e.get("class") == style)
    return found.get("d") or ""


def test_hostile_words_stay_words() -> None:
    """Titles, marks, addresses and ticks hold whatever they are given, and no element more."""
    chart = _drawn(1, 2)

    assert HOSTILE == chart.findtext("title")
    assert [] == list(chart.iter("script"))
    assert {f"/x?a={n}&b={HOSTILE}" for n in (1, 2)} == {a.get("href") for a in chart.iter("a")}


def test_a_line_breaks_at_a_gap() -> None:
    """Two runs, two pieces; a lone point is no line."""
    assert 2 == _path(_drawn(0, 1, 2, 5, 6), "line negative").count("M")
    assert 1 == _path(_drawn(0, 1, 4), "line negative").count("M")


def test_intervals_break_there_too() -> None:
    """A band a run, a lone window's among them, outside and inside."""
    chart = _drawn(0, 1, 4)

    assert 2 == _path(chart, "level negative").count("M")
    assert 2 == _path(chart, "chance negative").count("M")


def test_each_window_can_be_pointed_at() -> None:
    """With its title; links are left to the table for the keyboard."""
    chart = _drawn(0, 4)

    assert ["-1", "-1"] == [a.get("tabindex") for a in chart.iter("a")]
    assert [f"{HOSTILE} {n}" for n in (0, 4)] == [a.findtext("rect/title") for a in chart.iter("a")]
    assert [] == list(_drawn(0, 4, pointed=False).iter("a"))


def test_the_chart_says_what_it_is() -> None:
    """For those who hear it: role, title and description."""
    chart = _drawn(1)

    assert "c-t c-d" == chart.get("aria-labelledby")
    # A picture, but for one whose points lead somewhere: nothing in a picture can be followed.
    assert ("group" if chart.findall(".//a") else "img") == chart.get("role")
    assert ["c-t", "c-d"] == [e.get("id") for e in chart if e.tag in ("title", "desc")]


@given(
    values=st.lists(st.floats(-5, 5), max_size=10),
    low=st.floats(-5, 5),
    high=st.floats(-5, 5),
)
def test_nothing_lies_outside(values: list[float], low: float, high: float) -> None:
    """Whatever the figures, each corner of a path lies within the box."""
    points = [Point(n, n + 1, value, low, high, 0.3) for n, value in enumerate(values)]
    chart = ET.fromstring(lines(AXES, [Line("negative", points)], id_="c", title="", desc=""))
    corners = [
        (float(x), float(y))
        for path in chart.iter("path")
        for x, y in re.findall(r"[ML](\S+) ([\d.]+)", path.get("d") or "")
    ]

    assert bool(values) == bool(corners)
    assert all(0 <= x <= 1000 and 0 <= y <= AXES.height for x, y in corners)


def test_bars_stand_on_the_axis() -> None:
    """One a window, as high as its figure; none for nothing."""
    points = [Point(0, 1, 0.5), Point(1, 2, 0.0), Point(2, 3, 1.0)]
    chart = ET.fromstring(bars(AXES, points, id_="c", title="", desc=""))

    assert "M0.0 180V90.0h86.0V180zM200.0 180V0.0h86.0V180z" == _path(chart, "bar")
