"""Files that appear whole or not at all: written beside, put on disk, renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = True) -> Iterator[Path]:
    """Yield a new file's path in the same folder, which takes the place of ``path`` at the end.

    If the block fails, or the file cannot be renamed, it is removed and ``path`` stays as it was.

    Args:
        path: the file to replace, there or not.
        mode: permissions that it gets; None for what the umask leaves.
        durable: whether content and name are on disk at the end, and so survive a power cut.

    Raises:
        OSError: the folder cannot be written to, or ``path`` is there and no file, as a device.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise FileExistsError(errno.EEXIST, "is no file that could be replaced", str(path))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # of a process that had this number and was killed
    try:
        yield draft
        if mode is not None:
            draft.chmod(mode)
        if durable:
            sync(draft)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def sync(path: Path) -> None:
    """Put a file's content, or a folder's names, on disk.

    Raises:
        OSError: it is not there, or the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
