"""``monitor.standings.unread``: tweets without a label are counted apart, everywhere."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from monitor.console.terminal import UNICODE
from monitor.merging.merge import Merge
from monitor.pictures.overview import read
from monitor.pictures.spans import Span
from monitor.publishing import sensors
from monitor.reporting import data, html, table
from monitor.standings import Report, ReportQuestion, gather, standings
from monitor.standings.unread import Unread, of_each, unread
from monitor.store import open_log
from monitor.verdict import OTHER_LANGUAGE
from monitor.watching.snapshot import take
from tests.factories import NOW
from tests.logs import Said, write_log

DAY_S = 86_400.0
SAID = [
    Said(count=3, label=OTHER_LANGUAGE),
    Said(count=2, label="positive"),
    Said(count=4, label=OTHER_LANGUAGE, entity="Lumen"),
    Said(count=1, label=OTHER_LANGUAGE, entity="", is_retweet=True),
    Said(count=5, label=OTHER_LANGUAGE, hours_ago=50),
]
"""Of the last day eight are not read, four of them about an entity of which nothing is read."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with these."""
    return write_log(tmp_path / "monitor.db", SAID)


def _report(log: Path, entity: str | None = None) -> Report:
    with closing(open_log(log)) as connection:
        return gather(connection, ReportQuestion(NOW - DAY_S, NOW, entity=entity))


def test_counts(log: Path) -> None:
    """By entity and span."""
    with closing(open_log(log)) as connection:
        day = unread(connection, NOW - DAY_S, NOW)
        assert Unread(8, [("Lumen", 4), ("Acme", 3), ("", 1)]) == day
        assert unread(connection, NOW - 4 * DAY_S, NOW, "Acme").tweets == 8
        assert {"Acme": 3} == of_each(connection, NOW - DAY_S, NOW, ["Acme", "Zebra"])
        assert Unread(0, []) == unread(connection, NOW + DAY_S, NOW + 2 * DAY_S)
        assert [] == Unread().told()


def test_no_standing_counts_them(log: Path) -> None:
    """Nor is there one of whom nothing is read."""
    with closing(open_log(log)) as connection:
        found = standings(connection, NOW - 4 * DAY_S, NOW)
    assert [("Acme", 2, 0)] == [(s.entity, s.tweets, s.retweets) for s in found]


def test_reports(log: Path) -> None:
    """A sentence in those for people, a field in the one for programs."""
    report = _report(log)
    said = " ".join(table.lines(report, NOW, 100, UNICODE))
    assert "Not counted above: 8 tweets in languages that the model does not read" in said
    assert any("8 tweets in languages" in line for line in data.as_markdown(report))
    apart = json.loads(data.as_json(report))["other_languages"]
    assert (8, {"entity": "Lumen", "tweets": 4}) == (apart["tweets"], apart["entities"][0])


def test_a_report_of_nothing_else(log: Path) -> None:
    """An entity that is spoken of in other languages alone is not told as one without tweets."""
    said = " ".join(table.lines(_report(log, "Lumen"), NOW, 100, UNICODE))
    assert "No labelled tweets about Lumen in that time." in said
    assert "4 tweets in languages" in said


def test_pages_and_watch_and_sensors(log: Path) -> None:
    """The same figures."""
    with closing(open_log(log)) as connection:
        span = Span.of(NOW - DAY_S, NOW)
        overview = read(connection, span, entity=None, now=NOW)
        snapshot = take(connection, "log", NOW, None, 10)
        messages = sensors.messages(connection, "board", ["Acme", "Lumen"], NOW)
    assert "8 tweets in languages" in str(html.rendered(overview))
    assert snapshot.board.other_languages == 8
    assert ["positive"] * 2 == [tweet.label for tweet in snapshot.tweets]
    documents = [json.loads(message.payload) for message in messages[1:]]
    assert [(2, 3), (0, 4)] == [(d["tweets"], d["other_languages"]) for d in documents]


def test_joined(log: Path, tmp_path: Path) -> None:
    """Two logs that have some of them in common count each once."""
    other = write_log(tmp_path / "other.db", [Said(count=5, label=OTHER_LANGUAGE, hours_ago=0.5)])
    with closing(Merge(tmp_path / "joined.db", [log, other])) as merge:
        merge.take(log)
        merge.take(other)
    with closing(open_log(tmp_path / "joined.db")) as connection:
        counted = unread(connection, NOW - 4 * DAY_S, NOW)
        rows = connection.execute("SELECT count(*) FROM other_languages").fetchone()
    # The other log's first three are those of the first log; its next two were labelled there.
    assert (13, 13) == (counted.tweets, rows[0])
