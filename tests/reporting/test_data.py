"""A report as data: complete, and read by others' parsers."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.reporting import data
from monitor.standings import Alert, Report, ReportQuestion, gather
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.logs import Said, write_log

WEIRD = 'A|B "quoted", *new*\n<b>Ünï</b>\x9b'


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Two entities, one with a name full of syntax, and a change."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(WEIRD, "positive", 10, hours_ago=30),
            Said(WEIRD, "negative", 10, hours_ago=2),
            Said("", "neutral", 2, hours_ago=2),
        ],
    )
    with closing(open_log(log)) as connection:
        return gather(connection, ReportQuestion(NOW - DAY_S, NOW))


def test_json_holds_all_there_is(report: Report) -> None:
    """What was asked, what the log spans, and each figure with its ends; ASCII alone."""
    text = data.as_json(report)
    document: dict[str, Any] = json.loads(text)
    weird, nobody = document["standings"]

    assert text.isascii()
    assert {"first_tweet": report.first, "last_tweet": report.last} == document["log"]
    assert list(report.basis) == document["basis"]
    assert (WEIRD, None) == (weird["entity"], nobody["entity"])
    assert (10, 0, 10) == (weird["tweets"], weird["labelled_positive"], weird["labelled_negative"])
    assert weird["change_low"] < weird["change"] == -2.0 < weird["change_high"]
    assert None is nobody["change"] is nobody["change_low"]
    for figure in ("negative", "neutral", "positive", "net"):
        assert weird[f"{figure}_low"] <= weird[figure] <= weird[f"{figure}_high"]
    assert "none" == weird["correction"]


def test_csv_holds_the_same(report: Report) -> None:
    """A line an entity, with the same keys and figures; None is empty."""
    rows = list(csv.DictReader(io.StringIO(data.as_csv(report))))
    standings = json.loads(data.as_json(report))["standings"]

    assert len(standings) == len(rows)
    for expected, row in zip(standings, rows, strict=True):
        assert list(expected) == list(row)
        for key in set(expected) - {"entity"}:
            assert ("" if expected[key] is None else str(expected[key])) == row[key]
    assert ['A|B "quoted", *new* <b>Ünï</b> ', ""] == [row["entity"] for row in rows]


def test_markdown_is_a_table(report: Report) -> None:
    """Ten cells a line, names without syntax, and below what it is based on."""
    lines = list(data.as_markdown(report))
    rows = [line.replace(r"\|", "") for line in lines if line.startswith("|")]

    assert {11} == {row.count("|") for row in rows}
    (row,) = [line for line in lines if line.startswith("| 2025") and r"A\|B " in line]
    assert r"\*new\*" in row
    assert r"\<b\>" in row
    assert "**-2.00**" in row
    assert "uncorrected" in "".join(lines)


def test_alerts_are_told(report: Report) -> None:
    """In JSON as they stand in the log, in Markdown a line each."""
    ten = "2025-06-15T10:00:00.000Z"
    alert = Alert("a|b", ten, ten, None, "share", 0.1, 0.3, 20.0, 21.0, 50, 15, 90, 27, "leak *")
    told = dataclasses.replace(report, alerts=[alert])

    expected = {
        "id": 0,
        "entity": "a|b",
        "since": ten,
        "raised_at": ten,
        "ended_at": None,
        "kind": "share",
        "usual_share": 0.1,
        "share": 0.3,
        "usual_per_day": 20.0,
        "per_day": 21.0,
        "tweets": 50,
        "negatives": 15,
        "all_tweets": 90,
        "all_negatives": 27,
        "about": "leak *",
    }
    assert [expected] == json.loads(data.as_json(told))["alerts"]
    line = list(data.as_markdown(told))[-1]
    assert line.startswith(r"- Alert: a\|b, 2025-06-15 10:00 to now: negative labels 30 %")
    said = "; 90 tweets in all, 30 % of the labels negative; what stands out: leak "
    assert line.endswith(rf"{said}\*")
