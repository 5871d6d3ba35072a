"""A real dashboard process, and a real browser to look at it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, program
from tests.processes import PATIENCE_S

_MOST_BYTES = 4 * 2**30
"""Of addresses, which are more than what is used of them."""


def _bounded() -> None:
    """Have what takes too much fail by itself, and not the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))


class Dashboard:
    """`monitor dashboard` in a process of its own, on a free port."""

    def __init__(self, path: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "dashboard"),
                *("--database", str(path), "--port", "0", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_bounded,
        )
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline()
        found = re.search(r"http://\S+", self.said)
        assert found, (self.said, self._process.communicate(timeout=PATIENCE_S))
        self.address = found[0].rstrip("/")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Signal it, and return its exit code and what it wrote to standard error."""
        self._process.send_signal(number)
        _, err = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, err

    def peak(self) -> int:
        """Return the most memory it has held so far, bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def kill(self) -> None:
        """End it for good."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def serve() -> Iterator[Callable[..., Dashboard]]:
    """Serve logs; the processes end with the test."""
    served: list[Dashboard] = []

    def start(path: Path, *options: str) -> Dashboard:
        served.append(Dashboard(path, *options))
        return served[-1]

    yield start
    for dashboard in served:
        dashboard.kill()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    found = program()
    if found is None:
        message = "Chromium is not installed (Debian: apt install chromium)"
        if os.environ.get("MONITOR_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with Browser(found) as running:
        yield running
