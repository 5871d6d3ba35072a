"""One step of an installation, described before it is done, so that a dry run shows it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class InstallError(Exception):
    """It cannot go on; the message says why, and the way out."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, or something to leave as it is."""

    verb: str
    what: str
    do: Callable[[], object] | None = None
    """None: there is nothing to do."""

    def __str__(self) -> str:
        return f"{self.verb:<8} {self.what}"


def keep(what: str) -> Step:
    """Leave something as it is, and say so."""
    return Step("keep", what)


def call(*command: str) -> str:
    """Run one of the system's programs and return what it printed.

    Raises:
        InstallError: if it is not there or fails, with what it said.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise InstallError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise InstallError(f"{' '.join(command)}: {said}")
    return done.stdout


def run(verb: str, what: str, commands: Sequence[Sequence[str]]) -> Step:
    """Make a step of commands, run one after the other."""

    def do() -> None:
        for command in commands:
            call(*command)

    return Step(verb, what, do)
