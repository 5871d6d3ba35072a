"""A pseudo-terminal with a command of the program on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

from tests.processes import PATIENCE_S


class Terminal:
    """A command on a terminal of 24 lines and 80 columns."""

    def __init__(self, *arguments: str, kind: str | None = "xterm", nohup: bool = False) -> None:
        self._ours, its = pty.openpty()
        self.resize(24, 80)
        # COLUMNS and LINES would be believed before the terminal itself.
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "TERM")}

        def begin() -> None:
            # Ctrl-C comes from the terminal that a process belongs to.
            fcntl.ioctl(its, termios.TIOCSCTTY, 0)
            if nohup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            env=inherited | {"LC_ALL": "C.UTF-8"} | ({"TERM": kind} if kind is not None else {}),
            start_new_session=True,
            preexec_fn=begin,
        )
        self.modes = termios.tcgetattr(its)
        """As they were before the command changed them."""
        os.close(its)
        self.seen = b""

    def modes_now(self) -> list[Any]:
        """Return what the terminal's modes are."""
        return termios.tcgetattr(self._ours)

    def set_modes(self, modes: list[Any]) -> None:
        """Change them, as a shell may while the command is stopped."""
        termios.tcsetattr(self._ours, termios.TCSANOW, modes)

    def resize(self, rows: int, columns: int) -> None:
        """Give it another size, as a window that is drawn larger does."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def wait_for(self, text: str) -> bytes:
        """Return what was written up to some text, and forget it."""
        deadline = time.monotonic() + PATIENCE_S
        while text.encode() not in self.seen:
            assert self._read(deadline), self.seen
        end = self.seen.index(text.encode()) + len(text.encode())
        before, self.seen = self.seen[:end], self.seen[end:]
        return before

    def end(self) -> tuple[int, bytes]:
        """Wait for the command; return its exit code and all that it still wrote."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            pass
        return self.process.wait(PATIENCE_S), self.seen

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        try:
            more = os.read(self._ours, 65_536) if ready else b""
        except OSError:  # the other end was closed
            more = b""
        self.seen += more
        return bool(more)

    def hang_up(self) -> None:
        """Close the window that it is in."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """End the command at once."""
        self.process.kill()
        self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)
