"""``python -m tests.installing``: from a clean clone to a wheel to fresh environments in use.

pip, pipx and uv install it with all it needs, as a stranger would, into a folder that goes again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from tests.installing import wheels
from tests.installing.tour import run, tour


def main() -> None:
    """Build, install, use; a line each. Ends with a traceback where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.installing", description=__doc__)
    parser.add_argument(
        "--worktree", action="store_true", help="take the working tree, not the last commit"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = wheels.export(folder / "source", committed=not options.worktree)
        wheel = wheels.build(source, folder / "dist")
        click.echo(f"built      {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
        _python(folder / "tools", "install", "pipx", "uv")
        for way in (_pip, _pipx, _uv):
            home = folder / way.__name__
            _visit(way, home, wheel)
        home = folder / "demo"
        program = _pip(home, f"{wheel}[demo]")
        (home / "work").mkdir()
        (outcome,) = (
            line
            for line in run(program, "demo", folder=home / "work").splitlines()
            if line.startswith("labelled")
        )
        click.echo(f"demo       {outcome.split('; log')[0]}")


def _visit(way: Callable[[Path, str], Path], home: Path, wheel: Path) -> None:
    began = time.monotonic()
    program = way(home, str(wheel))
    seconds = time.monotonic() - began
    (home / "work").mkdir()
    tour(program, home / "work")
    size = _size(program.resolve().parents[1])
    click.echo(
        f"{way.__name__[1:]:<10} installed in {seconds:.0f} s, {size / 1e6:.0f} MB; help, version,"
        " config, check, classify and install-service --root work"
    )


def _pip(home: Path, package: str) -> Path:
    _python(home / "venv", "install", package)
    return home / "venv" / "bin" / "monitor"


def _pipx(home: Path, package: str) -> Path:
    _tool(home, "pipx", "install", "--quiet", package)
    return home / "bin" / "monitor"


def _uv(home: Path, package: str) -> Path:
    _tool(home, "uv", "tool", "install", "--quiet", "--python", sys.executable, package)
    return home / "bin" / "monitor"


def _python(environment: Path, *arguments: str) -> None:
    """Run pip in an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "-qq", *arguments], check=True)


def _tool(home: Path, name: str, *arguments: str) -> None:
    """Run an installer of tools, which has its home here."""
    settings = {"PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man"}
    settings |= {"UV_TOOL_DIR": "uv", "UV_TOOL_BIN_DIR": "bin", "UV_CACHE_DIR": "cache"}
    environment = {**os.environ, **{key: str(home / path) for key, path in settings.items()}}
    program = home.parent / "tools" / "bin" / name
    subprocess.run([program, *arguments], check=True, env=environment)


def _size(folder: Path) -> int:
    """Add up the bytes of an environment."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


if __name__ == "__main__":
    main()
