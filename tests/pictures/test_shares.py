"""Small pictures of a standing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from monitor.pictures import shares
from monitor.pictures.spans import Span
from monitor.standings import Standing, standings
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.pictures.logs import write


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    """Two negative, one neutral, one positive."""
    labels = ("negative", "negative", "neutral", "positive")
    path = write(tmp_path / "log.db", [(NOW, "Acme", label) for label in labels])
    with closing(open_log(path)) as connection:
        return standings(connection, NOW - DAY_S, NOW + 1)[0]


def _percent(element: ET.Element, name: str) -> float:
    return float((element.get(name) or "").rstrip("%"))


def test_shares_fill_the_bar_in_order(standing: Standing) -> None:
    """Negative to the left, positive to the right, each begins where the one before ends."""
    parts = [e for e in ET.fromstring(shares.shares(standing)) if e.tag == "rect"]

    assert ["part negative", "part neutral", "part positive"] == [e.get("class") for e in parts]
    assert [(0, 50), (50, 25), (75, 25)] == [
        (_percent(e, "x"), _percent(e, "width")) for e in parts
    ]


def test_the_net_score_lies_within_its_intervals(standing: Standing) -> None:
    """Chance inside, all that is uncertain outside; the middle of the axis is 0."""
    drawn = {e.get("class"): e for e in ET.fromstring(shares.net(standing))}
    whisker, box = (
        (_percent(drawn[name], "x1"), _percent(drawn[name], "x2")) for name in ("whisker", "box")
    )

    assert (
        whisker[0]
        <= box[0] + 0.01
        < 37.75
        == _percent(drawn["dot"], "cx")
        < box[1]
        <= whisker[1] + 0.01
    )
    assert 50 == _percent(drawn["zero"], "x1")


def test_a_course_of_one_window_is_a_dot(standing: Standing) -> None:
    """No line, and no division by nothing."""
    picture = ET.fromstring(shares.sparkline([standing], Span.ending(NOW, "7d")))

    assert 1 == len(list(picture.iter("circle")))
    assert [""] == [path.get("d") for path in picture.iter("path")]


def test_no_course_of_no_window() -> None:
    """Nothing is drawn."""
    assert "" == shares.sparkline([], Span.ending(NOW, "7d"))
