"""Files deleted, moved, replaced and written over under the daemon: noticed, and nothing lost."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories import query
from tests.faults.ledger import publish, tweets, wait_balanced
from tests.faults.saboteur import sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
Deed = Callable[[Path], object]


def _beside(path: Path, part: str) -> Path:
    return Path(f"{path}{part}")


def _replace(path: Path) -> None:
    """Put a copy in its place, as editors and ``rsync`` do."""
    shutil.copy(path, path.with_name("draft"))
    path.with_name("draft").replace(path)


def _replace_folder(path: Path) -> None:
    """Move the folder away, and make another that has the key."""
    folder = path.parent
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()
    shutil.copy(away / "monitor.db.key", folder)


def _delete_all(path: Path) -> None:
    for part in ("", "-wal", "-shm"):
        _beside(path, part).unlink()


DEEDS: dict[str, Deed] = {
    "rm monitor.db-wal": lambda path: _beside(path, "-wal").unlink(),
    "mv monitor.db-wal": lambda path: _beside(path, "-wal").rename(_beside(path, "-old")),
    "another monitor.db-wal": lambda path: _replace(_beside(path, "-wal")),
    "rm monitor.db-shm": lambda path: _beside(path, "-shm").unlink(),
    "rm monitor.db": lambda path: path.unlink(),
    "mv monitor.db": lambda path: path.rename(_beside(path, ".old")),
    "another monitor.db": _replace,
    "rm monitor.db*": _delete_all,
    "another folder": _replace_folder,
}
_OF_EACH_KIND = {"mv monitor.db", "another monitor.db-wal", "rm monitor.db*", "another folder"}
"""The others are noticed by the same look; `test_beside_the_log…` deletes what lies beside it."""


def _logs(daemon: Daemon) -> list[Path]:
    """Every file that a log may be in: where it was, where it was moved to, and what was saved."""
    folders = [daemon.folder / "log", daemon.folder / "away"]
    return [
        file
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if file.read_bytes().startswith(b"SQLite format 3\0")
    ]


@pytest.fixture
def daemon(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> Daemon:
    """A daemon with a log in a folder of its own, in which there are tweets."""
    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    daemon.database = daemon.folder / "log" / "monitor.db"
    daemon.environment["MONITOR_STORE_PATH"] = str(daemon.database)
    daemon.start()
    wait_balanced(daemon, publish(mosquitto.port, tweets(100)))
    return daemon


def _end(daemon: Daemon) -> str:
    """Wait until it has ended, see that it said why in one line, and return that."""
    assert daemon.process is not None
    assert 1 == daemon.process.wait(PATIENCE_S)
    assert "Traceback" not in daemon.said()
    line = daemon.said().splitlines()[-1]
    assert line.startswith("monitor: ")
    return line


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param(deed, id=name, marks=() if name in _OF_EACH_KIND else pytest.mark.study)
        for name, deed in DEEDS.items()
    ],
)
def test_what_was_acknowledged_is_found(mosquitto: Mosquitto, daemon: Daemon, deed: Deed) -> None:
    """It ends at the next batch; what was stored is where its last line says, each tweet once."""
    deed(daemon.database)
    published = publish(mosquitto.port, tweets(50, 100))
    line = _end(daemon)
    assert "moved away or deleted while in use" in line
    daemon.start()

    def missing() -> set[str]:
        ids = {row[0] for log in _logs(daemon) for row in query(log, "SELECT id FROM tweets")}
        return {id_ for id_, _ in tweets(150)} - ids

    wait_until(lambda: not missing(), "everything in one log or another")
    kept = Counter(row[0] for row in daemon.rows("SELECT id FROM tweets"))
    assert published <= set(kept)
    assert {1} == set(kept.values())
    assert [("ok",)] == daemon.rows("PRAGMA integrity_check")
    assert 0 == daemon.stop()


@pytest.mark.parametrize("part", ["-wal", "-shm"])
def test_beside_the_log_all_goes_on_in_the_log_itself(
    mosquitto: Mosquitto, daemon: Daemon, part: str
) -> None:
    """Without the write-ahead log or its index, what they held is put into the log."""
    _beside(daemon.database, part).unlink()
    publish(mosquitto.port, tweets(50, 100))

    assert f"all that it held is in {daemon.database} now" in _end(daemon)
    assert daemon.stored() >= 100


def test_a_deleted_log_is_saved(mosquitto: Mosquitto, daemon: Daemon) -> None:
    """What was open still has it all: it is copied to a file for its owner alone, and named."""
    _delete_all(daemon.database)
    publish(mosquitto.port, tweets(50, 100))
    line = _end(daemon)
    (saved,) = daemon.database.parent.glob("monitor.db.rescued-*")

    assert str(saved) in line
    assert 0o600 == saved.stat().st_mode & 0o777
    assert query(saved, "SELECT count(*) FROM tweets")[0][0] >= 100
    assert [("ok",)] == query(saved, "PRAGMA integrity_check")


def test_a_quiet_log_is_missed_within_a_minute(daemon: Daemon) -> None:
    """Without a tweet it is the minute's statistics, here each second's, that find the log gone."""
    assert 0 == daemon.stop()
    with sabotaged(daemon, "minute=1"):
        daemon.start()
    _beside(daemon.database, "-wal").unlink()

    assert "moved away or deleted while in use" in _end(daemon)


def test_through_a_link(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """SQLite puts its files beside the file that a link leads to; that is where they are missed."""
    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    (daemon.folder / "card").mkdir()
    daemon.database.symlink_to(daemon.folder / "card" / "log.db")
    daemon.start()
    wait_balanced(daemon, published := publish(mosquitto.port, tweets(20)))
    (daemon.folder / "card" / "log.db-wal").unlink()
    published |= publish(mosquitto.port, tweets(20, 20))
    assert "log.db-wal: was moved away or deleted" in _end(daemon)
    daemon.start()
    wait_balanced(daemon, published)


@pytest.mark.parametrize(
    "deed",
    [
        lambda path, copy: shutil.copyfile(copy, path),
        lambda path, _copy: os.truncate(path, 0),
        pytest.param(
            lambda path, _copy: os.truncate(path, path.stat().st_size // 2),
            marks=pytest.mark.study,
        ),
        pytest.param(
            lambda path, _copy: os.truncate(_beside(path, "-wal"), 0), marks=pytest.mark.study
        ),
        pytest.param(
            lambda path, _copy: _beside(path, "-wal").write_bytes(b"\0" * 10_000),
            marks=pytest.mark.study,
        ),
    ],
    ids=["a backup copied over it", "emptied", "halved", "log emptied", "log zeroed"],
)
def test_written_over(
    mosquitto: Mosquitto, daemon: Daemon, deed: Callable[[Path, Path], object]
) -> None:
    """What SQLite did not write is noticed before the next tweet is acknowledged."""
    assert 0 == daemon.command("backup", "copy.db").returncode
    for start in (100, 700):  # some are then in the log itself, some in the write-ahead log
        query(daemon.database, "PRAGMA wal_checkpoint(TRUNCATE)")
        publish(mosquitto.port, tweets(600, start))
        daemon.wait_stored(start + 600)
    deed(daemon.database, daemon.folder / "copy.db")
    published = publish(mosquitto.port, tweets(50, 9000))
    line = _end(daemon)
    assert "damaged" in line
    daemon.start()
    wait_balanced(daemon, published)


@pytest.mark.parametrize(
    "place",
    [
        0,
        pytest.param(16, marks=pytest.mark.study),
        pytest.param(24, marks=pytest.mark.study),
    ],
    ids=["magic number", "salt", "checksum"],
)
def test_a_spoiled_beginning_of_the_log_costs_nothing(
    mosquitto: Mosquitto, daemon: Daemon, place: int
) -> None:
    """SQLite reads it after a crash only, and would then find that there is nothing behind it."""
    with _beside(daemon.database, "-wal").open("r+b") as log:
        log.seek(place)
        log.write(b"\0" * 8)
    published = {id_ for id_, _ in tweets(100)} | publish(mosquitto.port, tweets(50, 9000))
    daemon.wait_stored(150)
    daemon.kill()
    daemon.start()
    wait_balanced(daemon, published)


def test_other_programs_may_write_as_sqlite_does(mosquitto: Mosquitto, daemon: Daemon) -> None:
    """Its owner's own statements, checkpoints, vacuums and `monitor check` end nothing."""
    published = {id_ for id_, _ in tweets(100)}
    for number, statement in enumerate(
        (
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "PRAGMA wal_checkpoint(PASSIVE)",
            "UPDATE tweets SET lang = 'en'",
            "VACUUM",
        )
    ):
        query(daemon.database, statement)
        published |= publish(mosquitto.port, tweets(20, 1000 + 20 * number))
        wait_balanced(daemon, published)
    assert 0 == daemon.command("check").returncode
    published |= publish(mosquitto.port, tweets(20, 2000))
    wait_balanced(daemon, published)

    assert 0 == daemon.stop()
