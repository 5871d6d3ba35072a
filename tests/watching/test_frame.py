"""Pictures of a snapshot."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.console import width
from monitor.console.terminal import ASCII, UNICODE
from monitor.standings import Estimate, Standing
from monitor.standings.learning import Learning
from monitor.watching.frame import View, frame
from monitor.watching.snapshot import HOURS, MINUTES, BoardNow, EntityNow, LatestTweet, Snapshot
from tests.factories import NOW

BOARD = BoardNow(
    tweets_per_s=(12.3, 11.0, 4.5),
    minutes=[None] * (MINUTES - 2) + [1.0, 2.0],
    latency_ms=(13.4, 1500.0),
    queue=3,
    dead_letters=1234,
    rss_mib=98.7,
    cpu_celsius=51.2,
    clock_synchronised=True,
    last_sign=NOW - 5,
    disk_left=10**9,
)


def _entity(
    name: str | None, tweets: int = 100, negative: float = 0.2, *, alert: bool = False
) -> EntityNow:
    share = Estimate(negative, negative - 0.05, negative + 0.05)
    rest = Estimate((1 - negative) / 2, 0.0, 1.0)
    return EntityNow(
        Standing(
            entity=name,
            start="",
            end="",
            counts=(tweets, 0, 0),
            retweets=0,
            unsure=0,
            negative=share,
            neutral=rest,
            positive=rest,
            net=Estimate(0.1, 0.0, 0.2),
            correction="none",
            chance=(0.0, 0.0, 0.0, 0.0),
            change=Estimate(0.3, 0.2, 0.4),
        ),
        [0.2] * HOURS,
        alert,
    )


def _tweet(entity: str = "Acme", text: str | None = "what was said", **more: object) -> LatestTweet:
    return LatestTweet(
        "2025-06-15T15:06:39.123Z", entity, "negative", more.get("unsure", False) is True, text
    )


SNAPSHOT = Snapshot(
    NOW,
    "/var/lib/monitor/monitor.db",
    BOARD,
    [_entity("Acme", 1200, alert=True), _entity("Lumen Telecom"), _entity(None, 3)],
    [_tweet(), _tweet("", None), _tweet("Lumen Telecom", unsure=True)],
)
TERMINAL = View(80, 24, UNICODE)


def test_the_board_at_a_glance() -> None:
    """Throughput, latency, queue, dead letters, memory, temperature, clock, log, time."""
    text = "\n".join(frame(SNAPSHOT, TERMINAL))

    for part in (
        "/var/lib/monitor/monitor.db",
        "2025-06-15 15:06:40 UTC",
        "now 12.3",
        "1 min 11.0",
        "1 h 4.5",
        "p50 13 ms p99 1.50 s",
        "queue 3",
        "dead letters, 24 h: 1,234",
        "99 MiB",
        "51 °C",
        "clock ok",
        "▅█",
    ):
        assert part in text
    assert "is it running" not in text


def test_entities_have_a_line_each() -> None:
    """Tweets, shares, net, the hours, and an alert."""
    lines = {line.split()[0]: line for line in frame(SNAPSHOT, TERMINAL) if line.startswith("  ")}

    assert "1,200   20   40   40 +0.10±0.10 ▅▅" in lines["Acme"]
    assert lines["Acme"].endswith("ALERT")
    assert "1,303" in lines["all"]
    assert "▲" not in lines["Acme"]
    assert "(no" in lines


def test_who_is_new_is_marked() -> None:
    """Unless an alert holds, which says more."""
    few = Learning("Acme", 3, None)
    known, new = _entity("Lumen"), dataclasses.replace(_entity("Acme"), learning=few)
    struck = dataclasses.replace(_entity("Zento", alert=True), learning=few)
    lines = frame(dataclasses.replace(SNAPSHOT, entities=[known, new, struck]), TERMINAL)

    assert ["Acme"] == [line.split()[0] for line in lines if line.endswith(" new")]
    assert ["Zento"] == [line.split()[0] for line in lines if line.endswith(" ALERT")]


def test_an_alert_is_never_cut() -> None:
    """Rather the name, if there is little room."""
    entities = [_entity("University of Calderfen", alert=True), _entity("Acme")]
    lines = frame(dataclasses.replace(SNAPSHOT, entities=entities), TERMINAL)

    assert ["  University of"] == [line[:15] for line in lines if line.endswith(" ALERT")]


def test_a_wide_terminal_shows_changes() -> None:
    """There is room for what has changed since the day before."""
    lines = frame(SNAPSHOT, dataclasses.replace(TERMINAL, columns=100))

    assert any("+0.30 ▲" in line for line in lines)


def test_the_last_tweets_with_their_labels() -> None:
    """Time, label, entity, text; a text that was not kept is said to be so, and doubt is a mark."""
    lines = frame(SNAPSHOT, TERMINAL)

    assert "15:06:39 -  Acme           what was said" in lines
    assert "15:06:39 -  (no entity)    (text not kept)" in lines
    assert "15:06:39 -? Lumen Telecom  what was said" in lines


@pytest.mark.parametrize(
    ("silence_s", "expected"),
    [
        (149, None),
        (151, "! the daemon has written nothing for 2 min: is it running?"),
        (3600 * 30, "! the daemon has written nothing for 30 h 0 min: is it running?"),
        (3600 * 24 * 9, "! the daemon has written nothing for 9 days: is it running?"),
    ],
)
def test_a_daemon_that_seems_stopped(silence_s: float, expected: str | None) -> None:
    """After two rows of the minute that did not come, it is asked for."""
    board = dataclasses.replace(BOARD, last_sign=NOW - silence_s)
    lines = frame(dataclasses.replace(SNAPSHOT, board=board), TERMINAL)

    assert [expected] * bool(expected) == [line for line in lines if line.startswith("!")]


def test_an_empty_log() -> None:
    """It says that there is nothing, rather than showing nothing."""
    board = BoardNow(
        (0, 0, 0), [None] * MINUTES, (None, None), None, 0, None, None, None, None, None
    )
    text = "\n".join(frame(Snapshot(NOW, "monitor.db", board, [], []), TERMINAL))

    assert "nothing has been written yet: is the daemon running?" in text
    assert "no tweets yet" in text
    assert "clock unknown" in text


def test_a_quiet_day() -> None:
    """Tweets, but none today: the table says so, and the tweets have their date."""
    old = dataclasses.replace(_tweet(), received_at="2025-06-11T15:06:39.123Z")
    text = "\n".join(frame(dataclasses.replace(SNAPSHOT, entities=[], tweets=[old]), TERMINAL))

    assert "no tweets in the last 24 h" in text
    assert "last tweets, the latest of 2025-06-11" in text


def test_keys_have_a_hint_and_a_mark() -> None:
    """The last line says which keys there are; what is chosen is marked."""
    lines = frame(SNAPSHOT, View(80, 24, UNICODE, chosen=2, hint="q quits"))

    assert 24 == len(lines)
    assert "q quits" == lines[-1]
    assert ["▸ Lumen Telecom"] == [line[:15] for line in lines if line.startswith("▸")]


def test_what_is_chosen_is_seen() -> None:
    """With more entities than lines, the list moves."""
    many = dataclasses.replace(SNAPSHOT, entities=[_entity(f"Entity {n}") for n in range(99)])
    for chosen in range(0, 100, 9):
        lines = frame(many, View(80, 24, UNICODE, chosen, hint="q quits"))
        name = f"Entity {chosen - 1}" if chosen else "all"
        assert [f"▸ {name} "] == [line[: len(name) + 3] for line in lines if line.startswith("▸")]


_TEXT = st.text(max_size=60) | st.sampled_from(
    ["漢字" * 50, "\x1b[2J" * 9, "👍🏽" * 40, "e\u0301" * 90]
)
_OPTIONAL = st.none() | st.floats(0, 1e6)
_SNAPSHOTS = st.builds(
    Snapshot,
    taken_at=st.floats(NOW, NOW + 1e6),
    log=_TEXT,
    board=st.builds(
        BoardNow,
        tweets_per_s=st.tuples(*[st.floats(0, 1e5)] * 3),
        minutes=st.lists(_OPTIONAL, min_size=MINUTES, max_size=MINUTES),
        latency_ms=st.tuples(_OPTIONAL, _OPTIONAL),
        queue=st.none() | st.integers(0, 10**6),
        dead_letters=st.integers(0, 10**9),
        rss_mib=_OPTIONAL,
        cpu_celsius=_OPTIONAL,
        clock_synchronised=st.sampled_from([None, True, False]),
        last_sign=st.none() | st.just(NOW),
    ),
    entities=st.lists(
        st.builds(_entity, st.none() | _TEXT, st.integers(1, 10**9), st.floats(0, 1)), max_size=12
    ),
    tweets=st.lists(st.builds(_tweet, _TEXT, st.none() | _TEXT), max_size=40),
)


@settings(max_examples=50)
@given(
    _SNAPSHOTS,
    st.integers(1, 200),
    st.integers(1, 60),
    st.sampled_from([UNICODE, ASCII]),
    st.integers(0, 12),
    st.sampled_from(["", "q quits"]),
)
def test_never_larger_than_the_terminal(
    snapshot: Snapshot, columns: int, rows: int, signs: object, chosen: int, hint: str
) -> None:
    """Whatever there is to show, and however small the terminal; and nothing steers it."""
    assert signs in (UNICODE, ASCII)
    lines: Sequence[str] = frame(snapshot, View(columns, rows, signs, chosen, hint))

    assert len(lines) <= rows
    assert [] == [line for line in lines if width(line) > columns]
    assert all(line.isprintable() for line in lines)
    assert signs is UNICODE or all(line.isascii() for line in lines)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, None),
        (10**9, None),
        (9_500_000, "! the disk is nearly full: 9.5 MB are free"),
        (4096, "! the disk is full: nothing is stored until there is room"),
    ],
)
def test_a_full_disk_is_told(left: int | None, said: str | None) -> None:
    """At once: the log looks well for minutes, since nothing of it can be written."""
    lines = frame(
        dataclasses.replace(SNAPSHOT, board=dataclasses.replace(BOARD, disk_left=left)), TERMINAL
    )
    warnings = [line for line in lines if line.startswith("!")]

    assert len(warnings) == (said is not None)
    assert said is None or warnings[0].startswith(said)


def test_shares_by_answers_of_the_owner_are_marked() -> None:
    """A star after net; of others none."""
    acme = _entity("Acme")
    standing = dataclasses.replace(acme.standing, correction="owner", answers=40)
    own = dataclasses.replace(acme, standing=standing)
    shown = "\n".join(frame(dataclasses.replace(SNAPSHOT, entities=[own, acme]), TERMINAL))

    assert 1 == shown.count("+0.10±0.10*")
    assert 2 == shown.count("+0.10±0.10")
