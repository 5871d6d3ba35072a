"""The page says what there is, escapes what it holds, and leads where it can."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from contextlib import closing
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.clock import utc
from monitor.pictures import page
from monitor.pictures.overview import Overview, read
from monitor.pictures.spans import NAMES, Span
from monitor.standings import Alert
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.pictures.logs import HOSTILE, write

MANY = [
    (NOW - h * 3600, name, label)
    for h in range(200)
    for name, label in ((HOSTILE, "negative"), ("Acme", "positive"), ("", "neutral"))
]


class _Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if tag == "a" else []


def _overview(path: Path, span: str = "7d", entity: str | None = None) -> Overview:
    with closing(open_log(path)) as connection:
        return read(connection, Span.ending(NOW, span), entity=entity, now=NOW)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with a hostile entity, a tame one, and tweets about none."""
    return write(tmp_path / "log.db", MANY, [NOW - 60 * n for n in range(1, 100)])


@pytest.mark.parametrize("entity", [None, HOSTILE, ""])
@pytest.mark.parametrize("span", sorted(NAMES))
def test_hostile_words_are_words(log: Path, span: str, entity: str | None) -> None:
    """No script, no event handler, whatever an entity is called; its name is there to read."""
    text = page.content(_overview(log, span, entity), span)

    assert "script" not in _Seen(text).tags
    if entity != "":
        assert HOSTILE in unescape(text)


@pytest.mark.parametrize("entity", [None, HOSTILE])
def test_ids_are_unique(log: Path, entity: str | None) -> None:
    """Labels refer to one element each."""
    ids = _Seen(page.content(_overview(log, entity=entity), "7d")).ids

    assert len(set(ids)) == len(ids)


def test_each_entity_leads_to_its_page(log: Path) -> None:
    """With the span kept; the name survives the way through the address."""
    links = _Seen(page.content(_overview(log), "7d")).links
    found = [parse_qs(urlsplit(link).query, keep_blank_values=True) for link in links]

    for name in (HOSTILE, "Acme", ""):
        assert {"span": ["7d"], "entity": [name]} in found


def test_figures_lead_to_the_tweets_behind(log: Path) -> None:
    """Each window's tweets, by entity, time and label."""
    overview = _overview(log, entity=HOSTILE)
    links = _Seen(page.content(overview, "7d")).links
    asked = [parse_qs(urlsplit(link).query) for link in links if "tweets-behind" in link]

    window = overview.rows[0].windows[0]
    assert {
        "entity": [HOSTILE],
        "since": [window.start],
        "until": [window.end],
        "label": ["negative"],
    } in asked


def test_a_page_without_a_server_leads_nowhere(log: Path) -> None:
    """No link at all, since nothing would answer."""
    assert [] == _Seen(page.content(_overview(log), None)).links
    assert [] == _Seen(page.content(_overview(log, entity=HOSTILE), None)).links


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    """And that the daemon was not seen."""
    text = page.content(_overview(write(tmp_path / "log.db")), "7d")

    assert "No tweet has been labelled yet." in text
    assert "not seen yet" in text


def test_a_time_without_tweets_leads_to_one_with(tmp_path: Path) -> None:
    """The last tweet is a month old: its time is a link away."""
    path = write(tmp_path / "log.db", [(NOW - 30 * DAY_S, "Acme", "negative")])
    text = page.content(_overview(path, "24h"), "24h")

    assert "No tweets in this time." in text
    assert "until=2025-05-16T15%3A07" in text


def test_uncorrected_shares_are_called_so(log: Path) -> None:
    """The stub model has no confusion matrix."""
    assert "uncorrected: stub 1 has no stored confusion matrix" in page.content(
        _overview(log), "7d"
    )


def _with_alerts(overview: Overview, *alerts: Alert) -> Overview:
    report = dataclasses.replace(overview.report, alerts=alerts)
    return dataclasses.replace(overview, report=report)


def _alert(entity: str, ended: float | None = None) -> Alert:
    raised = utc(NOW - DAY_S)
    over = None if ended is None else utc(ended)
    return Alert(entity, raised, raised, over, "share", 0.1, 0.3, None, None, 50, 15)


@pytest.mark.parametrize("entity", [None, HOSTILE])
def test_an_alert_stands_out(log: Path, entity: str | None) -> None:
    """In words, in the table, and as a mark in the chart of its entity alone."""
    overview = _with_alerts(_overview(log, entity=entity), _alert(HOSTILE))
    text = page.content(overview, "7d")

    assert "negative labels 30 % instead of 10 %" in text
    assert "Nothing changed" not in text
    assert 1 == text.count('class="badge"')
    assert (1 if entity is None else 3) == text.count('class="alert-start"')


def test_an_alert_that_ended_is_told_too(log: Path) -> None:
    """For it was in the span; but its entity is not marked as one that has an alert."""
    overview = _with_alerts(_overview(log), _alert(HOSTILE, ended=NOW - DAY_S / 2))
    text = page.content(overview, "7d")

    assert "Alert, over: " in text
    assert 'class="badge"' not in text
    assert 1 == text.count('class="alert-start"')


def test_changes_are_said_in_words(tmp_path: Path) -> None:
    """A fall that is no chance is told, with where it led."""
    tweets = [(NOW - DAY_S * d, "Acme", "positive") for d in (8, 9, 10) for _ in range(99)]
    tweets += [(NOW - DAY_S * d, "Acme", "negative") for d in (0, 1, 2) for _ in range(99)]
    text = page.content(_overview(write(tmp_path / "log.db", tweets)), "7d")

    assert "<strong>Acme</strong>: 297 tweets, 100 % negative (99 to 100)" in text
    assert "worse than before (net -1.00, -2.00 against the time before)." in text
    assert "\u2193\xa0\u22122.00" in text


def _facts(text: str) -> Sequence[str]:
    return re.findall(r'class="vital wrong"><dt>([^<]*)', text)


def test_what_is_wrong_with_the_board_stands_out(tmp_path: Path) -> None:
    """A silent daemon is; a writing one is not."""
    silent = write(tmp_path / "a.db", minutes=[NOW - 3600])
    writing = write(tmp_path / "b.db", minutes=[NOW - 61])

    assert ["daemon"] == _facts(page.content(_overview(silent), "7d"))
    assert [] == _facts(page.content(_overview(writing), "7d"))


def test_many_entities_stay_readable(tmp_path: Path) -> None:
    """The largest are shown, and how many are not."""
    path = write(tmp_path / "log.db", [(NOW, f"e{n}", "neutral") for n in range(120)])
    text = page.content(_overview(path), "7d")

    assert "(others): 70 entities with fewer tweets, added up." in text
    assert "and 112 more" in text
