"""What lies in systemd/ is valid and fits the program."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.daemon.service import STOP_TIMEOUT_S
from monitor.installing.stamp import stamped
from monitor.installing.unit import rendered
from monitor.notifying.service import STOP_S
from tests.processes import Mosquitto, free_port

FOLDER = Path(__file__).parent.parent / "systemd"
UNITS = ("monitor.service", "monitor-notify.service")


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_clean(tmp_path: Path, name: str) -> None:
    """`systemd-analyze verify` has nothing to say about the unit."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / name
    # As it is installed, with a program that is there.
    shipped = rendered(Path(sys.executable)) if name == UNITS[0] else (FOLDER / name).read_text()
    path.write_text(stamped(shipped.replace("/opt/monitor/bin/monitor", sys.executable)))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True
    )

    ours = [line for line in result.stderr.splitlines() if name in line]
    assert [] == ours
    assert 0 == result.returncode, result.stderr


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_exposed_little(name: str) -> None:
    """`systemd-analyze security` finds an exposure of 1.5 at most, where 10 is the worst."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", name],
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )

    assert 0 == result.returncode, result.stdout


@pytest.mark.parametrize(("name", "most_s"), [(UNITS[0], STOP_TIMEOUT_S), (UNITS[1], STOP_S)])
def test_stop_time_leaves_room(name: str, most_s: float) -> None:
    """The unit waits longer than the program takes at most."""
    unit = (FOLDER / name).read_text()
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)

    assert int(stop_s) >= most_s + 5


def test_broker_settings_start_a_broker(
    start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    """The broker snippet, word for word but for the port, works below Debian's main file."""
    included = tmp_path / "conf.d"
    included.mkdir()
    snippet = (FOLDER / "mosquitto.conf").read_text()
    assert "listener 1883 127.0.0.1" in snippet
    (included / "monitor.conf").write_text(snippet.replace("1883", str(free_port())))
    # The rest of what Debian's file says is what the fixture's says: persistence and its place.
    broker = start_mosquitto(include_dir=str(included))

    assert "Error" not in broker.log()
