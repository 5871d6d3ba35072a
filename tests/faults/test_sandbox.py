"""The daemon inside its unit's restrictions, set up without systemd: it lacks nothing there."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.faults import seccomp
from tests.faults.ledger import assert_balanced, publish, rejects, tweets, wait_balanced
from tests.processes import PATIENCE_S, REPOSITORY, Daemon, Mosquitto, wait_until

UNIT = REPOSITORY / "systemd" / "monitor.service"
STATE = "/var/lib/monitor"
UID = 61_000
"""Nobody's."""

SETUP = r"""
# ProtectHome=, PrivateTmp=: whatever lies there is gone, but for Python and the program.
for hidden in /root /home /tmp /var/tmp /var/lib; do
    mount -t tmpfs -o mode=755 tmpfs $hidden
done
chmod 1777 /tmp /var/tmp
BRING_BACK
umount --recursive /mnt
# ProtectProc=invisible
mount -t proc -o hidepid=invisible proc /proc
# ProtectSystem=strict, ProtectKernelTunables=
cut -d ' ' -f 5 /proc/self/mountinfo | while read -r point; do
    case $point in
        /tmp|/var/tmp|STATE|/dev|/dev/*|/proc) ;;
        *) ! mountpoint -q "$point" || mount -o remount,bind,ro "$point" ;;
    esac
done
mount --bind -o ro /proc/sys /proc/sys
cd STATE
umask UMASK
# User=, CapabilityBoundingSet=, NoNewPrivileges=
exec setpriv --reuid UID --regid UID --clear-groups --no-new-privs \
    --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- "$@"
"""


def _setting(name: str) -> str:
    return seccomp.settings(UNIT.read_text(), name)[-1]


def _sandboxed(state: Path, *command: str) -> Sequence[str]:
    """Say how to run a command as the unit would, its state directory being this one."""
    state.mkdir(mode=int(_setting("StateDirectoryMode"), 8), exist_ok=True)
    os.chown(state, UID, UID)
    put_by, bring_back = ["set -eu", "mount -t tmpfs tmpfs /mnt"], []
    kept = {str(path): str(path) for path in (REPOSITORY, sys.prefix, sys.base_prefix)}
    for number, (source, target) in enumerate({**kept, str(state): STATE}.items()):
        put_by.append(f"mkdir /mnt/{number}; mount --rbind {shlex.quote(source)} /mnt/{number}")
        place = shlex.quote(target)
        bring_back.append(f"mkdir -p {place}; mount --rbind /mnt/{number} {place}")
    setup = SETUP.replace("BRING_BACK", "\n".join(bring_back)).replace("STATE", STATE)
    setup = setup.replace("UMASK", _setting("UMask")).replace("UID", str(UID))
    return (
        *("unshare", "--mount", "--ipc", "--propagation", "private"),
        *("sh", "-c", "\n".join(put_by) + setup, "sandbox"),
        *(sys.executable, "-m", seccomp.__name__, str(UNIT), *command),
    )


@pytest.fixture(autouse=True)
def _possible() -> None:
    """Skip, and say what is missing, where a sandbox cannot be set up."""
    if os.geteuid() != 0:
        pytest.skip("another user and other mounts need root")
    for program in ("unshare", "setpriv", "systemd-analyze"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    try:
        ctypes.CDLL(seccomp.LIBRARY)
    except OSError:
        pytest.skip(f"{seccomp.LIBRARY} is not installed")
    attempt = ["unshare", "--mount", "--ipc", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tried = subprocess.run(attempt, capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"mounts are not permitted here: {tried.stderr.strip()}")


def test_the_daemon_lacks_nothing(
    mosquitto: Mosquitto, make_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    """It starts, tells systemd, labels, reloads and stops, as another user with nothing allowed."""
    state = tmp_path / "state"
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_STORE_PATH="monitor.db",
        MONITOR_PRIVACY_STORE_TEXT="full",
        MONITOR_BATCH_MAX_DELAY_MS="10",
        NOTIFY_SOCKET=f"{STATE}/notify",
    )
    daemon.program = _sandboxed(state, *daemon.program)
    daemon.database = state / "monitor.db"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(state / "notify"))
        os.chown(state / "notify", UID, UID)
        systemd.settimeout(PATIENCE_S)
        daemon.start()
        assert b"READY=1" == systemd.recv(100)
    (state / "notify").unlink()
    published = publish(mosquitto.port, [*tweets(20), *rejects(2)])
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()

    daemon.start()
    assert daemon.process is not None
    before = daemon.said().count('"subscribed"')
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.alive() and daemon.said().count('"subscribed"') > before, "reload")
    published |= publish(mosquitto.port, tweets(20, 20))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()
    assert_balanced(daemon, published)
    kept = [state, *state.iterdir()]
    assert {UID} == {path.stat().st_uid for path in kept}
    assert {0o700, 0o600} == {stat.S_IMODE(path.stat().st_mode) for path in kept}


PROBE = """
import ctypes, mmap, os, socket

def refuse_if(condition):
    if condition: raise OSError

def call(name, *arguments):
    refuse_if(getattr(ctypes.CDLL(None), name)(*arguments))

for attempt in ATTEMPTS:
    try: exec(attempt)
    except OSError: continue
    print(attempt)
"""


def test_it_can_do_nothing_else(tmp_path: Path) -> None:
    """In the same place, each of these is refused by the system."""
    attempts = [
        # read-only system, another user, no capabilities
        *(
            f"refuse_if(os.statvfs({folder!r}).f_flag & os.ST_RDONLY)"
            for folder in ("/", "/usr", "/etc", "/proc/sys", str(REPOSITORY))
        ),
        "os.setuid(0)",
        "os.kill(1, 0)",
        "refuse_if('CapBnd:\\t0000000000000000' in open('/proc/self/status').read())",
        # private /tmp, hidden homes and processes
        "os.stat('TMP')",
        "os.stat('/root/.profile')",
        "os.stat('/proc/1')",
        # system calls that the unit's filter leaves out, or limits
        "os.chown('.', os.getuid(), os.getgid())",
        "os.sched_setaffinity(0, os.sched_getaffinity(0))",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW)",
        "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
        f"call('unshare', {0x1000_0000})",  # a user namespace
        "call('ptrace', 0, 0, 0, 0)",
    ]
    with tempfile.NamedTemporaryFile(dir="/tmp") as elsewhere:
        probe = PROBE.replace("ATTEMPTS", repr(attempts)).replace("TMP", elsewhere.name)
        command = _sandboxed(tmp_path / "state", sys.executable, "-c", probe)
        result = subprocess.run(command, capture_output=True, text=True)

    assert 0 == result.returncode, result.stderr
    assert [] == result.stdout.splitlines()
