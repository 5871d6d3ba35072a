"""A board that is not there: Debian's Python for Arm under QEMU, one processor at a time.

QEMU's user mode translates a program's instructions and hands its system calls to this machine's
kernel. So code is Arm's and everything else is ours: kernel, network, time, and how fast a disk is.
Paths below the root come first, and what is missing there is this machine's.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.arm.architectures import Architecture, Processor

_CORES: Final = 4

_SYSTEM: Final = {
    "possible": f"0-{_CORES - 1}",
    "present": f"0-{_CORES - 1}",
    "kernel_max": f"{_CORES - 1}",
    **{
        f"cpu{core}/{name}": value
        for core in range(_CORES)
        for name, value in {
            "topology/physical_package_id": "0",
            "topology/cluster_cpus_list": f"0-{_CORES - 1}",
            "topology/core_siblings_list": f"0-{_CORES - 1}",
            "cache/index2/level": "2",
            "cache/index2/size": "1024K",
            "cache/index2/shared_cpu_list": f"0-{_CORES - 1}",
        }.items()
    },
}
"""What a board of four like cores shows below /sys/devices/system/cpu."""


class NoEmulatorError(Exception):
    """QEMU's user mode is not installed; the message says how to get it."""


class Board:
    """A root with Debian's Python, an environment made by it, and a processor."""

    def __init__(self, architecture: Architecture, folder: Path) -> None:
        """Take a folder; `tests.arm.debian` and `tests.arm.package` fill it.

        Raises:
            NoEmulatorError: if QEMU is not installed.
        """
        self.architecture = architecture
        self.root = folder / "root"
        self.environment = folder / "venv"
        self.interpreter = folder / "python"
        """A program for those who want one: it runs the environment's Python."""
        self.python = self.environment / "bin" / "python"
        self._emulator = _emulator(architecture)
        self.processor = architecture.processors[0]

    @property
    def variables(self) -> Mapping[str, str]:
        """What QEMU goes by."""
        return {"QEMU_LD_PREFIX": str(self.root), "QEMU_CPU": self.processor.model}

    def become(self, processor: Processor) -> None:
        """Be another processor from now on, also to those who ask the kernel.

        They would find this machine's, and XNNPACK's cpuinfo ends in a segmentation fault if an
        Arm is in the description of an x86.
        """
        self.processor = processor
        _write(self.root / "proc" / "cpuinfo", "\n".join(_described(processor)))
        for name, value in _SYSTEM.items():
            _write(self.root / "sys" / "devices" / "system" / "cpu" / name, value)

    def argv(self, *arguments: str, python: Path | None = None) -> list[str]:
        """Give the command that runs the environment's Python (or another) with arguments."""
        return [self._emulator, str(python or self.python), *arguments]

    def run(self, *arguments: str, python: Path | None = None, stdin: str = "") -> str:
        """Run it and return what it printed.

        Raises:
            subprocess.CalledProcessError: if it fails; what it said is on our standard error.
        """
        return subprocess.run(
            self.argv(*arguments, python=python),
            env={**os.environ, **self.variables},
            input=stdin,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def make_environment(self) -> None:
        """Make an empty virtual environment, in place of the one that may be there.

        It sees Debian's Python packages if the architecture needs some of them.
        """
        shutil.rmtree(self.environment, ignore_errors=True)
        shared = ["--system-site-packages"] if self.architecture.python_packages else []
        self.run(
            *("-m", "venv", "--without-pip", *shared, str(self.environment)),
            python=self.root / "usr" / "bin" / "python3",
        )
        self.interpreter.write_text(f'#!/bin/sh\nexec {shlex.join(self.argv())} "$@"\n')
        self.interpreter.chmod(0o755)

    def site_packages(self) -> Path:
        """Where the environment keeps its packages."""
        (found,) = self.environment.glob("lib/python3.*/site-packages")
        return found


def _emulator(architecture: Architecture) -> str:
    names = (f"qemu-{architecture.qemu}-static", f"qemu-{architecture.qemu}")
    for name in names:
        if found := shutil.which(name):
            return found
    raise NoEmulatorError(f"{names[0]} is not installed (Debian: apt install qemu-user-static)")


def _described(processor: Processor) -> list[str]:
    lines = []
    for core in range(_CORES):
        lines += [
            f"processor\t: {core}",
            "BogoMIPS\t: 108.00",
            f"CPU implementer\t: 0x{processor.implementer:02x}",
            "CPU architecture: 8",
            "CPU variant\t: 0x0",
            f"CPU part\t: 0x{processor.part:03x}",
            "CPU revision\t: 3",
            "",
        ]
    return lines


def _write(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n")
