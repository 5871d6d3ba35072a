"""The same days of one log have the same numbers, wherever they are shown."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.pictures.overview import read
from monitor.pictures.spans import Span
from monitor.publishing import sensors
from monitor.reporting import data
from monitor.standings import ReportQuestion, gather
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.pictures.logs import write
from tests.test_zones import living

HOUR_S = 3600.0
_AGES = st.one_of(
    st.floats(0, 40 * DAY_S),
    # Where hours, days and spans meet.
    st.tuples(st.integers(0, 40 * 24), st.sampled_from([-1.0, 0.0, 1.0])).map(
        lambda hours_and_s: max(hours_and_s[0] * HOUR_S + hours_and_s[1], 0.0)
    ),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(_AGES, min_size=1, max_size=30),
    now=st.floats(NOW, NOW + 2 * DAY_S),
    name=st.sampled_from(["24h", "7d", "30d"]),
    zone=st.sampled_from(["UTC", "America/St_Johns", "Asia/Tokyo", "Europe/Berlin"]),
)
def test_every_view_counts_the_same(
    tmp_path_factory: pytest.TempPathFactory, ages: list[float], now: float, name: str, zone: str
) -> None:
    """Wherever the board is."""
    with living(zone):
        _count(tmp_path_factory.mktemp("log") / "log.db", ages, now, name)


def _count(path: Path, ages: list[float], now: float, name: str) -> None:
    """Table, JSON, CSV, page, dashboard, its windows, a day-by-day report, and the sensors."""
    write(path, [(now - age, "Acme", "negative") for age in ages])
    span_s = {"24h": DAY_S, "7d": 7 * DAY_S, "30d": 30 * DAY_S}[name]
    with closing(open_log(path)) as connection:
        report = gather(connection, ReportQuestion(now - span_s, now))
        by_day = gather(connection, ReportQuestion(now - span_s, now, window="day"))
        dashboard = read(connection, Span.ending(now, name), entity=None, now=now)
        page = read(connection, Span.of(now - span_s, now), entity=None, now=now)
        (_, sensor) = sensors.messages(connection, "home", ["Acme"], now)
    expected = sum(standing.tweets for standing in report.standings)

    assert expected == sum(one["tweets"] for one in json.loads(data.as_json(report))["standings"])
    lines = csv.DictReader(io.StringIO(data.as_csv(report)))
    assert expected == sum(int(line["tweets"]) for line in lines)
    assert expected == sum(standing.tweets for standing in by_day.standings)
    for overview in (dashboard, page):
        assert expected == sum(row.whole.tweets for row in overview.rows)
        assert expected == sum(each.tweets for row in overview.rows for each in row.windows)
    if name == "24h":
        assert expected == json.loads(sensor.payload or "{}")["tweets"]
