"""Clocks that jump by years while the real daemon runs; what time it is, libfaketime says."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.store import Store
from tests.factories import batch_row, register, see_minutes, tweet_row
from tests.faults.ledger import publish, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
YEAR = timedelta(days=365)


class Clock:
    """The daemon's wall clock; its monotonic clock goes on as it should, as on a board."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Files keep their true times: Python would compile all anew that looks changed.
            "NO_FAKE_STAT": "1",
        }
        self.jump(timedelta())

    def jump(self, ahead: timedelta) -> None:
        """Set it so far ahead of the true time, or behind."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{ahead.total_seconds():+.0f}")
        draft.rename(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """A clock for one daemon."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        message = "libfaketime is not installed (Debian: apt install faketime)"
        if os.environ.get("MONITOR_REQUIRE_BROKER"):
            pytest.fail(message)
        pytest.skip(message)
    return Clock(tmp_path / "clock", libraries[0])


def _when(daemon: Daemon, id_: str) -> datetime:
    ((received_at,),) = daemon.rows("SELECT received_at FROM tweets WHERE id = ?", [id_])
    return datetime.fromisoformat(received_at)


@pytest.mark.parametrize(
    "ahead",
    [
        10 * YEAR,
        pytest.param(-10 * YEAR, marks=pytest.mark.study),
        pytest.param(timedelta(hours=1), marks=pytest.mark.study),
        pytest.param(-timedelta(hours=1), marks=pytest.mark.study),
    ],
)
def test_a_jump_moves_dates_and_nothing_else(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, clock: Clock, ahead: timedelta
) -> None:
    """Years or an hour, either way: dates follow the clock, intervals do not, nothing is pruned."""
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_BATCH_MAX_DELAY_MS="10",
        MONITOR_STORE_KEEP_DAYS="1",
        **clock.environment,
    )
    daemon.start()
    published = publish(mosquitto.port, tweets(30))
    wait_balanced(daemon, published)
    clock.jump(ahead)
    published |= publish(mosquitto.port, tweets(30, 30))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop(), daemon.said()
    daemon.start()
    published |= publish(mosquitto.port, tweets(5, 60))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop(), daemon.said()

    now = datetime.now(UTC)
    assert abs(_when(daemon, "t0000000") - now) < timedelta(minutes=2)
    assert abs(_when(daemon, "t0000059") - now - ahead) < timedelta(minutes=2)
    assert [(0,)] == daemon.rows(
        "SELECT count(*) FROM batches WHERE collect_ms NOT BETWEEN 0 AND 30000"
        " OR classify_ms NOT BETWEEN 0 AND 30000 OR store_ms NOT BETWEEN 0 AND 30000"
    )
    assert [(0,)] == daemon.rows(
        "SELECT count(*) FROM throughput WHERE seconds NOT BETWEEN 0 AND 120"
        " OR latency_max_ms NOT BETWEEN 0 AND 60000"
    )


def test_rows_tell_whether_the_clock_was_right(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """What the kernel says of its clock stands beside every tweet."""
    from monitor.clock import clock_synchronised

    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    daemon.start()
    wait_balanced(daemon, publish(mosquitto.port, tweets(3)))
    says = clock_synchronised()

    assert [(None if says is None else int(says), 3)] == daemon.rows(
        "SELECT clock_synchronised, count(*) FROM labelled GROUP BY 1"
    )


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Berlin", "2025-03-30T00:59:58+00:00"),  # summer time begins
        *(
            pytest.param(zone, moment, marks=pytest.mark.study)
            for zone, moment in (
                ("Europe/Berlin", "2025-10-26T00:59:58+00:00"),  # and ends
                ("America/New_York", "2024-02-29T04:59:58+00:00"),  # a leap day begins
                ("Pacific/Apia", "2024-02-29T23:59:58+00:00"),  # and ends
            )
        ),
    ],
)
def test_calendars_have_no_say(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, clock: Clock, zone: str, moment: str
) -> None:
    """Across the hours that summer time skips or repeats, and a leap day, dates only go on."""
    start = datetime.fromisoformat(moment)
    clock.jump(start - datetime.now(UTC))
    daemon = make_daemon(
        mosquitto.port, TZ=zone, MONITOR_BATCH_MAX_DELAY_MS="10", **clock.environment
    )
    daemon.start()
    published: set[str] = set()
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        published |= publish(mosquitto.port, tweets(5, len(published)))
        time.sleep(0.2)
    wait_balanced(daemon, published)
    daemon.stop()

    rows = daemon.rows("SELECT received_at FROM tweets ORDER BY rowid")
    times = [datetime.fromisoformat(row[0]) for row in rows]
    assert sorted(times) == times
    assert times[-1] - times[0] < timedelta(minutes=1)
    assert abs(times[0] - start) < timedelta(minutes=1)


_UNSYNCHRONISED = """
import sys
import monitor.clock, monitor.store.pruning, monitor.daemon.writer
from monitor.cli import main

monitor.clock._adjtimex = lambda _state: 5  # TIME_ERROR
monitor.daemon.writer._PRUNE_EVERY_S = 0.1
monitor.store.pruning._SLOWLY_EVERY_S = float(sys.argv.pop(1))
main()
"""
"""The daemon on a board whose kernel says that the clock is not synchronised; it looks more often
for what is old, and grants itself an hour each so many seconds."""
_KEPT = {"MONITOR_STORE_KEEP_DAYS": "7"}
_HOURS = 6 * 24
"""By the true time all of them are kept, by the wrong one none."""


def _fill(daemon: Daemon, hours: int, seen: int) -> None:
    """Have a log of so many hours until now, ten tweets each, and an hour as seen by a clock."""
    began = (time.time() // 3600 - hours) * 3600
    with closing(Store(daemon.database)) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        register(store)
        for hour in range(hours):
            at = utc(began + 3600 * hour)
            rows = [tweet_row(f"{hour}-{number}", received_at=at) for number in range(10)]
            store.write(dataclasses.replace(batch_row(10), started_at=at), rows, [])
        see_minutes(
            store, (seen - 60 * number for number in reversed(range(60))), synchronised=False
        )


def _count(daemon: Daemon) -> int:
    return int(daemon.rows("SELECT count(*) FROM tweets")[0][0])


def test_a_clock_that_nobody_synchronises_prunes_an_hour_at_a_time(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, clock: Clock
) -> None:
    """Ten years ahead, as the log has seen for an hour: no more goes than running has granted."""
    daemon = make_daemon(mosquitto.port, **_KEPT, **clock.environment)
    clock.jump(10 * YEAR)
    _fill(daemon, _HOURS, int(time.time() + (10 * YEAR).total_seconds()))
    every = 2.0
    daemon.program = (sys.executable, "-c", _UNSYNCHRONISED, str(every), "run")
    began = time.monotonic()
    daemon.start()
    wait_until(lambda: _count(daemon) <= 10 * (_HOURS - 3), "three hours pruned")
    gone = 10 * _HOURS - _count(daemon)

    assert gone <= 10 * (time.monotonic() - began) / every
    assert 0 == daemon.stop()


def test_a_daemon_that_restarts_under_a_wrong_clock_prunes_nothing(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, clock: Clock
) -> None:
    """Each life looks at what is old, and none lasts long enough to be granted an hour."""
    daemon = make_daemon(mosquitto.port, **_KEPT, **clock.environment)
    clock.jump(10 * YEAR)
    _fill(daemon, _HOURS, int(time.time() + (10 * YEAR).total_seconds()))
    daemon.program = (sys.executable, "-c", _UNSYNCHRONISED, "1800", "run")
    published: set[str] = set()
    for life in range(3):
        daemon.start()
        published |= publish(mosquitto.port, tweets(20, 20 * life))
        daemon.wait_stored(10 * _HOURS + len(published))  # each batch ends with a look
        if life % 2:
            daemon.kill()
        else:
            assert 0 == daemon.stop()

    assert 10 * _HOURS + len(published) == _count(daemon)
