"""Standard input, output and error, whatever a process was started with and wherever they go.

A terminal is closed while ``nohup`` keeps the process, a disk is full, a shell starts a program
with ``>&-``. What can no longer be told to standard error is no reason to end the work; what can
no longer be written to standard output is, and one line says so.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Final, TextIO

OUTPUT: Final = "standard output"
"""Name in errors of writing there."""


class _Told(io.FileIO):
    """Standard error: what cannot be told is not told."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError:
            return len(data)


class _Written(io.FileIO):
    """Standard output: an error says whose it is, once; then there is nobody to write for."""

    _lost = False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._lost:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._lost = True
            raise type(error)(error.errno, error.strerror, OUTPUT) from None


def prepare() -> None:
    """Make them ready; once, at the start of the process, and only those that nobody replaced.

    Those that are closed are opened, so that no other file takes their place and gets what is
    written there: the log could. Standard output is then opened for reading, so that writing to it
    fails, as it does for any other program.
    """
    for descriptor, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  (for as long as the process lasts)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _over(_Written(1, "wb", closefd=False), sys.__stdout__)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _over(_Told(2, "wb", closefd=False), sys.__stderr__)


def _over(raw: io.FileIO, stream: TextIO | None) -> io.TextIOWrapper:
    """Write through something else than a stream does, but as it does."""
    if not isinstance(stream, io.TextIOWrapper):  # it was closed
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace")
    with suppress(OSError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        # A character that an encoding lacks ends no command.
        "backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
