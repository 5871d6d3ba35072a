"""An emulated board is told apart from this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.arm.architectures import ARM64, ARMHF, Architecture
from tests.arm.board import Board, NoEmulatorError

ARCHITECTURES = pytest.mark.parametrize("architecture", [ARM64, ARMHF], ids=lambda a: a.debian)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """Make one whose emulator is a shell that ignores what it should translate."""
    emulator = tmp_path / "bin" / "qemu-aarch64-static"
    emulator.parent.mkdir()
    emulator.write_text('#!/bin/sh\necho "$QEMU_CPU $*"\n')
    emulator.chmod(0o755)
    monkeypatch.setenv("PATH", str(emulator.parent), prepend=":")
    return Board(ARM64, tmp_path)


@ARCHITECTURES
def test_processors_are_known_to_qemu(architecture: Architecture) -> None:
    """QEMU can be each of them."""
    emulator = shutil.which(f"qemu-{architecture.qemu}-static")
    if emulator is None:
        pytest.skip("qemu-user-static is not installed")
    known = subprocess.run([emulator, "-cpu", "help"], capture_output=True, text=True).stdout
    wanted = {processor.model.partition(",")[0] for processor in architecture.processors}

    assert wanted <= set(known.split())


def test_is_the_processor_it_became(board: Board) -> None:
    """QEMU is told, and so is whoever reads /proc/cpuinfo."""
    board.become(ARM64.processors[1])

    assert f"cortex-a76 {board.python} -m this\n" == board.run("-m", "this")
    described = (board.root / "proc" / "cpuinfo").read_text()
    assert 4 == described.count("CPU part\t: 0xd0b\n")
    assert "0-3\n" == (board.root / "sys/devices/system/cpu/possible").read_text()


def test_without_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said, with the package that has it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoEmulatorError, match="apt install qemu-user-static"):
        Board(ARMHF, tmp_path)
