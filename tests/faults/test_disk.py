"""Sick disks: only what is stored is acknowledged, memory stays flat, and it goes on by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import pytest

from monitor.store import Store, StoreError
from tests.faults.ledger import publish, rejects, stored, tweets, wait_balanced
from tests.faults.redo import acknowledged, read
from tests.faults.vfs import fault, run_on_sick_disk
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
Mount = Callable[..., Path | None]

_SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Programs for administrators are not on everybody's path."""
_WAL_BYTES = 16 * 2**20
"""What the WAL is cut back to, as `monitor.store` sets it."""


@pytest.fixture
def daemon(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> Daemon:
    """A daemon on a disk that can fall ill."""
    made = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="10")
    run_on_sick_disk(made)
    return made


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path | None]]:
    """Mount small file systems, where that is allowed; they end with the test."""
    places: list[Path] = []

    def mount(*arguments: str) -> Path | None:
        place = tmp_path / f"disk-{len(places)}"
        place.mkdir()
        if os.getuid() != 0 or subprocess.run(["mount", *arguments, place]).returncode:
            return None
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "--lazy", place])


def move(daemon: Daemon, folder: Path) -> None:
    """Have a daemon keep its log in another folder."""
    daemon.database = folder / "monitor.db"
    daemon.environment["MONITOR_STORE_PATH"] = str(daemon.database)


def heavy(messages: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Messages that memory would notice: 48 KiB more, which the model does not see."""
    for id_, payload in messages:
        yield id_, json.dumps({**json.loads(payload), "more": "x" * 49_152}).encode()


def resident_mib(daemon: Daemon) -> float:
    """Memory that the daemon has."""
    assert daemon.process is not None
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) / 1024


def complaints(daemon: Daemon) -> int:
    """How often it said that it cannot write."""
    return daemon.said().count("log-unwritable")


def acknowledgements(daemon: Daemon) -> int:
    """How many messages it told the broker to forget, in this life."""
    return acknowledged(read(daemon.folder / "redo"))


def endure(
    daemon: Daemon,
    port: int,
    illness: AbstractContextManager[object],
    noticed: Callable[[], object] | None = None,
) -> None:
    """Flood a daemon while its disk is ill; what was published is stored once that is over."""
    published = publish(port, heavy(tweets(200)))
    wait_until(lambda: acknowledgements(daemon) >= 200, "acknowledgements", every=0.2)
    memory = resident_mib(daemon)
    with illness:
        complained = complaints(daemon)
        published |= publish(port, heavy(tweets(900, start=200)))
        wait_until(noticed or (lambda: complaints(daemon) >= complained + 4), "a word about it")
        assert acknowledgements(daemon) <= daemon.stored() < 1100
        assert resident_mib(daemon) < memory + 16  # of 42 that were published
    wait_balanced(daemon, published)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert 0 == shutil.disk_usage(disk).free
    yield
    ballast.unlink()


@contextmanager
def told_by_others(daemon: Daemon, illness: AbstractContextManager[object]) -> Iterator[None]:
    """See that whoever looks at the log is told that its disk is full, while it is."""
    with illness:
        check = daemon.command("check")
        (disk,) = [line for line in check.stdout.splitlines() if line.startswith(b"disk ")]
        assert 1 == check.returncode
        assert disk.startswith(b"disk           FAILED  full: 0.0 MB are free")
        assert b"! the disk is full" in daemon.command("watch", "--once").stdout
        yield


def test_disk_full(daemon: Daemon, mosquitto: Mosquitto, mount: Mount) -> None:
    """A real small disk, full for a while: it is said when that begins, and when it is over."""
    disk = mount("-t", "tmpfs", "-o", "size=16m", "none")
    if disk:
        move(daemon, disk)
    daemon.start()
    endure(
        daemon,
        mosquitto.port,
        told_by_others(daemon, full(disk)) if disk else fault(daemon, "write", sqlite3.SQLITE_FULL),
    )
    told = [e for e in daemon.events() if e["event"] in ("log-unwritable", "log-writable")]

    assert "log-writable" == told[-1]["event"]
    assert 0 < told[-1]["after_s"]


@pytest.mark.parametrize(
    ("call", "code"),
    [("write", sqlite3.SQLITE_IOERR_WRITE), ("sync", sqlite3.SQLITE_IOERR_FSYNC)],
)
def test_failing_calls(daemon: Daemon, mosquitto: Mosquitto, call: str, code: int) -> None:
    """Every write or every sync fails for a while."""
    daemon.start()
    endure(daemon, mosquitto.port, fault(daemon, call, code))


@contextmanager
def locked(daemon: Daemon) -> Iterator[None]:
    """Have another program write, and take its time."""
    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_locked_by_another_writer(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Another program holds the write lock for longer than the daemon waits for it."""
    daemon.start()
    endure(daemon, mosquitto.port, locked(daemon), lambda: complaints(daemon) >= 1)


@contextmanager
def turned_read_only(daemon: Daemon, disk: Path, image: Path) -> Iterator[None]:
    """Do what the kernel does to a file system when an SD card dies; then repair it."""
    subprocess.run(["mount", "-o", "remount,abort", disk], check=True)
    yield
    daemon.kill()
    subprocess.run(["umount", disk], check=True)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)
    daemon.start()


def test_disk_that_turns_read_only(
    daemon: Daemon, mosquitto: Mosquitto, mount: Mount, tmp_path: Path
) -> None:
    """A real file system that gives up under the daemon; repaired, it is as before."""
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 * 2**20)
    subprocess.run([shutil.which("mkfs.ext4", path=_SYSTEM_PATH) or "true", "-q", image])
    disk = mount("-o", "loop", str(image))
    if disk is None:
        pytest.skip("not allowed to mount a file system")
    move(daemon, disk)
    daemon.start()
    endure(daemon, mosquitto.port, turned_read_only(daemon, disk, image))


def test_start_on_a_read_only_disk(daemon: Daemon, mosquitto: Mosquitto, mount: Mount) -> None:
    """It refuses with one line that names the file, and starts when it can be written again."""
    disk = mount("-t", "tmpfs", "none")
    if disk is None:
        pytest.skip("not allowed to mount a file system")
    move(daemon, disk)
    daemon.start()
    published = publish(mosquitto.port, tweets(10))
    daemon.wait_stored(10)
    daemon.kill()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    daemon.start(ready=False)
    assert daemon.process is not None
    assert 1 == daemon.process.wait(PATIENCE_S)
    assert daemon.said().splitlines()[-1].startswith(f"monitor: {daemon.database}: ")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    daemon.start()
    wait_balanced(daemon, published)


def test_disk_that_hangs(daemon: Daemon, mosquitto: Mosquitto, tmp_path: Path) -> None:
    """While a sync does not return, systemd's watchdog is not fed; afterwards it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        daemon.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        daemon.environment["WATCHDOG_USEC"] = "2000000"

        def silent() -> bool:
            systemd.settimeout(2)
            try:
                systemd.recv(100)
            except TimeoutError:
                return True
            return False

        daemon.start()
        endure(daemon, mosquitto.port, fault(daemon, "sync"), silent)
        systemd.settimeout(PATIENCE_S)
        assert b"WATCHDOG=1" == systemd.recv(100)


def test_reader_that_holds_on(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """While somebody reads on in the past, the WAL grows; after that it shrinks again."""
    daemon.environment["MONITOR_PRIVACY_STORE_TEXT"] = "full"
    wal = daemon.database.with_name("monitor.db-wal")
    daemon.start()
    published = publish(mosquitto.port, tweets(100))
    daemon.wait_stored(100)
    with closing(sqlite3.connect(daemon.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert (100,) == reader.execute("SELECT count(*) FROM tweets").fetchone()
        published |= publish(mosquitto.port, heavy(rejects(500)))
        wait_until(lambda: len(stored(daemon)) == 600, "everything stored", every=0.2)
        assert wal.stat().st_size > 1.2 * _WAL_BYTES
        assert (100,) == reader.execute("SELECT count(*) FROM tweets").fetchone()
    for i in range(3):  # one folds the WAL back, one begins it anew, one to spare
        published |= publish(mosquitto.port, tweets(1, start=100 + i))
        daemon.wait_stored(101 + i)

    assert wal.stat().st_size <= _WAL_BYTES
    wait_balanced(daemon, published)


def test_a_log_begun_on_a_full_disk(mount: Mount) -> None:
    """SQLite calls it an I/O error; what it is for want of is said."""
    disk = mount("-t", "tmpfs", "-o", "size=8m", "none")
    if disk is None:
        pytest.skip("nothing may be mounted here")
    with full(disk), pytest.raises(StoreError, match="nothing is free on its disk"):
        Store(disk / "monitor.db")

    Store(disk / "monitor.db").close()
