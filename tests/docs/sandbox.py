"""A folder in which the documentation's commands run: a configuration, a log, a real broker.

`monitor` and `sqlite-utils` run inside this process, since a start costs more than most of them;
the daemon alone is a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Final
from unittest.mock import patch

import click
from sqlite_utils.cli import cli as sqlite_utils

from monitor.cli import main
from tests.docs.shell import Command, tokens
from tests.processes import Daemon

INSIDE: Final = {"monitor": main, "sqlite-utils": sqlite_utils}
"""Programs that run in this process."""
_PUBLISHING: Final = frozenset({"publish", "mosquitto_pub"})
_PATIENCE_S: Final = 60.0


class Sandbox:
    """Runs commands in the current folder, one after the other."""

    def __init__(self, make_daemon: Callable[[], Daemon]) -> None:
        self._make_daemon = make_daemon
        self._daemon: Daemon | None = None

    def run(self, command: Command) -> str:
        """Run a command and return what it says on both outputs.

        A daemon is started and left running, and what is published then has to reach its log.
        Fails if a command ends with another code than 0; where output is shown, that has to fit
        instead.
        """
        words = tokens(command.line)
        if words[:2] == ["monitor", "run"]:
            self._daemon = self._make_daemon()
            self._daemon.program = (sys.executable, "-m", *words)
            self._daemon.start()
            return ""
        if self._daemon is None or _PUBLISHING.isdisjoint(words):
            return self._run(command, words)
        before = self._daemon.stored()
        said = self._run(command, words)
        self._daemon.wait_stored(before + 1)
        return said

    def _run(self, command: Command, words: Sequence[str]) -> str:
        line = command.line
        inside = next((stage[0] for stage in command.stages if stage[0] in INSIDE), None)
        if inside is None:
            return self._shell(line, b"", check=True).decode()
        at = words.index(inside)
        until = next((i for i in range(at, len(words)) if words[i] in {"|", ">", ">>"}), len(words))
        pipe = max((i + 1 for i in range(at) if words[i] == "|"), default=0)
        before, variables, after = words[: max(pipe - 1, 0)], words[pipe:at], words[until:]
        given = self._shell(" ".join(before), b"", check=True) if before else b""
        arguments = self._shell("printf '%s\\0' " + " ".join(words[at + 1 : until]), b"")
        environment = dict(shlex.split(word)[0].split("=", 1) for word in variables)
        with patch.dict(os.environ, environment):
            code, said = self._inside(words[at], arguments.decode().split("\0")[:-1], given)
        assert command.shown is not None or code == 0, f"{line}: exit code {code}: {said.decode()}"
        if not after:
            return said.decode()
        return self._shell(f"cat {' '.join(after)}", said, check=True).decode()

    def _shell(self, line: str, given: bytes, *, check: bool = False) -> bytes:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            input=given,
            capture_output=True,
            timeout=_PATIENCE_S,
        )
        assert not check or done.returncode == 0, f"{line}: {done.stderr.decode()}"
        return done.stdout

    def _inside(self, program: str, arguments: Sequence[str], given: bytes) -> tuple[int, bytes]:
        """Run a program of click in this process, with real files for its input and output."""
        with tempfile.TemporaryFile() as entry:
            entry.write(given)
            entry.seek(0)
            said = io.BytesIO()
            text = io.TextIOWrapper(said, encoding="utf-8", write_through=True)
            keyboard, sys.stdin = sys.stdin, io.TextIOWrapper(entry, encoding="utf-8")
            try:
                with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                    INSIDE[program].main(list(arguments), prog_name=program)
            except SystemExit as end:
                return int(end.code or 0), said.getvalue()
            finally:
                sys.stdin = keyboard
        raise AssertionError("click ends by SystemExit")


def check_options(command: click.Command, arguments: Sequence[str]) -> None:
    """See that a command takes these options and values; files need not be there.

    Raises:
        click.UsageError: if it does not.
    """
    context = click.Context(command)
    name, words = "monitor", list(arguments)
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no such command: {name}")
        command = found
    try:
        command.make_context(name, words)
    except click.exceptions.Exit:  # --help
        return
    except click.BadParameter as error:
        if not (error.param and isinstance(error.param.type, click.Path)):
            raise
