"""Real processes for the tests: a mosquitto and a daemon, started, watched and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.warm import popen, run

REPOSITORY = Path(__file__).parent.parent
OTHER_PYTHON = REPOSITORY / ".venv-tflite-runtime" / "bin" / "python"
"""Of the environment that has tflite-runtime instead of LiteRT; see the fixture `other_python`."""

PATIENCE_S = 30.0
"""Far more than anything here takes, also on a busy machine."""


def free_port() -> int:
    """Find a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_until(
    condition: Callable[[], object], what: str, patience: float = PATIENCE_S, every: float = 0.02
) -> None:
    """Wait for a condition, and fail with its name if it does not come."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(every)


class Mosquitto:
    """A real broker with persistence, on a port that survives restarts."""

    def __init__(self, program: str, folder: Path, options: Mapping[str, str]) -> None:
        folder.mkdir()
        self.port = free_port()
        self.folder = folder
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        settings = {
            "listener": f"{self.port} 127.0.0.1",
            "allow_anonymous": "true",
            "persistence": "true",
            "persistence_location": f"{folder}/",
            "autosave_interval": "60",
            "max_queued_messages": "0",
            "user": "root" if os.getuid() == 0 else "",
            **options,
        }
        lines = [f"{key} {value}\n" for key, value in settings.items() if value]
        (folder / "mosquitto.conf").write_text("".join(lines))

    def start(self) -> None:
        """Start, and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        wait_until(self._listens, f"mosquitto on {self.port}: {self.log()}")

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        """End it as the system would, saving its queue."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Daemon:
    """``monitor run`` as a process, with its log beside it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.database = folder / "monitor.db"
        self.environment = {
            **os.environ,
            "MONITOR_MQTT_HOST": "127.0.0.1",
            "MONITOR_STORE_PATH": str(self.database),
            **environment,
        }
        self.program: Sequence[str] = (sys.executable, "-m", "monitor", "run")
        """What `start` runs; tests of faults put a saboteur in between."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> None:
        """Start it and, unless told otherwise, wait until it is subscribed."""
        seen = self.said().count('"subscribed"')
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = popen(self.program, env=self.environment, cwd=self.folder, stderr=log)
        if ready:
            wait_until(lambda: self.alive() and self.said().count('"subscribed"') > seen, "ready")

    def alive(self) -> bool:
        """Fail with what it said if it has ended."""
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return True

    def command(
        self, *arguments: str, stdin: bytes = b"", patience: float = PATIENCE_S
    ) -> subprocess.CompletedProcess[bytes]:
        """Run another command of the program under the same settings."""
        return run(*arguments, stdin=stdin, cwd=self.folder, env=self.environment, timeout=patience)

    def said(self) -> str:
        """Everything it logged, over all its lives."""
        log = self.folder / "daemon.log"
        return log.read_text() if log.exists() else ""

    def events(self) -> list[dict[str, Any]]:
        """The JSON lines among what it logged."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask its log, from outside, as anybody would."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, parameters).fetchall()

    def stored(self) -> int:
        """How many tweets are in its log."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'tweets'"):
            return 0
        return int(self.rows("SELECT count(*) FROM tweets")[0][0])

    def wait_stored(self, count: int) -> None:
        """Wait until that many tweets are in its log."""
        wait_until(lambda: self.stored() >= count, f"{count} tweets stored")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
