"""What is measured on: the board, and the runtime."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from monitor.inference import choose_runtime, package_of


@dataclass(frozen=True)
class Device:
    """A board: architecture, processor's name, cores that we may use, bytes of memory."""

    machine: str
    processor: str
    cores: int
    memory: int

    @classmethod
    def this(cls) -> Device:
        """Return the one we run on."""
        return cls(
            machine=platform.machine(),
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        )

    def __str__(self) -> str:
        """Return the device in one line."""
        return (
            f"{self.processor} ({self.machine}), {self.cores} cores, {self.memory / 2**30:.1f} GiB"
        )


def runtime_of(wanted: str = "auto") -> str:
    """Return package and version of a runtime (`inference.interpreter.RUNTIMES`, or "auto").

    Raises:
        ModelError: it is not installed.
    """
    package = package_of(choose_runtime(wanted))
    return f"{package} {version(package)}"


def _processor() -> str:
    """Return the board's name, or the processor's, whichever Linux tells."""
    for path, key in (("/proc/device-tree/model", ""), ("/proc/cpuinfo", "model name")):
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith(key):
                return line.rpartition(":")[2].strip("\0 \t")
    return platform.processor() or "unknown processor"
