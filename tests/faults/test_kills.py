"""``kill -9``: on a tweet's way, while the log is made, at the end, and at any moment."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest
from sqlite_utils import Database

from monitor.store import Store
from monitor.store.schema import migrations
from tests.factories import query
from tests.faults.ledger import publish, rejects, stored, tweets, wait_balanced
from tests.faults.saboteur import sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_QUICK = {"MONITOR_BATCH_MAX_DELAY_MS": "10", "MONITOR_PRIVACY_STORE_TEXT": "full"}


@contextmanager
def flowing(port: int, rate: float = 150) -> Iterator[set[str]]:
    """Publish tweets and rejects, so many a second, and collect their ids."""
    published: set[str] = set()
    over = threading.Event()

    def flow() -> None:
        start = 0
        while not over.is_set():
            messages = [*tweets(27, start), *rejects(3, start)]
            published.update(publish(port, messages, rate))
            start += len(messages)

    thread = threading.Thread(target=flow)
    thread.start()
    try:
        yield published
    finally:
        over.set()
        thread.join()


def kill_at_step(daemon: Daemon, *faults: str, stop: bool = False) -> None:
    """Start a daemon that will kill itself at a step, on its own or when told to stop."""
    with sabotaged(daemon, *faults):
        daemon.start(ready=stop)
    assert daemon.process is not None
    if stop:
        wait_until(lambda: daemon.stored() > 0, "the first batch, so that others are on their way")
        daemon.process.terminate()
    assert -signal.SIGKILL == daemon.process.wait(PATIENCE_S), daemon.said()


def kill_at_random(daemon: Daemon, random: Random, longest: float = 1.5) -> None:
    """Start a daemon and kill it at a random moment; half of them fall into its end."""
    daemon.start(ready=False)
    time.sleep(random.uniform(0, longest))  # the moment is what is tried
    daemon.alive()
    if daemon.process and random.random() < 0.5:
        daemon.process.terminate()
        time.sleep(random.uniform(0, 0.1))
    daemon.kill()


@pytest.fixture
def daemon(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> Daemon:
    """A daemon that is down, its subscription known to the broker."""
    made = make_daemon(mosquitto.port, **_QUICK)
    made.start()
    assert 0 == made.stop()
    return made


@pytest.mark.parametrize(
    "step",
    [
        *(pytest.param(step, marks=pytest.mark.study) for step in ("received", "acknowledged")),
        *("before-commit", "after-commit"),
    ],
)
def test_killed_on_a_tweets_way(daemon: Daemon, mosquitto: Mosquitto, step: str) -> None:
    """At the first, third and tenth time of a step, in the middle of a flow: nothing is lost."""
    with flowing(mosquitto.port) as published:
        for number in (1, 3, 10):
            kill_at_step(daemon, f"{step}={number}")
        daemon.start()

    wait_balanced(daemon, published)


@pytest.mark.parametrize(
    "step", ["draining=1", pytest.param("draining=2", marks=pytest.mark.study), "drained"]
)
def test_killed_at_the_end(daemon: Daemon, mosquitto: Mosquitto, step: str) -> None:
    """Killed after SIGTERM: what it labelled last is stored once, the rest comes again."""
    daemon.environment |= {"MONITOR_BATCH_MAX_TWEETS": "8", "MONITOR_MODEL_WORKERS": "2"}
    with flowing(mosquitto.port, rate=600) as published:
        # Slower than the flow, so that both workers are busy when it is told to stop.
        kill_at_step(daemon, step, "slow=50", stop=True)
        daemon.start()

    wait_balanced(daemon, published)


def test_killed_at_any_moment(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """At random moments, of which some fall into start and end."""
    random = Random(0)
    with flowing(mosquitto.port) as published:
        for _ in range(8):
            kill_at_random(daemon, random)
        daemon.start()

    wait_balanced(daemon, published)


def _first_version(path: Path) -> None:
    """Lay out a log as the first migration alone does, with a tweet in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA auto_vacuum = INCREMENTAL")
        old.execute(f"PRAGMA application_id = {int.from_bytes(b'twrm')}")
        migrations.apply(Database(old), stop_before="m002_abstained")
        for values in (
            "models VALUES (1, 'aa', 'stub', '1', 'litert', 'sentiment', '2025')",
            "tweets VALUES ('old', '2025-06-15', NULL, 'tweets', NULL, NULL, 0, '', 1)",
            "labels VALUES ('old', '', 'positive', 0.1, 0.2, 0.7, 'neutral', 0.3, 0.4, 0.3, 1)",
        ):
            old.execute(f"INSERT INTO {values}")


# But for the table of sqlite-utils, which it makes and gives an index in two steps.
_SCHEMA = (
    "SELECT type, name, sql FROM sqlite_master WHERE tbl_name != '_sqlite_migrations' ORDER BY name"
)


def kill_while_the_log_is_made(daemon: Daemon, make: Callable[[Path], None], every: int) -> int:
    """Kill daemons before one in so many statements of their start; how many were killed.

    Each gets a new log; opened again, it holds what it held and is laid out in full.
    """

    def settled() -> bool:
        assert daemon.process is not None
        return daemon.process.poll() is not None or '"subscribed"' in daemon.said()

    whole = daemon.folder / "whole.db"
    Store(whole).close()
    for kills in itertools.count():
        for left in daemon.folder.glob(f"{daemon.database.name}*"):
            left.unlink()
        make(daemon.database)
        before = stored(daemon)
        with sabotaged(daemon, f"statement={1 + every * kills}"):
            daemon.start(ready=False)
        wait_until(settled, "ready or dead")
        assert daemon.process is not None
        code = daemon.process.poll()
        daemon.kill()
        Store(daemon.database).close()
        assert before == stored(daemon)
        assert query(whole, _SCHEMA) == daemon.rows(_SCHEMA)
        assert [(2,)] == daemon.rows("PRAGMA auto_vacuum")
        if code is None:
            return kills
        assert -signal.SIGKILL == code, daemon.said()
    raise AssertionError


@pytest.mark.parametrize("every", [19, pytest.param(6, marks=pytest.mark.study)])
@pytest.mark.parametrize("make", [lambda _path: None, _first_version], ids=["new", "old"])
def test_killed_while_the_log_is_made(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, make: Callable[[Path], None], every: int
) -> None:
    """Killed between statements: the file ends as one that was never disturbed, and serves."""
    daemon = make_daemon(mosquitto.port, MONITOR_STORE_KEEP_DAYS="0", **_QUICK)
    assert 5 < kill_while_the_log_is_made(daemon, make, every)
    before = set(stored(daemon))
    daemon.start()
    published = publish(mosquitto.port, tweets(20))
    wait_balanced(daemon, before | published)
