"""An output that gets its name when it is complete and on disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from monitor.archive.formats import LabelledChunk
from monitor.archive.inputs import REJECTED, Input
from monitor.atomic import sync

SUFFIX: Final = ".monitor-part"
"""Of what is not complete; hidden."""


class Draft:
    """What an input becomes, with its rejected rows beside it, if there are any."""

    def __init__(self, source: Input, folder: Path) -> None:
        """Begin it.

        Raises:
            OSError: if nothing can be written there.
        """
        self.count = 0
        """Rows labelled."""
        self.rejected: list[str] = []
        """The first reason, and no more than that."""
        self.rejections = 0
        self._mode = source.mode
        self._folder = folder
        self._name = source.name
        self._file = self._open(source.name)
        self._writer = source.format.writer(self._file)
        self._rejects: BinaryIO | None = None

    def write(self, labelled: LabelledChunk) -> None:
        """Append a chunk's rows.

        Raises:
            OSError: if the disk is full, or worse.
        """
        self._writer.write(labelled.output)
        self.count += labelled.count
        if labelled.rejected:
            if self._rejects is None:
                self._rejects = self._open(self._name + REJECTED)
                self.rejected.append(labelled.rejected[0])
            self._rejects.writelines(f"{line}\n".encode() for line in labelled.rejected)
            self.rejections += len(labelled.rejected)

    def finish(self) -> int:
        """Put everything on disk, still under its temporary name, and return its bytes.

        Raises:
            OSError: if the disk is full, or worse.
        """
        self._writer.close()
        size = self._file.tell()
        for file in filter(None, (self._file, self._rejects)):
            file.flush()
            os.fsync(file.fileno())
            file.close()
        return size

    def publish(self) -> None:
        """Give it its name.

        Raises:
            OSError: if that fails.
        """
        rejects = self._folder / (self._name + REJECTED)
        if self._rejects:
            self._path(rejects.name).replace(rejects)
        else:
            rejects.unlink(missing_ok=True)
        self._path(self._name).replace(self._folder / self._name)
        sync(self._folder)

    def discard(self) -> None:
        """Leave nothing of it."""
        for name in (self._name, self._name + REJECTED):
            self._path(name).unlink(missing_ok=True)
        for file in filter(None, (self._file, self._rejects)):
            with suppress(OSError):  # what was not written yet, to a disk that is full
                file.close()

    def _open(self, name: str) -> BinaryIO:
        path = self._path(name)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        # Who may not read the tweets may not read them here either.
        return os.fdopen(os.open(path, flags, self._mode | 0o200), "wb")

    def _path(self, name: str) -> Path:
        return self._folder / f".{name}{SUFFIX}"


def clear(folder: Path) -> None:
    """Remove what a run that was killed has left; nobody else may be writing there."""
    for path in folder.glob(f".*{SUFFIX}"):
        path.unlink()
