"""The unit's restrictions, and the group by which it reads the log: it lacks nothing there."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults import seccomp
from tests.notifying.logs import AlertLog
from tests.notifying.program import Program
from tests.notifying.services import hook, web
from tests.processes import REPOSITORY

UNIT = REPOSITORY / "systemd" / "monitor-notify.service"
DAEMON, NOTIFIER, GROUP = 61_000, 61_001, 61_002
"""Nobody's."""

REACHABLE = r"""
set -eu
# The program and its Python may lie where only root gets to.
mount -t tmpfs tmpfs /mnt
number=0
for path in PATHS; do
    mkdir /mnt/$number
    mount --rbind "$path" /mnt/$number
    number=$((number + 1))
done
for hidden in /root /home HIDDEN; do mount -t tmpfs -o mode=755 tmpfs $hidden; done
number=0
for path in PATHS; do
    mkdir -p "$path"
    mount --rbind /mnt/$number "$path"
    number=$((number + 1))
done
exec "$@"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others can get into, unlike a test's own."""
    if os.geteuid() != 0:
        pytest.skip("other users need root")
    for program in ("unshare", "setpriv", "systemd-analyze"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    try:
        ctypes.CDLL(seccomp.LIBRARY)
    except OSError:
        pytest.skip(f"{seccomp.LIBRARY} is not installed")
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True
    )
    if tried.returncode:
        pytest.skip("mounts are not permitted here")
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def _only_for_root(paths: Sequence[Path]) -> set[Path]:
    """Return the first folder on the way to each that others may not get into, if there is one."""
    ways = (reversed(path.parents) for path in paths)
    closed = (next((way for way in each if not way.stat().st_mode & 0o001), None) for each in ways)
    return {folder for folder in closed if folder}


def _as_the_unit_says(program: Program) -> subprocess.CompletedProcess[str]:
    needed = REPOSITORY, Path(sys.prefix), Path(sys.base_prefix)
    paths = " ".join(shlex.quote(str(path)) for path in needed)
    hidden = " ".join(shlex.quote(str(path)) for path in _only_for_root(needed))
    return subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "sh", "-c"),
            *(REACHABLE.replace("PATHS", paths).replace("HIDDEN", hidden), "reachable"),
            *("setpriv", "--reuid", str(NOTIFIER), "--regid", str(NOTIFIER)),
            *("--groups", str(GROUP), "--no-new-privs", "--bounding-set=-all", "--"),
            *(sys.executable, "-m", seccomp.__name__, str(UNIT)),
            *(sys.executable, "-m", "monitor", "notify", "--once"),
        ],
        env=program.environment,
        cwd=program.folder,
        capture_output=True,
        text=True,
    )


def test_another_user_reads_the_log_and_tells(folder: Path) -> None:
    """With the daemon's group, while it writes and when it has ended; without it, not at all."""
    library, state = folder / "monitor", folder / "monitor-notify"
    library.mkdir()
    state.mkdir()
    os.chown(state, NOTIFIER, NOTIFIER)
    state.chmod(0o700)
    with web() as service:
        program = Program(
            library, [hook(service)], MONITOR_NOTIFY_STATE_FILE=str(state / "notify.json")
        )
        log = AlertLog(program.log_path)
        os.chown(library, DAEMON, GROUP)
        library.chmod(0o750)
        os.chown(log.path, DAEMON, GROUP)
        log.path.chmod(0o600)
        alone = _as_the_unit_says(program)
        assert (1, 0) == (alone.returncode, service.tries)
        assert str(log.path) in alone.stderr
        log.path.chmod(0o640)
        with closing(sqlite3.connect(log.path)) as writer:  # as the daemon has it open
            writer.execute("SELECT 1 FROM alerts").fetchone()
            log.raised()
            beside = [Path(f"{log.path}{part}") for part in ("-wal", "-shm")]
            assert [0o640, 0o640] == [file.stat().st_mode & 0o777 for file in beside]
            for file in beside:
                os.chown(file, DAEMON, GROUP)
            told = _as_the_unit_says(program)
        assert (0, "", 1) == (told.returncode, told.stderr, len(service.taken))
        again = _as_the_unit_says(program)

    assert (0, "", 1) == (again.returncode, again.stderr, len(service.taken))
    assert NOTIFIER == (state / "notify.json").stat().st_uid
