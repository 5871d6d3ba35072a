"""The page of an alert, from real logs."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.pictures import alert
from monitor.pictures.alert import AlertPage
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.logs import Said, write_log
from tests.pictures.logs import HOSTILE

_BEGAN = NOW - 2 * DAY_S


def _page(
    path: Path, said: list[Said], *, ended: bool = True, stories: str | None = None
) -> AlertPage:
    """Read the page of an alert that began two days ago and was over a day later, or holds."""
    write_log(path, said)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO alerts (id, entity, model_id, kind, since, since_earliest, since_latest,"
            " raised_at, ended_at, usual_share, share, tweets, negatives, first_batch_id,"
            " first_tweet_id, batch_id, tweet_id, about, stories)"
            " VALUES (7, 'Acme', 1, 'share', ?, ?, ?, ?, ?, 0.2, 0.6, 51, 30, 1, '', 2, '', ?, ?)",
            (
                *(utc(_BEGAN), utc(_BEGAN - 3600), utc(_BEGAN + 60), utc(_BEGAN + 7200)),
                *(utc(_BEGAN + DAY_S) if ended else None, stories and HOSTILE, stories),
            ),
        )
    with closing(open_log(path)) as connection:
        found = alert.read(connection, 7, NOW)
        assert alert.read(connection, 8, NOW) is None
    assert found is not None
    return found


_HOURS = st.integers(0, 30 * 24)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=st.lists(_HOURS, max_size=30), count=st.integers(1, 60), ended=st.booleans())
def test_bars_hold_what_was_labelled(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int], count: int, ended: bool
) -> None:
    """Even ones that meet, with each tweet of their time once, not too many of them."""
    said = [Said(count=count, hours_ago=h) for h in sorted(hours, reverse=True)]
    path = tmp_path_factory.mktemp("log") / "log.db"
    page = _page(path, [*said, Said("Lumen", count=9), Said(is_retweet=True, count=9)], ended=ended)
    first, last = page.bins[0].start, page.bins[-1].end

    assert {page.bins[0].end - first} == {one.end - one.start for one in page.bins}
    assert [one.end for one in page.bins[:-1]] == [one.start for one in page.bins[1:]]
    assert first <= _BEGAN - 2 * DAY_S
    assert last >= _BEGAN + DAY_S
    assert 1 <= len(page.bins) <= 96
    inside = sum(count for h in hours if first <= NOW - 3600 * h < last)
    assert inside == sum(one.tweets for one in page.bins)
    assert all(one.negatives == one.tweets for one in page.bins)


def test_it_tells_the_story(tmp_path: Path) -> None:
    """What has risen, since when, when it was noticed and over, and a tweet like each story."""
    story = {
        "words": ["leak", HOSTILE],
        "tweets": 40,
        "retweets": 3,
        "negative_share": 0.9,
        "first_seen": utc(_BEGAN),
        "examples": ["gone", "1"],
    }
    page = _page(tmp_path / "log.db", [Said(count=3, text=HOSTILE)], stories=json.dumps([story]))
    text = alert.content(page)
    plain = re.sub(r"<[^>]*>", " ", text)

    assert "Negative labels 60 % instead of 20 %; what stands out: " in text
    assert (
        "It began 13 Jun 2025, 15:06 (95 % interval: 13 Jun 2025, 14:06 to 13 Jun 2025, 15:07), was"
        " noticed 13 Jun 2025, 17:06 and was over 14 Jun 2025, 15:06."
    ) in plain
    assert [HOSTILE] == [told.example for told in page.stories]
    assert HOSTILE not in text
    assert "<script" not in text
    assert "/log/alert-tweets?alert=7" in text
    assert "Acme: alert of 2025-06-13" == alert.title(page)


def test_it_says_what_is_not_known(tmp_path: Path) -> None:
    """It holds, and nothing is stored of what it is about."""
    text = alert.content(_page(tmp_path / "log.db", [], ended=False))

    assert " and holds." in text
    assert "No texts of its tweets are stored, or they were not looked at yet." in text
    found = _page(tmp_path / "none.db", [], stories="[]")
    assert "Nothing stands out in its tweets." in alert.content(found)
