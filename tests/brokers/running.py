"""A broker as a process, on a port that survives restarts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.brokers.kinds import Kind
from tests.processes import free_port, wait_until

_UP_S: Final = 300.0
_DOWN_S: Final = 30.0


class Running:
    """One broker with its state."""

    def __init__(self, kind: Kind, state: Path) -> None:
        """Prepare; `start` starts it."""
        state.mkdir(parents=True)
        self.port = free_port()
        self.login = kind.login
        self._kind, self._state = kind, state
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, in a group of processes of its own, and wait until it listens."""
        command = self._kind.command(self.port, self._state)
        with (self._state / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command.arguments,
                env={**os.environ, **command.environment},
                cwd=self._state,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._listens, f"{self._kind.name} listens: {self._said()}", _UP_S, every=0.1)

    def _said(self) -> str:
        return (self._state / "output").read_text(errors="replace")[-500:]

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._said()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it as a system does, and what it started with it."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DOWN_S)
        with suppress(ProcessLookupError):  # what it started, and left behind
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if after := self._kind.command(self.port, self._state).afterwards:
            environment = {**os.environ, **self._kind.command(self.port, self._state).environment}
            subprocess.run(after, env=environment, capture_output=True, check=False)
        self._process = None
