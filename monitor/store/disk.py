"""Whether the disk has room for what is to be stored.

What it wrote last looks well, and what it says goes to its own log. So whoever looks at a store
asks the disk, too.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

FULL_BYTES: Final = 2**20
"""With less no batch can be relied upon to be stored."""
_TRIED: Final = 2**16


def nearest_folder(path: Path) -> Path:
    """Return the folder that a file is in, or the first above that is there."""
    return next(folder for folder in path.absolute().parents if folder.exists())


def free_bytes(path: Path) -> int:
    """Return what is free, for users other than root, where a file is or will be.

    Raises:
        OSError: if the disk cannot be asked.
    """
    return shutil.disk_usage(nearest_folder(path)).free


def left(connection: sqlite3.Connection) -> int | None:
    """Return what is free beside a log that is open; None if that cannot be told."""
    for _, name, file in connection.execute("PRAGMA database_list"):
        if file and name != "temp":
            try:
                return free_bytes(Path(os.fsdecode(file)))
            except OSError:
                return None
    return None


def is_full(free: int | None) -> bool:
    """Whether nothing can be stored with so much free."""
    return free is not None and free < FULL_BYTES


def see_that_writable(path: Path) -> None:
    """Write something beside a log and remove it, as a quota or a dying disk shows only then.

    Raises:
        OSError: if the disk is full, or does not take it.
    """
    if is_full(free := free_bytes(path)):
        raise OSError(
            f"full: {free / 1e6:.1f} MB are free, so nothing can be stored; make room, and the"
            " daemon goes on by itself"
        )
    try:
        with tempfile.TemporaryFile(dir=nearest_folder(path)) as file:
            file.write(bytes(_TRIED))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(f"nothing can be written there: {error.strerror or error}") from error
