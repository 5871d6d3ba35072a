"""``monitor notify`` as a process, with its log and what it remembers in a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.console import strict_json
from tests.notifying.logs import AlertLog
from tests.processes import PATIENCE_S, wait_until
from tests.warm import IMPORTED_FIRST

_IMPATIENT = """
import sys
from monitor import __main__
from monitor.notifying import service
service.LOOK_S, service._FIRST_WAIT_S, service._LONGEST_WAIT_S = 0.5, 0.2, 1.0
sys.argv = ["monitor", "notify"]
__main__.main()
"""
"""The program that runs on, for tests that cannot wait: the waits of minutes are seconds."""


class Program:
    """The program, started and ended as often as a test wants."""

    def __init__(self, folder: Path, urls: Sequence[str], **environment: str) -> None:
        self.folder = folder
        self.log_path = folder / "monitor.db"
        self.environment = {
            **os.environ,
            "PYTHONPATH": IMPORTED_FIRST,
            "MONITOR_STORE_PATH": str(self.log_path),
            "MONITOR_NOTIFY_URLS": strict_json(list(urls)),
            "MONITOR_NOTIFY_TIMEZONE": "Europe/Berlin",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def log(self) -> AlertLog:
        """The log; made if it is not there."""
        return AlertLog(self.log_path)

    def run(self, *arguments: str, patience: float = 3 * PATIENCE_S) -> tuple[int, str, str]:
        """Run it to its end: exit code, output, errors."""
        done = subprocess.run(
            [sys.executable, "-m", "monitor", "notify", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            timeout=patience,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self) -> None:
        """Have it run on, and wait until it looks."""
        started = self.count("telling")
        with (self.folder / "notify.log").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _IMPATIENT],
                env=self.environment,
                cwd=self.folder,
                stderr=said,
            )
        wait_until(lambda: self.alive() and self.count("telling") > started, "it looks")

    def alive(self) -> bool:
        """Fail with what it said if it has ended."""
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return True

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(3 * PATIENCE_S)

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """What it logged, over all its lives."""
        file = self.folder / "notify.log"
        return file.read_text() if file.exists() else ""

    def events(self) -> list[dict[str, Any]]:
        """The same, as documents."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def count(self, event: str) -> int:
        """How often it logged an event."""
        return sum(one["event"] == event for one in self.events())
