"""Brokers from Debian, PyPI and npm, unpacked into a folder of ours; nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PATIENCE_S: Final = 600.0
_ERLANG: Final = "/usr/lib/erlang"


class UnavailableError(Exception):
    """A broker cannot be had here; the message says why, in one line."""


def debian(folder: Path, *packages: str) -> Path:
    """Unpack packages and what they depend on, as far as this machine lacks it; return the root.

    Raises:
        UnavailableError: where there is no apt-get, or it does not have them.
    """
    root = folder / "root"
    if root.exists():
        return root
    if not shutil.which("apt-get"):
        raise UnavailableError("needs Debian's apt-get")
    simulated = _run("apt-get", "install", "-s", "-qq", "--no-install-recommends", *packages)
    names = [line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")]
    parcels = folder / "parcels"
    shutil.rmtree(parcels, ignore_errors=True)
    parcels.mkdir(parents=True)
    _run("apt-get", "download", "-qq", *names, cwd=parcels)
    unpacked = folder / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    for parcel in sorted(parcels.glob("*.deb")):
        _run("dpkg-deb", "-x", str(parcel), str(unpacked))
    _move_erlang(unpacked, root)
    unpacked.rename(root)
    return root


def _move_erlang(unpacked: Path, root: Path) -> None:
    """Tell Debian's Erlang, which knows the place that it was packed for, where it is."""
    erlang = unpacked / _ERLANG.strip("/")
    for script in (
        *erlang.glob("bin/*"),
        *erlang.glob("erts-*/bin/*"),
        *erlang.glob("releases/RELEASES"),
    ):
        if script.is_file() and not script.read_bytes().startswith(b"\x7fELF"):
            text = script.read_bytes()
            mode = script.stat().st_mode
            script.unlink()
            script.write_bytes(text.replace(_ERLANG.encode(), f"{root}{_ERLANG}".encode()))
            script.chmod(mode)


def pypi(folder: Path, requirement: str) -> Path:
    """Install a package into an environment of its own; return its Python.

    Raises:
        UnavailableError: if pip cannot.
    """
    python = folder / "environment" / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder / "environment"))
        quiet = ("--quiet", "--disable-pip-version-check")
        _run(str(python), "-m", "pip", "install", *quiet, requirement)
        (folder / "complete").touch()
    return python


def npm(folder: Path, *packages: str) -> Path:
    """Install packages into a folder; return it.

    Raises:
        UnavailableError: if npm or Node.js is not there, or cannot.
    """
    if not (folder / "complete").exists():
        if not (shutil.which("npm") and shutil.which("node")):
            raise UnavailableError("needs Node.js and npm")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--silent", "--no-fund", "--no-audit")
        _run("npm", "install", *quiet, "--prefix", str(folder), *packages)
        (folder / "complete").touch()
    return folder


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise UnavailableError(f"{' '.join(command[:2])}: {_last(done.stderr or done.stdout)}")
    return done.stdout


def _last(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[-1] if lines else "failed"
