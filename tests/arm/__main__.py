"""Install the package on emulated Arm boards, label the demonstration's tweets, run the daemon.

    make arm                    # 64 and 32 bits, every processor, sizes
    make arm ARM=--short        # what CI does: 64 bits, 40 tweets, one processor for each part

Debian's packages come by apt, wheels by pip, both as this machine has them configured. What was
downloaded stays in .arm/ for the next time. Exit code 1 if a board answers otherwise than this
machine does, or a part fails. docs/arm.md says what this proves and what not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from tests.arm import debian, package, sizes
from tests.arm.agreement import TOLERANCE, Agreement, Row
from tests.arm.architectures import ARM64, ARMHF, Architecture
from tests.arm.board import Board, NoEmulatorError
from tests.arm.life import LifeError, live
from tests.arm.tweets import Question, questions
from tests.processes import REPOSITORY

FEW: Final = 40
"""Tweets for the daemon, and for the short form."""
LARGEST: Final = 250_000_000
"""Bytes that the daemon's packages may take of a card."""
_SHOWN: Final = 8

_VERSIONS: Final = """
import platform, sqlite3, sys
from importlib.metadata import version
from monitor.inference.interpreter import choose_runtime, package_of
runtime = package_of(choose_runtime())
packages = (f"{name} {version(name)}" for name in (runtime, "numpy", "tokenizers"))
print(platform.machine(), f"Python {platform.python_version()}", *packages,
      f"SQLite {sqlite3.sqlite_version}", sep=", ")
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Try the boards and print what they did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="64 bits, 40 tweets, one processor")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".arm", help="for downloads")
    options = parser.parse_args(arguments)
    folder: Path = options.folder.resolve()
    folder.mkdir(exist_ok=True)
    asked = questions()[: FEW if options.short else None]
    try:
        wheel = package.build_wheel(folder / "wheel")
        expected = _labels([sys.executable, "-m", "monitor"], asked)
        failed = []
        for architecture in (ARM64,) if options.short else (ARM64, ARMHF):
            board = _make(architecture, folder, wheel)
            failed += _labelled(board, asked, expected, short=options.short)
            failed += _lived(board, asked[:FEW], expected[:FEW])
            if not options.short:
                failed += _weighed(board)
    except (NoEmulatorError, LifeError, subprocess.CalledProcessError) as error:
        sys.exit(f"FAILED: {error}")
    if failed:
        sys.exit(f"FAILED: {'; '.join(failed)}")


def _make(architecture: Architecture, folder: Path, wheel: Path) -> Board:
    """Bring a board to where the package is installed."""
    board = Board(architecture, folder / architecture.debian)
    with _Doing(f"{architecture.debian}: Debian's {', '.join(architecture.packages)}"):
        debian.build(board.root, architecture.debian, architecture.packages)
        board.become(architecture.processors[0])
    with _Doing(f"{architecture.debian}: {wheel.name} and what it needs"):
        package.install(board, wheel)
    click.echo(f"{architecture.debian}: {board.run('-m', 'monitor', '--version').strip()}")
    click.echo(f"  {board.run('-c', _VERSIONS).strip()}")
    return board


def _labelled(
    board: Board, asked: Sequence[Question], expected: Sequence[Row], *, short: bool
) -> list[str]:
    """Compare the answers of each processor; name those that differ too much."""
    failed = []
    for processor in board.architecture.processors[: 1 if short else None]:
        board.become(processor)
        with _Doing(f"{processor.model}: {len(asked)} tweets"):
            found = _labels(board.argv("-m", "monitor"), asked, **board.variables)
        agreement = Agreement.of(expected, found)
        click.echo(f"  {processor.model} ({processor.board}): {agreement}")
        if not agreement.holds:
            failed.append(f"{processor.model} answers otherwise, by more than {TOLERANCE}")
    return failed


def _lived(board: Board, asked: Sequence[Question], expected: Sequence[Row]) -> list[str]:
    """Have the daemon live, on the processor whose kernels the short form has not tried yet."""
    board.become(board.architecture.processors[1])
    with (
        _Doing(f"{board.processor.model}: the daemon, {len(asked)} tweets"),
        tempfile.TemporaryDirectory(prefix="monitor-arm-") as folder,
    ):
        life = live(board, asked, Path(folder))
    for line in life.checked.splitlines():
        click.echo(f"  check: {' '.join(line.split())}")
    agreement = Agreement.of(expected, life.rows)
    click.echo(
        f"  daemon on {board.processor.model} ({board.processor.board}): {len(asked)} published,"
        f" {len(life.rows)} stored, ended by SIGTERM, reported alike on both machines:"
        f" {agreement}"
    )
    return [] if agreement.holds else [f"the daemon answers otherwise, by more than {TOLERANCE}"]


def _weighed(board: Board) -> list[str]:
    """Say what the packages take of a card, with the bytecode of all of them."""
    with _Doing(f"{board.architecture.debian}: bytecode"):
        board.run("-m", "compileall", "-q", str(board.site_packages()))
    packages = sizes.by_package(board.site_packages())
    total = sum(packages.values())
    largest = [f"{name} {size / 1e6:.1f}" for name, size in [*packages.items()][:_SHOWN]]
    click.echo(
        f"  {len(packages)} packages: {total / 1e6:.1f} MB with bytecode, of these"
        f" {', '.join(largest)}"
    )
    return [] if total <= LARGEST else [f"the packages take more than {LARGEST / 1e6:.0f} MB"]


def _labels(program: Sequence[str], asked: Sequence[Question], **variables: str) -> list[Row]:
    """Ask ``monitor classify``.

    Raises:
        subprocess.CalledProcessError: if it fails; what it said is on our standard error.
    """
    run = subprocess.run(
        [*program, "classify", "--every-language"],
        env={**os.environ, **variables},
        input="".join(f"{json.dumps(question)}\n" for question in asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


class _Doing:
    """Says on standard error what is going on, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        click.echo(f"- {self._what} ...", nl=False, err=True)
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        click.echo(f" {time.monotonic() - self._began:.0f} s", err=True)


if __name__ == "__main__":
    main()
