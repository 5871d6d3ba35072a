"""A damaged log: never overwritten, put aside or refused as its owner wants, and told loudly."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store
from tests.faults.ledger import publish, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]


def _grow_and_kill(daemon: Daemon, port: int) -> None:
    """Give a daemon a log of many pages and a fresh write-ahead log, and kill it."""
    daemon.start()
    wait_balanced(daemon, first := publish(port, tweets(400)))
    daemon.stop()
    daemon.start()
    wait_balanced(daemon, first | publish(port, tweets(5, 400)))
    daemon.kill()
    assert Path(f"{daemon.database}-wal").stat().st_size


def _spoil(path: Path) -> None:
    """Overwrite everything behind the first page."""
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))


def _ended(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.wait(30)


def test_after_a_crash_it_is_set_aside(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Damage that a power cut left is found at the start: old bytes kept, a new log begun."""
    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    _grow_and_kill(daemon, mosquitto.port)
    _spoil(daemon.database)
    spoilt = daemon.database.read_bytes()
    daemon.start()
    published = publish(mosquitto.port, tweets(10, 5000))
    wait_balanced(daemon, published)

    (event,) = (e for e in daemon.events() if e["event"] == "log-set-aside")
    assert "damaged" in event["error"]
    assert spoilt == Path(event["kept_as"]).read_bytes()
    assert Path(f"{event['kept_as']}-wal").stat().st_size
    assert 0 == daemon.stop()


def test_it_is_refused_if_so_configured(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """With on_damage = "refuse": exit code 1, one line, and the file as it was."""
    daemon = make_daemon(
        mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10", MONITOR_STORE_ON_DAMAGE="refuse"
    )
    _grow_and_kill(daemon, mosquitto.port)
    _spoil(daemon.database)
    daemon.start(ready=False)

    assert 1 == _ended(daemon)
    assert "the log is damaged" in daemon.said().splitlines()[-1]
    assert [] == list(daemon.folder.glob("*damaged*"))


@pytest.mark.parametrize("content", [b"\0" * 8192, b"not a database at all " * 500])
def test_what_may_be_anybodys_is_never_touched(make_daemon: MakeDaemon, content: bytes) -> None:
    """A file that cannot be told to be a log is refused, however configured."""
    daemon = make_daemon(1883)
    daemon.database.write_bytes(content)
    daemon.start(ready=False)

    assert 1 == _ended(daemon)
    assert "monitor.db" in daemon.said().splitlines()[-1]
    assert content == daemon.database.read_bytes()
    assert [] == list(daemon.folder.glob("*damaged*"))


def test_from_a_newer_version_it_is_refused(make_daemon: MakeDaemon) -> None:
    """A log with a migration that this version does not know is left alone."""
    daemon = make_daemon(1883)
    Store(daemon.database).close()
    with closing(sqlite3.connect(daemon.database)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('monitor', 'm999_future', '2036')"
        )
    content = daemon.database.read_bytes()
    daemon.start(ready=False)

    assert 1 == _ended(daemon)
    assert "newer version" in daemon.said().splitlines()[-1]
    assert content == daemon.database.read_bytes()


def test_while_running_it_ends_and_begins_anew(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """A file that turns to rubbish under the daemon: nothing acknowledged, aside, exit 1."""
    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    _grow_and_kill(daemon, mosquitto.port)
    daemon.start()
    _spoil(daemon.database)
    published = publish(mosquitto.port, tweets(400, 5000))
    assert 1 == _ended(daemon)
    assert "damaged" in daemon.said().splitlines()[-1]
    assert "log-set-aside" in daemon.said()
    daemon.start()
    wait_until(lambda: daemon.stored() > 0, "a new log")
    wait_balanced(daemon, published)
