"""How long the disk lasts, as ``monitor check`` says it."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.planning.room import Room, measure, outlook
from monitor.settings import StoreSettings
from monitor.store import Store, open_log
from tests.factories import NOW, batch_row, minute, register, see_minutes, tweet_row
from tests.logs import write_log
from tests.processes import Daemon, Mosquitto

BUSY = Room(pace=20.0, tweet_bytes=507, taken=10**9, free=23 * 10**9)


@pytest.mark.parametrize(
    ("room", "keep", "lasts", "said"),
    [
        (
            BUSY,
            StoreSettings(),
            False,
            ["takes 78.8 GB, 24.0 GB are there", "full in 26 days", "to 26 or"],
        ),
        (BUSY, StoreSettings(keep_days=20), True, ["keep_days = 20 takes 17.5 GB"]),
        (BUSY, StoreSettings(max_bytes=10**10), True, ["max_bytes = 10.0 GB holds 11 days"]),
        (BUSY, StoreSettings(max_bytes=10**10, keep_days=5), True, ["holds 5.0 days"]),
        (
            BUSY,
            StoreSettings(max_bytes=10**11),
            False,
            ["max_bytes is 100.0 GB", "24.0 GB", "lower"],
        ),
        (
            BUSY,
            StoreSettings(keep_days=0),
            False,
            ["kept for ever", "full in 26 days", "max_bytes"],
        ),
        (dataclasses.replace(BUSY, pace=1.0), StoreSettings(), True, ["takes 3.9 GB"]),
        (
            dataclasses.replace(BUSY, pace=1.0),
            StoreSettings(keep_days=0),
            True,
            ["full in 525 days"],
        ),
        (
            dataclasses.replace(BUSY, pace=None),
            StoreSettings(),
            True,
            ["not known yet", "23.0 GB are free"],
        ),
        (dataclasses.replace(BUSY, pace=0.0), StoreSettings(), True, ["nothing comes"]),
    ],
)
def test_said_before_it_is_full(
    room: Room, keep: StoreSettings, lasts: bool, said: list[str]
) -> None:
    """By hand: 20 tweets/s of 507 bytes are 0.876 GB a day, and 78.8 GB in 90 days."""
    fits, line = outlook(room, keep)

    assert lasts is fits
    for part in said:
        assert part in line
    assert "\n" not in line


def test_pace_and_size_are_the_logs_own(tmp_path: Path) -> None:
    """The latest week of running tells the pace, and what is there what a tweet takes."""
    with closing(Store(path := tmp_path / "monitor.db")) as store:
        register(store)
        busy = dataclasses.replace(minute(), labelled=110, rejected=10)
        for _ in range(60):
            store.write_minute(busy)
        with closing(open_log(path)) as log:
            new = measure(log, path)
        for batch in range(11):
            rows = [tweet_row(f"{batch}-{number}") for number in range(1000)]
            store.write(batch_row(1000), rows, [])
        with closing(open_log(path)) as log:
            full = measure(log, path)

    assert (2.0, 580) == (new.pace, new.tweet_bytes)
    assert 200 < full.tweet_bytes < 800
    assert full.taken == pytest.approx(11_000 * full.tweet_bytes)


def test_check_warns(mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]) -> None:
    """A stream that no disk holds for ever: a warning with the way out, and exit code 0."""
    daemon = make_daemon(mosquitto.port, MONITOR_STORE_KEEP_DAYS="36500")
    with closing(Store(daemon.database)) as store:
        see_minutes(store, (NOW + 60 * number for number in range(100)))
        store._connection.execute("UPDATE throughput SET labelled = 6000000")
    result = daemon.command("check")
    (line,) = [line for line in result.stdout.decode().splitlines() if line.startswith("disk")]

    assert 0 == result.returncode
    assert "WARNING" == line.split()[1]
    assert "set [store] keep_days" in line


def test_the_disk_is_that_on_which_the_log_lies(tmp_path: Path) -> None:
    """Not that of a link which leads to it, from a card to a larger disk, say."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        log = write_log(Path(folder) / "monitor.db")
        (link := tmp_path / "monitor.db").symlink_to(log)
        with closing(open_log(link)) as connection:
            free = measure(connection, link).free
        here, there = (shutil.disk_usage(disk).free for disk in (tmp_path, memory))

    assert abs(free - there) < abs(free - here)
