"""``monitor backup``: from a daemon that writes on, onto a full disk, into a daemon again."""

from __future__ import annotations

import math
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store
from monitor.store.backup import BackupError, backup
from tests.factories import batch_row, query, register, tweet_row
from tests.faults.flow import Flow
from tests.faults.ledger import publish, tweets
from tests.processes import PATIENCE_S, Daemon, Mosquitto, free_port

MakeDaemon = Callable[..., Daemon]

_STAY = """
import os, sys, time
from monitor.cli import main

def stay(descriptor):
    print("copying", flush=True)
    time.sleep(60)

os.fdatasync = stay
main(["backup", sys.argv[1]])
"""
"""The command, but the first sync of what is copied takes a minute."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of a few megabytes, closed, to be copied."""
    path = tmp_path_factory.mktemp("written") / "monitor.db"
    with closing(Store(path)) as store:
        register(store)
        for batch in range(10):
            rows = [tweet_row(f"old-{batch}-{number}", "Acme") for number in range(1000)]
            store.write(batch_row(len(rows)), rows, [])
    return path


@pytest.fixture
def log(written: Path, tmp_path: Path) -> Path:
    """The same, for one test."""
    return Path(shutil.copy(written, tmp_path / "monitor.db"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """An empty folder for backups."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def idle(make_daemon: MakeDaemon, log: Path) -> Daemon:
    """A daemon that is not started, with that log."""
    daemon = make_daemon(free_port())
    assert log == daemon.database
    return daemon


@pytest.fixture
def small_disk(shelf: Path) -> Iterator[Callable[[str], bool]]:
    """Mount a file system in memory on the shelf, if that is allowed; it ends with the test."""
    mounted = False

    def mount(options: str) -> bool:
        nonlocal mounted
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(shelf)]
        mounted = os.getuid() == 0 and subprocess.run(command).returncode == 0
        return mounted

    yield mount
    if mounted:
        subprocess.run(["umount", "--lazy", shelf], check=True)


def _is_whole(path: Path) -> None:
    """Check a copy as one file: sound, every tweet labelled, every batch with all its tweets."""
    assert [("ok",)] == query(path, "PRAGMA integrity_check")
    assert [] == query(path, "PRAGMA foreign_key_check")
    assert [] == query(path, "SELECT id FROM tweets WHERE id NOT IN (SELECT tweet_id FROM labels)")
    assert [] == query(
        path,
        "SELECT id FROM batches AS b"
        " WHERE tweets != (SELECT count(*) FROM tweets WHERE batch_id = b.id)",
    )


def _count(path: Path) -> int:
    return int(query(path, "SELECT count(*) FROM tweets")[0][0])


def test_is_one_moment_while_the_daemon_writes_on(
    mosquitto: Mosquitto,
    make_daemon: MakeDaemon,
    log: Path,
    shelf: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is copied, the daemon commits batch after batch; the copy knows none of them."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    steps: list[int] = []

    def wait_for_batches(_descriptor: int) -> None:
        steps.append(daemon.stored())
        if len(steps) <= 3:
            daemon.wait_stored(steps[-1] + 50)

    monkeypatch.setattr("monitor.store.backup._STEP_PAGES", 64)
    monkeypatch.setattr("monitor.store.backup.os.fdatasync", wait_for_batches)
    with Flow(mosquitto.port, rate=200):
        daemon.wait_stored(10_100)
        before = daemon.stored()
        copied = backup(log, shelf / "copy.db")

    _is_whole(copied.path)
    assert copied.tweets == _count(copied.path)
    assert before <= copied.tweets <= steps[0]
    assert copied.tweets + 150 <= steps[3]
    # None was copied twice: what is written meanwhile does not begin it anew.
    ((pages,),) = query(copied.path, "PRAGMA page_count")
    assert math.ceil(pages / 64) == len(steps)


def test_under_load_as_people_do_it(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, log: Path, shelf: Path
) -> None:
    """The command says what it copied; the folder holds that file, dated, and no other."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    with Flow(mosquitto.port, rate=200):
        daemon.wait_stored(10_100)
        result = daemon.command("backup", str(shelf))
    (copy,) = shelf.iterdir()
    _is_whole(copy)

    assert 0 == result.returncode, result.stderr
    assert b"" == result.stderr  # no progress bar in a pipe
    assert re.fullmatch(r"monitor-\d{8}T\d{6}Z\.db", copy.name)
    said = result.stdout.decode()
    assert said.startswith(
        f"copied {_count(copy):,} tweets, {copy.stat().st_size / 1e6:.1f} MB, to {copy} in "
    )
    assert "key of pseudonyms is not in it" in said
    assert log.with_name("monitor.db.key").read_bytes() not in copy.read_bytes()


def test_a_daemon_goes_on_from_a_copy(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path, shelf: Path
) -> None:
    """A killed daemon's log, restored as --help says: what it held is known, the new labelled."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    publish(mosquitto.port, tweets(50))
    daemon.wait_stored(50)
    daemon.kill()  # most of the log is in its WAL now
    assert 0 == daemon.command("backup", str(shelf / "copy.db")).returncode
    for part in ("", "-wal", "-shm"):
        (tmp_path / f"monitor.db{part}").unlink(missing_ok=True)
    (shelf / "copy.db").rename(daemon.database)

    daemon.start()
    publish(mosquitto.port, tweets(60))
    daemon.wait_stored(60)
    assert 0 == daemon.stop()
    assert 10 == daemon.events()[-1]["labelled"]
    assert 50 <= daemon.events()[-1]["duplicates"]
    _is_whole(daemon.database)


def test_the_copy_needs_no_other_file(log: Path, shelf: Path) -> None:
    """Of a log that nobody has open, too; for its owner alone; legible where nobody may write."""
    copied = backup(log, shelf / "copy #1 100%.db")
    with closing(sqlite3.connect(copied.path)) as connection:
        assert [("delete",)] == connection.execute("PRAGMA journal_mode").fetchall()
        assert [(10_000,)] == connection.execute("SELECT count(*) FROM labelled").fetchall()

    assert [copied.path] == list(shelf.iterdir())
    assert 0o100600 == copied.path.stat().st_mode
    assert (10_000, copied.path.stat().st_size) == (copied.tweets, copied.size)


def test_replaces_nothing_unasked(idle: Daemon, shelf: Path) -> None:
    """A file that is there stays, unless --force is given."""
    copy = shelf / "copy.db"
    copy.write_text("dear diary")
    refused = idle.command("backup", str(copy))

    assert 1 == refused.returncode
    assert f"monitor: {copy}: is there already; --force replaces it\n" == refused.stderr.decode()
    assert "dear diary" == copy.read_text()
    assert 0 == idle.command("backup", str(copy), "--force").returncode
    _is_whole(copy)


@pytest.mark.parametrize("name", ["monitor.db", "./link.db"])
def test_never_replaces_the_log_itself(log: Path, name: str) -> None:
    """Not even when told to, nor by another name."""
    (log.parent / "link.db").symlink_to(log)
    content = log.read_bytes()
    with pytest.raises(BackupError, match="is the log itself"):
        backup(log, log.parent / name, force=True)

    assert content == log.read_bytes()


@pytest.mark.parametrize("part", ["-wal", "-journal"])
def test_takes_no_name_that_is_in_use(log: Path, shelf: Path, part: str) -> None:
    """Beside another database's write-ahead log, a copy would be damaged when it is opened."""
    (shelf / f"copy.db{part}").write_text("another's")
    with pytest.raises(BackupError, match=f"copy.db{part}: is there, so .*copy.db may be in use"):
        backup(log, shelf / "copy.db", force=True)

    assert [f"copy.db{part}"] == [path.name for path in shelf.iterdir()]


def _none(log: Path) -> None:
    log.unlink()


def _foreign(log: Path) -> None:
    log.unlink()
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")


def _no_database(log: Path) -> None:
    log.write_text("dear diary, " * 1000)


def _damaged(log: Path) -> None:
    content = bytearray(log.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = os.urandom(8192)
    log.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_none, "there is no log"),
        (_foreign, "not a log of this program"),
        (_no_database, "file is not a database"),
        (_damaged, "the log is damaged"),
    ],
)
def test_nothing_good_to_copy(
    idle: Daemon, log: Path, shelf: Path, spoil: Callable[[Path], None], expected: str
) -> None:
    """One line that says what is wrong with the log, exit 1, and no copy."""
    spoil(log)
    result = idle.command("backup", str(shelf / "copy.db"))

    assert 1 == result.returncode
    assert 1 == result.stderr.count(b"\n"), result.stderr
    assert result.stderr.startswith(f"monitor: {log}: ".encode())
    assert expected in result.stderr.decode()
    assert [] == list(shelf.iterdir())


def test_no_room(idle: Daemon, shelf: Path, small_disk: Callable[[str], bool]) -> None:
    """A disk that becomes full, or a file that may not grow: one line, exit 1, nothing left."""
    limit = () if small_disk("size=512k") else ("prlimit", "--fsize=500000")
    result = subprocess.run(
        [*limit, sys.executable, "-m", "monitor", "backup", str(shelf)],
        env=idle.environment,
        capture_output=True,
        text=True,
    )

    assert 1 == result.returncode
    assert re.fullmatch(
        rf"monitor: {shelf}/.*: (database or disk is full|disk I/O error|.*space.*)\n",
        result.stderr,
    )
    assert [] == list(shelf.iterdir())


def test_no_place(idle: Daemon, shelf: Path) -> None:
    """A folder that is not there: one line, exit 1."""
    result = idle.command("backup", str(shelf / "nowhere" / "copy.db"))

    assert 1 == result.returncode
    expected = f"monitor: {shelf}/nowhere/copy.db: No such file or directory\n"
    assert expected == result.stderr.decode()


def test_not_permitted(idle: Daemon, shelf: Path, small_disk: Callable[[str], bool]) -> None:
    """A folder that nobody may write to: one line, exit 1."""
    if not small_disk("ro"):
        shelf.chmod(0o500)
    result = idle.command("backup", str(shelf / "copy.db"))

    assert 1 == result.returncode
    assert re.fullmatch(
        rf"monitor: {shelf}/copy.db: (Read-only file system|Permission denied)\n",
        result.stderr.decode(),
    )


def test_ctrl_c_leaves_nothing(idle: Daemon, shelf: Path) -> None:
    """In the middle of copying: exit 130, and what was copied is gone."""
    with subprocess.Popen(
        [sys.executable, "-c", _STAY, str(shelf / "copy.db")],
        env=idle.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert b"copying\n" == process.stdout.readline()
        assert [] != list(shelf.iterdir())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)

    assert 130 == process.returncode
    assert b"monitor: stopped\n" == said
    assert [] == list(shelf.iterdir())


def test_ctrl_c_is_heard_while_it_checks(
    log: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite, looking through a large copy, is interrupted too."""

    class Interrupting(sqlite3.Connection):
        def set_progress_handler(self, *_: object) -> None:
            super().set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGINT), 100)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **named: connect(*args, **named, factory=Interrupting)
    )
    with pytest.raises(KeyboardInterrupt):
        backup(log, shelf / "copy.db")

    assert [] == list(shelf.iterdir())


def test_a_terminal_sees_how_far_it_is(idle: Daemon, shelf: Path) -> None:
    """On a terminal there is a progress bar, to its end."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "monitor", "backup", str(shelf)]
    subprocess.run(command, env=idle.environment, stderr=its, check=True, timeout=PATIENCE_S)
    seen = os.read(ours, 65_536)
    for end in (ours, its):
        os.close(end)

    assert b"100%" in seen


def test_usage(idle: Daemon) -> None:
    """Without DEST, or with a configuration that is wrong: exit 2."""
    idle.environment["MONITOR_STORE_KEEP_DAYS"] = "many"

    assert 2 == idle.command("backup").returncode
    assert 2 == idle.command("backup", "copy.db").returncode
