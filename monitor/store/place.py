"""Whether a log's files are still where SQLite left them, and as it left them.

SQLite holds on to the files that it opened. If one is deleted, or another gets its name, it goes on
writing where nobody will look, and the last of it goes with the process. If something else writes
into one, SQLite may take hours to notice. So `Place.look` compares the names with what was opened,
and `Place.is_untouched` what is there now with what there was when we last looked. Both ask for a
file's entry alone (stat(2)), some microseconds: opening and closing the file would let go of the
locks that SQLite has on it (fcntl(2)).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_BESIDE: Final = ("-wal", "-shm")


_stat = os.stat
"""Not pathlib's, which takes three times as long: this is asked five times a commit."""


class MovedError(Exception):
    """A name of the log's no longer leads to the file that is open; the message is the name."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class Place:
    """The files of a log that is open: the database, its write-ahead log and its index."""

    def __init__(self, path: Path) -> None:
        """Note what the names lead to; SQLite must have all three open.

        Raises:
            OSError: if one is not there.
        """
        self.path = path
        # SQLite follows links and puts the others beside the file itself.
        itself = path.resolve()
        self._names = (str(path), *(f"{itself}{part}" for part in _BESIDE))
        self._opened = [_identity(_stat(name)) for name in self._names]
        self._left: list[tuple[int, int]] = []
        self.look()

    def look(self) -> None:
        """See that the names lead to what is open, and note how it is left.

        Raises:
            MovedError: if one leads elsewhere, or nowhere.
        """
        left = []
        for name, opened in zip(self._names, self._opened, strict=True):
            try:
                found = _stat(name)
            except OSError as error:
                raise MovedError(Path(name)) from error
            if _identity(found) != opened:
                raise MovedError(Path(name))
            left.append((found.st_size, found.st_mtime_ns))
        self._left = left[:-1]  # every reader writes into the index

    def is_untouched(self) -> bool:
        """Whether nobody has written since we last looked; a name that leads nowhere says no."""
        try:
            found = [_stat(name) for name in self._names[:-1]]
        except OSError:
            return False
        return [(f.st_size, f.st_mtime_ns) for f in found] == self._left

    def found_again(self) -> Path | None:
        """Return where the database that is open lies now; None if it was deleted.

        Source: proc(5), /proc/PID/fd. Where there is no /proc, it cannot be told: None.
        """
        try:
            descriptors = list(Path("/proc/self/fd").iterdir())
        except OSError:
            return None
        for descriptor in descriptors:
            try:
                found = descriptor.stat()
                if _identity(found) == self._opened[0] and found.st_nlink:
                    where = descriptor.readlink()
                    if _identity(where.stat()) == self._opened[0]:
                        return where
            except OSError:  # closed meanwhile, or its name leads nowhere
                continue
        return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
