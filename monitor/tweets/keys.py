"""The file with the key of pseudonyms."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from monitor.atomic import sync

KEY_BYTES: Final = 32


def load_key(path: Path) -> bytes:
    """Read the key in a file, which is made with mode 0600 on first use.

    A reader never sees half a key, whether two processes start at once or the power fails: the
    key is complete and on disk before it gets its name, and a name is given only once.

    Raises:
        PermissionError: The file may not be read, or not be made.
        ValueError: The file does not hold exactly 32 bytes.
        OSError: Anything else that the file system reports, as a missing directory.
    """
    try:
        try:
            return _read_key(path)
        except FileNotFoundError:
            _make_key(path)
            return _read_key(path)
    except PermissionError as error:
        raise PermissionError(f"{path}: no permission to read or make the key file") from error


def _read_key(path: Path) -> bytes:
    with path.open("rb") as file:
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path}: is not a key, which has exactly {KEY_BYTES} bytes")
    return key


def _make_key(path: Path) -> None:
    # The draft is opened with O_EXCL and mode 0600, and removed at the end.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as draft:
        draft.write(os.urandom(KEY_BYTES))
        draft.flush()
        os.fsync(draft.fileno())
        try:
            path.hardlink_to(draft.name)
        except FileExistsError:
            return  # another process was first: its key counts
    sync(path.parent)
