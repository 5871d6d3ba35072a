"""The package as a stranger gets it: a wheel, and wheels of what it needs, installed by pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.arm.board import Board
from tests.processes import REPOSITORY

LOCK: Final = REPOSITORY / "requirements" / "daemon.lock"


def build_wheel(folder: Path) -> Path:
    """Build the working tree's wheel into a folder, alone.

    Raises:
        subprocess.CalledProcessError: if that fails.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _pip(folder.parent, "wheel", "--no-deps", "--wheel-dir", str(folder), str(REPOSITORY))
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(board: Board, wheel: Path) -> None:
    """Install the wheel and the locked versions of what it needs.

    pip itself runs on the board, so tags and markers are the board's own. What is there and
    locked alike stays; the wheel is always installed anew.

    Raises:
        subprocess.CalledProcessError: if that fails, for want of a wheel above all.
    """
    cache = wheel.parent.parent
    constraints = board.interpreter.with_name("constraints.txt")
    constraints.write_text(without(LOCK.read_text(), board.architecture.python_packages))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = "\n".join(
        (constraints.read_text(), *project["dependencies"], (board.root / ".packages").read_text())
    )
    stamp = board.environment / ".installed"
    as_before = stamp.exists() and stamp.read_text() == wanted
    if not as_before:
        board.make_environment()
    _pip(
        cache,
        *("--python", str(board.interpreter), "install", "--only-binary=:all:", "--no-compile"),
        *(("--no-deps", "--force-reinstall") if as_before else ("--constraint", str(constraints))),
        str(wheel),
        **board.variables,
    )
    stamp.write_text(wanted)


def without(lock: str, packages: tuple[str, ...]) -> str:
    """Drop the lines of a lock file that pin certain packages."""
    pinned = re.compile(rf"({'|'.join(map(re.escape, packages))})==")
    kept = (line for line in lock.splitlines() if not packages or not pinned.match(line))
    return "".join(f"{line}\n" for line in kept)


def _pip(cache: Path, *arguments: str, **variables: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments],
        env={**os.environ, "PIP_CACHE_DIR": str(cache / "pip"), **variables},
        check=True,
    )
