"""Power cuts at any moment: whatever the disk holds then, nothing acknowledged is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from monitor.store import Store
from tests.factories import query
from tests.faults.ledger import assert_balanced, publish, rejects, tweets, wait_balanced
from tests.faults.power import cut_power, disk_after_cut, put_in_place
from tests.faults.redo import Record, acknowledged, read
from tests.faults.vfs import run_on_sick_disk
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_CUTS = 4


@pytest.fixture
def daemon(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> Daemon:
    """A daemon of small batches that often folds its WAL back, on a disk that notes everything."""
    made = make_daemon(
        mosquitto.port,
        MONITOR_BATCH_MAX_TWEETS="16",
        MONITOR_BATCH_MAX_DELAY_MS="10",
        MONITOR_PRIVACY_STORE_TEXT="full",
    )
    run_on_sick_disk(made, wal_autocheckpoint=40)
    return made


def check_moments(life: Sequence[Record], moments: Iterable[int], folder: Path) -> None:
    """Cut the power at moments of a life, and look whether the log opens and holds enough."""
    folder.mkdir()
    database = folder / "monitor.db"
    for moment in moments:
        put_in_place(disk_after_cut(life[:moment], Random(moment)), database)
        with closing(Store(database)):
            pass
        assert [("ok",)] == query(database, "PRAGMA integrity_check")
        rows = "SELECT (SELECT count(*) FROM tweets) + (SELECT count(*) FROM dead_letters)"
        ((held,),) = query(database, rows)
        assert acknowledged(life[:moment]) <= held, f"lost at {moment} of {len(life)}"


def test_loses_nothing(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Cut after cut in the middle of a flow, each with another loss of what was not synced."""
    daemon.start()
    published: set[str] = set()
    for seed in range(_CUTS):
        published |= publish(mosquitto.port, [*tweets(290, 290 * seed), *rejects(10, 10 * seed)])
        cut_power(daemon, seed)
    wait_balanced(daemon, published)


@pytest.mark.parametrize(
    ("layout", "later"), [(20, 40), pytest.param(None, 300, marks=pytest.mark.study)]
)
def test_at_any_moment_of_a_life(
    daemon: Daemon, mosquitto: Mosquitto, tmp_path: Path, layout: int | None, later: int
) -> None:
    """While the log is laid out and at moments after that: it opens, and holds what it must."""
    daemon.start()
    wait_balanced(daemon, publish(mosquitto.port, [*tweets(300), *rejects(12)]))
    assert 0 == daemon.stop()
    life = list(read(daemon.folder / "redo"))
    # The record is complete: made anew from it, the file is the very same.
    assert {"monitor.db": daemon.database.read_bytes()} == disk_after_cut(life, Random(0), "all")

    laid_out = life.index(Record("acknowledge"))
    moments = [
        *Random(0).sample(range(laid_out), layout or laid_out),
        *Random(0).sample(range(laid_out, len(life)), later),
    ]
    check_moments(life, moments, tmp_path / "cut")


def test_would_lose_tweets_with_less_care(
    daemon: Daemon, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """A test of the tests: with SQLite's usual care for a WAL, both find that tweets are lost."""
    run_on_sick_disk(daemon, synchronous="NORMAL")
    daemon.start()
    published = publish(mosquitto.port, tweets(100))
    wait_until(lambda: acknowledged(read(daemon.folder / "redo")) == 100, "acknowledgements")
    life = list(read(daemon.folder / "redo"))
    cut_power(daemon, 0, kept="none")
    published |= publish(mosquitto.port, tweets(1, start=100))
    daemon.wait_stored(1)

    with pytest.raises(AssertionError, match="lost"):
        assert_balanced(daemon, published)
    with pytest.raises(AssertionError, match="lost"):
        check_moments(life, range(len(life) - 20, len(life)), tmp_path / "cut")
