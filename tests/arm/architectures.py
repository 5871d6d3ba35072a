"""Which Arm there is: instruction sets, and the processors on boards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor that QEMU can be told to be.

    The runtime picks its kernels by what the processor can do, so each may answer a little
    differently.
    """

    model: str
    """As ``-cpu`` of qemu-user has it."""
    board: str
    """Where it is found."""
    implementer: int
    part: int
    """As MIDR_EL1 has them, and so /proc/cpuinfo."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """An instruction set as Debian, QEMU and Python name it."""

    debian: str
    qemu: str
    packages: tuple[str, ...]
    """Of Debian: what the daemon needs and a wheel cannot bring."""
    python_packages: tuple[str, ...]
    """Those Debian brings since the package index has no wheel of them."""
    processors: tuple[Processor, ...]


_ARM: Final = 0x41

ARM64: Final = Architecture(
    debian="arm64",
    qemu="aarch64",
    packages=("python3", "libstdc++6"),
    python_packages=(),
    processors=(
        Processor("cortex-a72", "Raspberry Pi 4", _ARM, 0xD08),
        Processor("cortex-a76", "Raspberry Pi 5", _ARM, 0xD0B),
        Processor("cortex-a53", "Raspberry Pi 3, Zero 2 W", _ARM, 0xD03),
        # QEMU 7.2 with SME (which no board has) gives wrong answers: docs/arm.md.
        Processor("max,sme=off", "newer: i8mm, SVE", 0x00, 0x051),
    ),
)

ARMHF: Final = Architecture(
    debian="armhf",
    qemu="arm",
    packages=("python3", "libstdc++6", "python3-numpy", "python3-yaml"),
    python_packages=("numpy", "pyyaml"),
    processors=(
        Processor("cortex-a7", "Raspberry Pi 2", _ARM, 0xC07),
        Processor("max", "newer, in 32 bits", 0x00, 0x051),
    ),
)
