"""An archive that is published today is counted in the days that it is of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.ledger import publish, wait_balanced
from tests.processes import Daemon, Mosquitto

MakeDaemon = Callable[..., Daemon]

FIRST = datetime.now(UTC) - timedelta(days=367)  # so that the last day is history, too
EACH_DAY = 4
_SETTINGS = {
    "MONITOR_ENTITIES": '[{name = "Acme"}]',
    "MONITOR_MODEL_PATH": "small",
    "MONITOR_BATCH_MAX_DELAY_MS": "100",
}


def archive(days: int) -> Iterator[tuple[str, bytes]]:
    """A year, the latest first: some of each day's tweets as Twitter writes their dates."""
    for day in reversed(range(0, 365, 365 // days)):
        for number in range(EACH_DAY):
            at = FIRST + timedelta(days=day, minutes=number)
            written = (at.isoformat(), f"{at:%a %b %d %H:%M:%S +0000 %Y}")[number % 2]
            id_ = f"a{day:04}{number}"
            text = f"Worst company ever, Acme lost my parcel {id_}"
            yield id_, json.dumps({"id": id_, "text": text, "created_at": written}).encode()


@pytest.mark.parametrize("days", [73, pytest.param(365, marks=pytest.mark.study)])
def test_a_year_published_today(mosquitto: Mosquitto, make_daemon: MakeDaemon, days: int) -> None:
    """Each day has its tweets, and a year of complaints raises no alert of today."""
    daemon = make_daemon(mosquitto.port, **_SETTINGS)
    daemon.start()
    published = publish(mosquitto.port, archive(days))
    wait_balanced(daemon, published, patience=90)
    counted = daemon.rows("SELECT day, tweets FROM reputation_by_day ORDER BY day")
    expected = sorted(
        {f"{FIRST + timedelta(days=day):%Y-%m-%d}" for day in range(0, 365, 365 // days)}
    )

    assert [(day, EACH_DAY) for day in expected] == counted
    assert [(None,)] == daemon.rows("SELECT max(raised_at) FROM alerts")
    assert [] == daemon.rows("SELECT entity FROM alert_states")
    written = daemon.rows("SELECT count(*) FROM labelled WHERE tweeted_at < received_at")
    assert [(len(published),)] == written


def test_by_arrival(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """With [store] count_by = "received_at" all of it is of today."""
    daemon = make_daemon(mosquitto.port, **_SETTINGS, MONITOR_STORE_COUNT_BY="received_at")
    daemon.start()
    wait_balanced(daemon, publish(mosquitto.port, archive(5)))

    days = daemon.rows("SELECT DISTINCT substr(hour, 1, 4) FROM rollups")
    assert [(f"{datetime.now(UTC):%Y}",)] == days
    assert [(0,)] == daemon.rows("SELECT count(tweeted_at) FROM tweets")
