"""A Debian that boots: made once by debootstrap, copied, and run by systemd-nspawn."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
PACKAGES = "systemd,systemd-sysv,dbus,python3-venv,mosquitto,iproute2"
PROGRAMS = ("debootstrap", "systemd-nspawn")


def hindrance() -> str:
    """Say what keeps this machine from it; empty if nothing does."""
    if os.geteuid() != 0:
        return "another root and another init need root: sudo make boot"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if not shutil.which(program, path=path)]
    if missing:
        return f"{', '.join(missing)}: not installed (apt install debootstrap systemd-container)"
    return ""


def base(folder: Path, suite: str) -> Path:
    """Return a fresh Debian, from the mirror the first time."""
    tree = folder / suite
    if not tree.exists():
        draft = folder / f"{suite}.part"
        shutil.rmtree(draft, ignore_errors=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, draft, MIRROR],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        draft.rename(tree)
    return tree


def copied(tree: Path, to: Path) -> Path:
    """Copy a tree, owners and all, and give it the names that Debian's installer gives."""
    subprocess.run(["cp", "--archive", "--reflink=auto", tree, to], check=True)
    (to / "etc/hosts").write_text("127.0.0.1 localhost\n")
    return to


def boot(tree: Path, bound: Mapping[Path, str], patience_s: float) -> str:
    """Boot it, without a network, until it powers itself off; return what the console said.

    Args:
        tree: its root.
        bound: what of this machine it sees, read-only, and where.
        patience_s: after so long it is ended.

    Raises:
        subprocess.TimeoutExpired: if it has to be.
    """
    command = [
        *("systemd-nspawn", "--quiet", f"--directory={tree}", "--machine=monitor-boot", "--boot"),
        *("--register=no", "--keep-unit", "--private-network", "--console=read-only"),
        *(f"--bind-ro={path}:{place}" for path, place in bound.items()),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=patience_s,
    )
    return done.stdout.decode(errors="replace")
