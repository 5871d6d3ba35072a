"""What a folder of outputs holds, and of which model: a JSON line for each complete file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from monitor.atomic import sync
from monitor.console import strict_json

NAME: Final = "MANIFEST"


class ManifestError(Exception):
    """A folder cannot be labelled into; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One complete output."""

    name: str
    size: int
    """Bytes of the output."""
    tweets: int
    rejected: int
    source: str
    """The input's path."""
    source_size: int
    source_mtime_ns: int
    asked: Mapping[str, str | None]
    """Of which model, and which question: what `settings` says."""


class Manifest:
    """The entries of a folder, which is this run's alone while it is open.

    Use as a context manager.
    """

    def __init__(self, folder: Path) -> None:
        """Read it, or begin it, and lock it.

        Raises:
            ManifestError: if another run has it, or it is not one of ours.
            OSError: if the folder cannot be written to.
        """
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / NAME
        self._file = self._path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.entries = self._read()
            sync(folder)
        except BlockingIOError as error:
            self._file.close()
            raise ManifestError(f"{folder}: another run is labelling into it") from error
        except BaseException:
            self._file.close()
            raise

    def _read(self) -> dict[str, Entry]:
        self._file.seek(0)
        content = self._file.read()
        # A run that was killed may have left half a line.
        complete = content[: content.rfind(b"\n") + 1]
        if len(complete) < len(content):
            self._file.truncate(len(complete))
        try:
            found = [Entry(**json.loads(line)) for line in complete.splitlines()]
        except (ValueError, TypeError) as error:
            raise ManifestError(f"{self._path}: not written by this program: {error}") from error
        return {entry.name: entry for entry in found}

    def add(self, entry: Entry) -> None:
        """Add an entry, on disk; the last of a name counts.

        Raises:
            OSError: if it cannot be written.
        """
        self._file.write(f"{strict_json(asdict(entry))}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries[entry.name] = entry

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # what a full disk has not taken
            self._file.close()
