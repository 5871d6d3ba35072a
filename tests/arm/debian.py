"""A Debian for another processor, from its packages alone.

They are fetched and unpacked, not installed: no script of theirs runs, nothing is mounted, and
nobody has to be root. For a Python in an emulator that is enough.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_ALTERNATIVES: Final = ("blas", "lapack")
"""Folders of libraries that `update-alternatives` would link to the folder above."""


def build(root: Path, architecture: str, packages: Sequence[str]) -> None:
    """Make ``root`` hold the packages and what they depend on; do nothing if it does already.

    apt is asked as this machine has it configured, with a state of its own.

    Args:
        root: a folder that is replaced unless it was built of the same packages.
        architecture: as Debian names it, e.g. ``arm64``.
        packages: their names.

    Raises:
        subprocess.CalledProcessError: if apt does not find them; it says why.
    """
    contents = root / ".packages"
    wanted = "\n".join((architecture, *packages))
    if contents.exists() and contents.read_text() == wanted:
        return
    shutil.rmtree(root, ignore_errors=True)
    state = root.parent / "apt"
    for package in _fetch(state, architecture, packages):
        unpack(package, root)
    _link_alternatives(root)
    shutil.rmtree(state)
    contents.write_text(wanted)


def unpack(package: Path, root: Path) -> None:
    """Put a ``.deb``'s files under ``root``.

    Raises:
        subprocess.CalledProcessError: if it is damaged.
    """
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)


def _fetch(state: Path, architecture: str, packages: Sequence[str]) -> list[Path]:
    """Download packages and their dependencies into an empty state of apt's."""
    shutil.rmtree(state, ignore_errors=True)
    archives = state / "archives"
    (archives / "partial").mkdir(parents=True)
    (state / "lists" / "partial").mkdir(parents=True)
    (state / "status").touch()  # nothing is installed there
    options = {
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # as whoever calls us, who may not be root
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-qq", *(word for key in options for word in ("-o", f"{key}={options[key]}"))]
    # Of several sources one may be out of step; what is missing then, the next command says.
    subprocess.run([*apt, "update"], check=False)
    subprocess.run([*apt, "install", "--yes", "--download-only", *packages], check=True)
    return sorted(archives.glob("*.deb"))


def _link_alternatives(root: Path) -> None:
    for name in _ALTERNATIVES:
        for folder in root.glob(f"usr/lib/*/{name}"):
            for library in folder.glob("*.so.*"):
                (folder.parent / library.name).symlink_to(library.relative_to(folder.parent))
