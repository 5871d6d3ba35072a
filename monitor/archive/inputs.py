"""Which files the arguments of ``monitor classify`` mean."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.archive.formats import Format, FormatError
from monitor.archive.registry import format_of

REJECTED = ".rejected.jsonl"
"""Added to a file's name, for its rows that could not be labelled."""

_KNOWN = "*.jsonl, *.ndjson, *.json and *.csv, each also with .gz, and *.parquet"


class InputError(Exception):
    """The arguments cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file to label, as it was when the run began."""

    path: Path
    """Absolute: it may be read from a process with another working directory."""
    format: Format
    size: int
    """Bytes."""
    mtime_ns: int
    mode: int
    """Permissions, which its output gets."""

    @property
    def name(self) -> str:
        """Of the file, and of its output."""
        return self.path.name


def find(arguments: Iterable[str]) -> list[Input]:
    """Find the files to label, in the order of the arguments.

    Args:
        arguments: files; folders, for the files of a known format in them (not in folders
            below); patterns that the shell has left as they are.

    Raises:
        InputError: if there is none, one is of no known format or cannot be read, or two would
            get the same output.
    """
    paths = [path for argument in arguments for path in _expanded(argument)]
    found = [_input(path) for path in dict.fromkeys(paths)]
    names: dict[str, Path] = {}
    for one in found:
        for name in (one.name, one.name + REJECTED):
            other = names.setdefault(name, one.path)
            if other != one.path:
                raise InputError(
                    f"{one.path}: its output would have the same name as that of {other}; label"
                    " them into two folders"
                )
    return found


def _expanded(argument: str) -> Iterator[Path]:
    path = Path(argument)
    if path.is_dir():
        yield from _of_known_format(argument, sorted(path.iterdir()))
    elif not path.exists() and glob.has_magic(argument):
        yield from _of_known_format(argument, [Path(p) for p in sorted(glob.glob(argument))])  # noqa: PTH207  (absolute ones too)
    else:
        yield path.resolve()


def _of_known_format(argument: str, paths: Sequence[Path]) -> list[Path]:
    known = [p.resolve() for p in paths if p.is_file() and _format(p)]
    if not known:
        raise InputError(f"{argument}: no {_KNOWN} there")
    return known


def _input(path: Path) -> Input:
    format_ = _format(path)
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if format_ is None or not path.is_file():
        raise InputError(f"{path}: not one of {_KNOWN}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: no permission to read it")
    status = path.stat()
    return Input(path, format_, status.st_size, status.st_mtime_ns, status.st_mode & 0o777)


def _format(path: Path) -> Format | None:
    try:
        return format_of(path.name)
    except FormatError as error:
        raise InputError(f"{path}: {error}") from error
