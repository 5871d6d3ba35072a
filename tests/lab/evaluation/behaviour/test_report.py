"""The table and JSON."""

import json
from dataclasses import replace
from functools import cache

import pytest

from monitor import DEFAULT_MODEL
from monitor.console import Glyphs, width
from monitor.console.terminal import ASCII, UNICODE
from monitor.lab.evaluation.behaviour.figures import BehaviourFigures, figures
from monitor.lab.evaluation.behaviour.report import as_json, as_table
from monitor.lab.evaluation.behaviour.run import Answered
from monitor.verdict import Answer, Pair
from tests.lab.evaluation.behaviour.answers import all_cases, answered, saying


def unsure(pair: Pair) -> Answer:
    """Answer by the length of text and name: wrong often enough."""
    return saying(("negative", "neutral", "positive")[len("".join(map(str, pair))) % 3])


@cache
def unsure_answers() -> Answered:
    """Return unsure answers to all cases."""
    return answered(unsure, all_cases())


@cache
def unsure_figures() -> BehaviourFigures:
    """Return what is counted of them."""
    return figures(unsure_answers())


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_table_fits(signs: Glyphs) -> None:
    """At most 100 columns, nothing at the end of a line, and no emoji where there is no Unicode."""
    table = as_table(unsure_answers(), unsure_figures(), signs)

    assert 100 >= max(width(line) for line in table.splitlines())
    assert not any(line.endswith(" ") for line in table.splitlines())
    assert signs.unicode or table.isascii()
    assert table.startswith(f"{DEFAULT_MODEL} version ")
    assert "468 cases (open half), each under 48 names" in table
    for part in ("\ncrisis news ", "\nall ", "\nnames swapped ", "\nanother name ", " expected, "):
        assert part in table


def test_the_half_held_back_shows_no_text() -> None:
    """Neither table nor JSON quote it: looking at the figures teaches nobody the cases."""
    found = replace(unsure_answers(), half="held_back")
    counted = unsure_figures()
    shown = as_table(found, counted) + json.dumps(as_json(found, counted))

    assert "(held back half)" in shown
    assert [] == [case.id for case in all_cases() if case.id in shown]
    assert [] == [case.id for case in all_cases() if case.text[:15] in shown]
    assert counted.failures


def test_json_is_complete_and_strict() -> None:
    """It survives a strict parser, and has every name, test and failure."""
    counted = unsure_figures()
    read = json.loads(json.dumps(as_json(unsure_answers(), counted), allow_nan=False))

    assert 48 == len(read["names"])
    assert len(counted.checks) == len(read["changes"])
    assert len(counted.failures) == len(read["failures"])
    assert "open" == read["half"]
    assert set(read["figures"]["accuracy"]) == set(read["worst_names"])
    for failure in read["failures"]:
        assert failure["expected"] != failure["got"]
        assert (failure["entity"] is None) == ("{" in failure["text"])
        assert failure["about"] in ("name", "other")
