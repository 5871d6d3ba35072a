"""The program that the unit starts: where it lies, and whether the service gets there."""

from __future__ import annotations

import re
import stat
import sys
import sysconfig
from pathlib import Path
from typing import Final

import monitor
from monitor.installing.step import InstallError

_PACKAGE: Final = "tweet-reputation-monitor"
_HIDDEN: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108
"""What ProtectHome= and PrivateTmp= of the unit take away."""

_IN_OPT: Final = (
    f"sudo python3 -m venv /opt/monitor && sudo /opt/monitor/bin/pip install {_PACKAGE}"
)
_BY_PIPX: Final = f"sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install {_PACKAGE}"
_BY_UV: Final = (
    "sudo UV_TOOL_DIR=/opt/uv-tools UV_TOOL_BIN_DIR=/usr/local/bin"
    f" uv tool install --python /usr/bin/python3 {_PACKAGE}"
)


def located() -> Path:
    """Return the command of the installation that runs.

    Raises:
        InstallError: if there is none, or its path is one that a unit cannot name.
    """
    program = Path(sysconfig.get_path("scripts"), "monitor").absolute()
    if not program.is_file():
        raise InstallError(f"{program}: is not there; install the package with pip, then run that")
    if not re.fullmatch(r"[\w.+@/-]+", str(program), re.ASCII):
        raise InstallError(
            f"{program}: a unit cannot name it; install it where its path has neither spaces nor"
            f" special characters: {_IN_OPT}"
        )
    return program


def see_reachable(program: Path) -> None:
    """See that a user without rights, under the unit's restrictions, reaches all it runs.

    Raises:
        InstallError: if it does not; says how to install the program so that it does.
    """
    python = Path(sys.executable).resolve()
    see_outside_homes(program, python, Path(monitor.__file__))
    for path in (program, python, Path(monitor.__file__)):
        for part in (path, *path.parents):
            wanted = stat.S_IROTH | stat.S_IXOTH if part != path else stat.S_IROTH
            if part.stat().st_mode & wanted != wanted:
                raise InstallError(
                    f"{part}: the service's user may not read it; let it: sudo chmod -R o+rX {part}"
                )


def see_outside_homes(program: Path, python: Path, package: Path) -> None:
    """See that no part of the program lies where the unit hides everything.

    Args:
        program: the command.
        python: the interpreter, links followed.
        package: the code; not beside the others if the installation is editable.

    Raises:
        InstallError: if one does; says how to install the program elsewhere.
    """
    for path in (program, python, package):
        for folder in _HIDDEN:
            if path.resolve().is_relative_to(folder):
                raise InstallError(
                    f"{path}: the service sees nothing below {folder}; install the program for"
                    f" the whole system: {_advice(program, python)}"
                )


def _advice(program: Path, python: Path) -> str:
    """Say how to install it as before, but elsewhere."""
    parts = {*program.parts, *python.parts}
    if "pipx" in parts:
        return _BY_PIPX
    return _BY_UV if "uv" in parts else _IN_OPT
