"""``monitor.notifying.summary``: what `monitor report` says of the same span, in lines."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC
from pathlib import Path

from monitor.notifying.summary import of_span
from monitor.notifying.words import Message
from monitor.standings import ReportQuestion, gather
from monitor.store import open_log
from monitor.verdict import OTHER_LANGUAGE
from tests.factories import DAY_S, NOW
from tests.logs import Said, write_log
from tests.notifying.logs import AlertLog


def _summary(path: Path, dashboard: str = "") -> Message:
    with closing(open_log(path)) as connection:
        return of_span(connection, NOW - DAY_S, NOW, UTC, dashboard)


def test_each_entity_has_a_line(tmp_path: Path) -> None:
    """With the report's own figures, alerts of the span, and the page."""
    log = AlertLog(tmp_path / "monitor.db")
    log.raised(at=NOW - 3600)
    message = _summary(log.path)
    with closing(open_log(log.path)) as connection:
        report = gather(connection, ReportQuestion(NOW - DAY_S, NOW))
    first = report.standings[0]
    lines = message.body.split("\n")

    assert "summary" == message.kind
    assert "Reputation, Sat 14 Jun 2025 15:06 UTC to Sun 15 Jun 2025 15:06 UTC" == message.title
    assert lines[0].startswith(
        f"Acme: 51 tweets, {100 * first.negative.value:.0f} % negative"
        f" ({100 * first.negative.low:.0f} to {100 * first.negative.high:.0f}), "
    )
    assert lines[1].startswith("Zento: 9 tweets, ")
    assert "Alert, Sun 15 Jun 2025 14:06 UTC and on: Acme, negative labels 41 %" in message.body
    assert lines[-1] == (
        "The same on the board: monitor report --since 2025-06-14T15:06Z --until 2025-06-15T15:06Z"
    )
    assert message.page
    assert message.page.startswith("<!DOCTYPE html>")
    assert "Zento" in message.page
    assert "what was said" not in message.body + message.page


def test_it_is_bounded(tmp_path: Path) -> None:
    """However many entities there are, and alerts."""
    said = [Said(f"Brand {i}", count=1 + i % 3) for i in range(60)]
    log = AlertLog(write_log(tmp_path / "monitor.db", said))
    for i in range(30):
        log.raised(f"Brand {i}", NOW - 60 * i - 60)
    lines = _summary(log.path, "http://board/").body.split("\n")

    assert 45 > len(lines)
    assert "And 20 alerts more." in lines
    assert any(line.startswith("(others): ") for line in lines)
    assert "See http://board/" == lines[-1]


def test_a_quiet_time(tmp_path: Path) -> None:
    """That there were none is said, too."""
    path = write_log(tmp_path / "monitor.db", [Said(hours_ago=500)])

    assert "No tweets in that time." == _summary(path).body.split("\n")[0]


def test_a_strangers_name_calls_nobody(tmp_path: Path) -> None:
    """Wherever it stands: of its shares, of what is learnt, and of other languages."""
    name = "@everyone <b>https://example.org"
    said = [Said(name, count=30), Said(name, OTHER_LANGUAGE, 3), Said("@here", count=3)]
    path = write_log(tmp_path / "monitor.db", said)
    log = AlertLog(path)
    log.raised(name, NOW - 60)
    log.change(
        "INSERT INTO alert_states (entity, model_id, phase, kind, negatives, tweets, learnt,"
        " seconds, pauses, waited_days, since_raised_s, share_up, share_far, volume_up, both_up,"
        " spell_tweets, spell_s, spread, spells, now_negatives, now_tweets, now_seconds, recovery)"
        " VALUES (?, 1, 'watching', '', 1, 9, 7, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0)",
        name,
    )
    body = _summary(path).body

    assert "Alerts still learn" in body
    assert "languages that the model does not read" in body
    assert body.count("everyone") >= 4
    for steering in ("@everyone", "@here", "https://example", "<b>"):
        assert steering not in body
