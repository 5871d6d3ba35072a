"""``monitor.notifying.words``: one line an alert that can be acted on; names that do no harm."""

from __future__ import annotations

import dataclasses
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from monitor.notifying.news import Alert, News, Told
from monitor.notifying.words import named, of_alerts

ROSE = Alert(
    id=7,
    entity="Acme",
    since="2026-11-21T08:14:02.510Z",
    raised_at="2026-11-21T10:02:00.000Z",
    ended_at=None,
    outcome=None,
    kind="share",
    usual_share=0.1213,
    share=0.4118,
    usual_per_day=35.0,
    per_day=36.0,
    tweets=51,
    negatives=21,
)
OVER = dataclasses.replace(ROSE, ended_at="2026-11-23T03:10:00.000Z", outcome="recovered")


def _news(raised: list[Alert], ended: list[Alert]) -> News:
    return News(raised, ended, Told())


def test_an_alert_is_told_in_one_line() -> None:
    """Who, from what to what, since when, of how many, and where to see more."""
    message = of_alerts(_news([ROSE], []), ZoneInfo("Europe/Berlin"), "")

    assert "alert" == message.kind
    assert "Acme: more negative tweets than usual" == message.title
    assert [
        (
            "Acme: negative labels 41 % instead of 12 % since Sat 21 Nov 2026 09:14 CET (21 of 51"
            " tweets when it was noticed, Sat 21 Nov 2026 11:02 CET)."
        ),
        (
            "See, on the board: monitor topics --alert 7, and monitor report --since"
            " 2026-11-21T08:14Z --entity Acme"
        ),
    ] == message.body.split("\n")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("recovered", "back to what is usual"),
        ("adopted", "taken for usual from now on"),
        ("new-model", "another model labels now"),
        ("of a later version", "it has ended"),
        (None, "it has ended"),
    ],
)
def test_its_end(outcome: str | None, said: str) -> None:
    """Since when, and why."""
    over = dataclasses.replace(OVER, outcome=outcome)
    message = of_alerts(_news([], [over]), UTC, "http://board:8001")

    assert ("over", "Acme: the alert is over") == (message.kind, message.title)
    assert message.body.startswith("Acme: over since Mon 23 Nov 2026 03:10 UTC: ")
    assert said in message.body
    assert message.body.endswith("See http://board:8001/alert?number=7")


def test_raised_and_over_meanwhile() -> None:
    """One line says both."""
    message = of_alerts(_news([OVER], []), UTC, "")

    assert ("over", "Acme: the alert is over") == (message.kind, message.title)
    assert 2 == len(message.body.split("\n"))
    assert "Over since Mon 23 Nov 2026 03:10 UTC" in message.body


def test_many_are_told_in_one_message_that_is_bounded() -> None:
    """Twenty lines, the latest, and how many more there were."""
    alerts = [dataclasses.replace(ROSE, id=i, entity=f"Brand {i}") for i in range(900, 0, -1)]
    message = of_alerts(_news(alerts, [OVER]), UTC, "")
    lines = message.body.split("\n")

    assert "900 entities: more negative tweets than usual" == message.title
    assert 22 == len(lines)
    assert lines[0].startswith("Brand 900: ")
    assert "And 881 more, earlier." == lines[20]
    assert "See, on the board: monitor report --since 2026-11-21T08:14Z" == lines[21]


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("@everyone", "@everyone"),
        ("<!channel>", "<!"),
        ("[win](https://evil.example)", "https://"),
        ("a\nAcme: all is well", "\n"),
        ("\x1b[31mred", "\x1b"),
        ("\u202eevil", "\u202e"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_names_of_strangers_do_no_harm(name: str, never: str) -> None:
    """They call nobody, link nowhere, begin no line and steer nothing."""
    alert = dataclasses.replace(ROSE, entity=name)
    message = of_alerts(_news([alert], []), UTC, "")
    first, _, where = message.body.partition("\n")

    assert never not in named(name)
    assert never not in first + message.title
    assert where.startswith("See, on the board: ")
    assert 2 == len(message.body.split("\n"))


def test_a_name_is_quoted_for_the_shell() -> None:
    """The command can be typed as it stands."""
    alert = dataclasses.replace(ROSE, entity="Mokka & Moss; rm -rf")
    message = of_alerts(_news([alert], []), UTC, "")

    assert message.body.endswith("--entity 'Mokka & Moss; rm -rf'")


def test_dates_that_are_none() -> None:
    """A log may hold any text for a time; the message is sent all the same."""
    alert = dataclasses.replace(ROSE, since="yesterday?", raised_at="9999-99-99")

    assert "1970" in of_alerts(_news([alert], []), UTC, "").body
