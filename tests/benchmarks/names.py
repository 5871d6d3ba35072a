"""What a log costs in which messages have named 200,000 entities: daemon, report, dashboard, watch.

    python -m tests.benchmarks.names
    python -m tests.benchmarks.names --names 20000

A real log, a real mosquitto, each command a process of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests import crowded
from tests.processes import Daemon, Mosquitto, free_port, wait_until

NAMES: Final = 200_000
_MINUTE_S: Final = 62.0
_SCRAPES: Final = 4
_COMMANDS: Final = {
    "report": ("report",),
    "report --format json": ("report", "--format", "json"),
    "report --since 7d --by day --format csv": (
        *("report", "--since", "7d", "--by", "day", "--format", "csv"),
    ),
    "report --entity": ("report", "--entity", "name 004321"),
    "report --entity (unknown)": ("report", "--entity", "nmae 004321"),
    "report --html": ("report", "--html", os.devnull),
    "watch --once": ("watch", "--once"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--log", type=Path, help="where to keep the log, or take it from")
    options = parser.parse_args(arguments)
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    with tempfile.TemporaryDirectory(prefix="monitor-names-") as temporary:
        folder = Path(temporary)
        log = options.log or folder / "crowded.db"
        if not log.exists():
            crowded.write(log, options.names)
        _say("log", 0.0, log.stat().st_size / 2**20)
        for title, command in _COMMANDS.items():
            _say(title, *_command(log, command))
        _dashboard(log)
        _daemon(program, folder, log)


def _say(what: str, seconds: float, mebibytes: float) -> None:
    print(f"{what:42} {seconds:8.2f} s {mebibytes:8.1f} MiB", flush=True)  # noqa: T201


def _command(log: Path, arguments: Sequence[str]) -> tuple[float, float]:
    """Return what a command takes: CPU seconds, and its largest resident memory in MiB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", *arguments, "--database", str(log)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _dashboard(log: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "dashboard", "--database", str(log), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        for path in ("?span=24h", "", "?entity=name+004321", "?entity=nmae", "log/alerts"):
            began = time.monotonic()
            status = _status(found[0] + path)
            _say(
                f"dashboard /{path}: {status}", time.monotonic() - began, _peak(process.pid, "HWM")
            )
    finally:
        process.kill()
        process.wait()


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def _daemon(program: str, folder: Path, log: Path) -> None:
    """Idle, with sensors, and metrics that are asked for every quarter of a minute."""
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    port = free_port()
    (folder / "daemon").mkdir()
    daemon = Daemon(
        folder / "daemon",
        {
            "MONITOR_MQTT_PORT": str(broker.port),
            "MONITOR_PUBLISH_SENSORS": "true",
            "MONITOR_METRICS_LISTEN": str(port),
            "MONITOR_ENTITIES": '[{name = "Acme"}, {name = "Lumen"}]',
            "MONITOR_LOG_FORMAT": "json",
        },
    )
    shutil.copy(log, daemon.database)
    try:
        began = time.monotonic()
        daemon.start()
        assert daemon.process is not None
        _say("daemon ready", time.monotonic() - began, _peak(daemon.process.pid, "RSS"))
        time.sleep(5)
        cpu, slowest = _cpu(daemon.process.pid), 0.0
        for _ in range(_SCRAPES):
            began = time.monotonic()
            assert _status(f"http://127.0.0.1:{port}/metrics") == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(_MINUTE_S / _SCRAPES)
        spent = _cpu(daemon.process.pid) - cpu
        _say("daemon, CPU a minute, memory", spent, _peak(daemon.process.pid, "HWM"))
        _say("/metrics", slowest, 0.0)
        wait_until(daemon.alive, "alive")
    finally:
        daemon.kill()
        broker.kill()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"Vm{what}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
