"""Processes whose imports are done: forked from one that has imported what `monitor run` imports.

The tests start hundreds of daemons and commands. Of the processor time that a start takes, half
goes into Python's own start and into imports, the same each time. One process of the tests
(``python -m tests.warm``) does both once, and forks whenever a program is to run. What is forked
is a process of its own all the same, with its own memory, files and signals, and a child of whoever
asked for it, who sees how it ends.

What is not started so begins from nothing: what tests start with `subprocess` itself (as
tests/test_early.py does), through another program (``env``), or with other variables for Python or
the linker than the tests have. So must begin whatever is to inherit limits, namespaces or the like,
which a forked process has from the one that forks.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final

_REPOSITORY: Final = Path(__file__).parent.parent
IMPORTED_FIRST: Final = f"{_REPOSITORY / 'tests' / 'board'}{os.pathsep}{_REPOSITORY}"
"""Where daemons import from before anything else: without rich, as on a board, they start sooner;
and the program of this checkout, also where another one is installed."""

_IMPORTED: Final = (
    "ai_edge_litert.interpreter",
    "encodings.idna",
    "fasttext",
    "importlib.metadata",
    "monitor.cli",
    "monitor.daemon.logs",
    "monitor.daemon.service",
    "monitor.inference.classifier",
    "monitor.mqtt.look",
    "monitor.mqtt.publisher",
    "monitor.publishing.announcer",
    "monitor.settings.credentials",
    "tokenizers",
)
"""They bring nearly all that a daemon has imported once it is ready."""
_LONGEST: Final = 2**17
"""Bytes of a request: above all the environment's."""
_PR_SET_CHILD_SUBREAPER: Final = 36
"""From linux/prctl.h: orphans among our descendants become our children."""


class Forkery:
    """The process that forks, and the way to ask it to."""

    def __init__(self) -> None:
        """Start it."""
        self._turn = threading.Lock()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": IMPORTED_FIRST},
                cwd=_REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def fork(
        self, arguments: Sequence[str], cwd: str, environment: Mapping[str, str], files: list[int]
    ) -> int:
        """Have a program run, and return the number of its process, a child of this one.

        Args:
            arguments: what would stand behind ``python -m``.
            cwd: the folder that it works in.
            environment: all of it.
            files: its standard input, output and error output.
        """
        request = json.dumps({"arguments": arguments, "cwd": cwd, "environment": environment})
        libc = ctypes.CDLL(None)
        with self._turn:
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            socket.send_fds(self._ours, [request.encode()], files)
            answer = self._ours.recv(_LONGEST)
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        return int(answer)

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self._process.wait()


_forkery: Forkery | None = None
_once: Final = threading.Lock()


class _Forked(subprocess.Popen[bytes]):
    """A process that was forked instead of started anew."""

    def _execute_child(self, *given: Any) -> None:  # noqa: ANN401  (as Python's own has them)
        """Do what `subprocess` does where it would fork and execute."""
        global _forkery
        arguments, cwd, environment = given[0], given[5], given[6]
        ends = given[10:16]
        stdin, stdout, stderr = (ends[0], ends[3], ends[5])
        with _once:
            _forkery = _forkery or Forkery()
        files = [own if end == -1 else end for own, end in enumerate((stdin, stdout, stderr))]
        try:
            self.pid = _forkery.fork([*arguments[2:]], str(cwd), environment, files)
            self._child_created = True
        finally:
            self._close_pipe_fds(*ends)  # type: ignore[attr-defined]  # private to subprocess


def _of_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python or the linker read before anything is imported."""
    read = ("PYTHON", "LD_")
    return {name: value for name, value in environment.items() if name.startswith(read)}


def popen(
    program: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Run a program: forked if it is a module of ours and its Python would be as any other.

    Args:
        program: a command line.
        env: its environment.
        cwd: the folder that it works in.
        stdin: as for `subprocess.Popen`, like the two that follow.
        stdout: its output.
        stderr: its error output.
    """
    usual = {**os.environ, "PYTHONPATH": IMPORTED_FIRST}
    same = _of_interpreter(env) == _of_interpreter(usual)
    started = _Forked if same and [*program[:2]] == [sys.executable, "-m"] else subprocess.Popen
    return started([*program], env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)


def run(
    *arguments: str,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of `monitor` to its end, and return what it wrote.

    Args:
        arguments: of the command.
        stdin: what it reads.
        cwd: the folder that it works in; that of the tests if left out.
        env: its environment; that of the tests if left out.
        timeout: seconds after which it is killed, and the test fails.
    """
    pipe = subprocess.PIPE
    env = env or {**os.environ, "PYTHONPATH": IMPORTED_FIRST}
    program = [sys.executable, "-m", "monitor", *arguments]
    with popen(
        program, env=env, cwd=cwd or Path.cwd(), stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(program, process.returncode, out, err)


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Be as a process that was just started for it."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    sys.path[0] = request["cwd"]
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()


def serve(requests: socket.socket) -> list[str]:
    """Fork for each request; return in what was forked, and there alone.

    The process between ends at once: whoever asked is the next to take its child over.

    Returns:
        A module and its arguments.
    """
    while True:
        asked, files, *_ = socket.recv_fds(requests, _LONGEST, 3)
        if not asked:
            sys.exit()
        reading, writing = os.pipe()
        if between := os.fork():
            os.close(writing)
            for file in files:
                os.close(file)
            os.waitpid(between, 0)
            requests.send(os.read(reading, 20))
            os.close(reading)
            continue
        middle = os.getpid()
        if child := os.fork():
            os.write(writing, b"%d" % child)
            os._exit(0)
        os.close(reading)
        os.close(writing)
        requests.close()
        while os.getppid() == middle:  # on a busy machine it may not have ended yet
            time.sleep(0.001)
        request = json.loads(asked)
        _become(request, files)
        return [*request["arguments"]]


def main() -> None:
    """Import, fork, and in what was forked run what was asked for."""
    for name in _IMPORTED:
        with suppress(ImportError):  # as fasttext for Python 3.14
            import_module(name)
    try:
        module, *sys.argv[1:] = serve(socket.socket(fileno=int(sys.argv[1])))
    except KeyboardInterrupt:  # of a terminal: the tests say what is to be said
        return
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
