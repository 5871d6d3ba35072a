"""A report for the terminal."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.console import Glyphs, width
from monitor.console.terminal import ASCII, UNICODE
from monitor.periods import WINDOWS
from monitor.reporting import table
from monitor.standings import Alert, ReportQuestion, gather
from monitor.standings.learning import Learning
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.logs import Said, write_log


def _lines(
    log: Path, question: ReportQuestion | None = None, columns: int = 80, signs: Glyphs = UNICODE
) -> list[str]:
    with closing(open_log(log)) as connection:
        report = gather(connection, question or ReportQuestion(NOW - DAY_S, NOW))
        return list(table.lines(report, NOW, columns, signs))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Acme has fallen, Lumen stands as before, and some tweets are about none."""
    return write_log(
        tmp_path / "monitor.db",
        [
            Said("Acme", "positive", 40, hours_ago=30),
            Said("Lumen", "neutral", 10, hours_ago=30),
            Said("Acme", "negative", 30, hours_ago=2),
            Said("Acme", "positive", 10, hours_ago=2),
            Said("Acme", "positive", 5, hours_ago=2, is_retweet=True),
            Said("Lumen", "neutral", 10, hours_ago=2),
            Said("", "neutral", 3, hours_ago=2),
        ],
    )


def test_a_line_an_entity(log: Path) -> None:
    """Who, how many, shares with intervals, net, and what has changed, marked if it has."""
    said = _lines(log)
    lines = said[next(n for n, line in enumerate(said) if line.startswith("entity")) - 2 :]
    rows = {line.split()[0]: line.split() for line in lines[3:6]}

    assert "Reputation from 2025-06-14 15:00 to 2025-06-15 15:06 UTC" == said[0]
    assert (
        "Acme: 40 tweets, 75 % negative (61 to 89), 25 % positive (12 to 38); worse than" == said[2]
    )
    assert ["entity", "tweets", "+RT", "-·+", "neg", "%"] == lines[2].split()[:6]
    assert ["Acme", "40", "5"] == rows["Acme"][:3]
    assert re.search(r" 75±1\d +0±\d +25±1\d -0\.50±0\.\d\d -1\.50 ▼$", lines[3])
    assert "+0.00" == rows["Lumen"][-1]
    assert any(line.startswith("(no entity)") and line.endswith("-") for line in lines)


def test_says_what_it_is_based_on(log: Path) -> None:
    """Below: correction, intervals, what a change is, what retweets are."""
    said = " ".join(_lines(log)[6:])

    for part in (
        "uncorrected: stub 1 has no stored confusion matrix",
        "percent of tweets, ± 95 % interval",
        "against the span as long before",
        "+RT: retweets, counted apart",
    ):
        assert part in said


def test_windows_have_a_heading_each(log: Path) -> None:
    """Split by day: the latest first, an entity a line below each."""
    lines = _lines(log, ReportQuestion(NOW - 2 * DAY_S, NOW, window="day"))

    assert ["2025-06-15", "2025-06-14"] == [line for line in lines if line.startswith("2025")]
    assert 2 == sum(line.startswith("Acme  ") for line in lines)


def test_one_entity_is_told_by_time(log: Path) -> None:
    """Then the first column is the time."""
    lines = _lines(log, ReportQuestion(NOW - 2 * DAY_S, NOW, window="hour", entity="Lumen"))

    first = next(n for n, line in enumerate(lines) if line.startswith("hour"))

    assert ["hour", "2025-06-15 13:00", "2025-06-14 09:00"] == [
        line[:16].strip() for line in lines[first : first + 3]
    ]


def test_an_empty_span_says_where_there_is_something(log: Path) -> None:
    """No table, but when the log's first and last tweet came."""
    said = " ".join(_lines(log, ReportQuestion(NOW - 400 * DAY_S, NOW - 300 * DAY_S)))

    assert (
        "No tweets in that time. The log has tweets from 2025-06-14 09:06 to 2025-06-15 13:06"
        in said
    )


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    """There is nothing to be shown, now or before."""
    assert "The log is empty" in _lines(write_log(tmp_path / "empty.db"))[-1]


def test_an_old_log_says_when_it_ended(tmp_path: Path) -> None:
    """The last tweet came hours before the span's end: there may be no daemon."""
    log = write_log(tmp_path / "monitor.db", [Said(hours_ago=5)])

    assert "The log's last tweet came at 2025-06-15 10:06 UTC." == _lines(log)[-1]


def test_labels_marked_as_unsure_are_told(tmp_path: Path) -> None:
    """How many of the labels the model was unsure of."""
    log = write_log(tmp_path / "monitor.db", [Said(count=7)], abstain_below=0.9)

    assert "7 labels are marked as unsure" in " ".join(_lines(log))


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """A publisher chooses the name of an entity."""
    log = write_log(tmp_path / "monitor.db", [Said("\x1b[2JAcme\n\x9b1m")])
    text = "\n".join(_lines(log))

    assert "Acme" in text
    assert not {"\x1b", "\x9b"} & set(text)


def test_alerts_stand_below(log: Path) -> None:
    """Who, since when, and how much; one that is over says until when."""
    noon, ten, later = (f"2025-06-15T{time}:00.000Z" for time in ("12:00", "10:00", "11:30"))
    held = Alert("Acme", noon, noon, None, "share", 0.2, 0.412, 35.0, 34.0, 51, 21)
    more = Alert("Zento", noon, noon, None, "both", 0.17, 0.75, 35.0, 140.0, 12, 9)
    over = Alert("\x1bLumen", ten, ten, later, "share", 0.1, 0.3, None, None, 50, 15)
    with closing(open_log(log)) as connection:
        report = gather(connection, ReportQuestion(NOW - DAY_S, NOW))
    told = dataclasses.replace(
        report, alerts=[held, more, over], learning=[Learning("Zento", 37, 13.2)]
    )
    lines = list(table.lines(told, NOW, 80, UNICODE))

    first = next(n for n, line in enumerate(lines) if line.startswith("ALERT"))
    assert [
        "ALERT 0, 2025-06-15 12:00 and on: Acme, negative labels 41 % instead of 20 %",
        "ALERT 0, 2025-06-15 12:00 and on: Zento, 4.0 times as many tweets as usual, 9 of",
        "12 labels negative (usually 17 %)",
        "ALERT 0, 2025-06-15 10:00 to 2025-06-15 11:30: Lumen, negative labels 30 %",
        "instead of 10 %",
    ] == lines[first : first + 5]
    assert "Alerts still learn what is usual for Zento (37, 13 days yet)" in " ".join(lines)


_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["漢字" * 20]
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.builds(Said, entity=_NAMES, count=st.integers(1, 30)), min_size=1, max_size=5),
    st.integers(60, 160),
    st.sampled_from([None, *WINDOWS]),
    st.sampled_from([UNICODE, ASCII]),
)
def test_no_line_is_too_long(
    tmp_path_factory: pytest.TempPathFactory,
    said: Sequence[Said],
    columns: int,
    window: None,
    signs: Glyphs,
) -> None:
    """Whatever the names and however narrow the terminal, from 60 columns on."""
    log = write_log(tmp_path_factory.mktemp("log") / "monitor.db", said)
    lines = _lines(log, ReportQuestion(NOW - DAY_S, NOW, window=window), columns, signs)

    assert [] == [line for line in lines if width(line) > columns]
    assert signs.unicode or all(line.isascii() for line in lines)
