"""What is written instead: pseudonyms of authors, and the shape of what is no tweet."""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Final

from monitor.atomic import sync

KEY_BYTES: Final = 32


def mask(payload: bytes) -> bytes:
    """Keep the shape of a payload and nothing of what it says.

    Letters become ``x``, digits ``0``, bytes beyond ASCII ``~``; the punctuation of JSON, white
    space and NUL stay, and whatever else there is becomes ``!``. So a bracket too many, a cut-off
    end or UTF-16 can still be seen. Words of JSON and escape sequences are masked like any other:
    telling them from text would need a reader for what no reader could read. The length stays,
    masking twice changes nothing more, and the time is linear.
    """
    return payload.translate(_MASKS)


class Pseudonyms:
    """Keyed digests: the same for the same author, and of no use without the key.

    Args:
        key: 32 random bytes, as ``load_key`` gives them.

    Raises:
        ValueError: The key does not have 32 bytes.

    Source: BLAKE2b (RFC 7693), keyed, personalized by use so that digests of different uses
    cannot be compared.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key has {len(key)} bytes instead of {KEY_BYTES}")
        self._author = blake2b(key=key, digest_size=16, person=b"author")
        self._id = blake2b(key=key, digest_size=16, person=b"id")
        self._payload = blake2b(key=key, digest_size=16, person=b"payload")

    def author(self, author: str) -> str:
        """Name an author: 32 hexadecimal digits. Neither case nor a leading ``@`` matters."""
        digest = self._author.copy()
        digest.update(author.strip().removeprefix("@").casefold().encode())
        return digest.hexdigest()

    def id(self, id_: str) -> str:
        """Name an id that may not be kept: 32 hexadecimal digits."""
        digest = self._id.copy()
        digest.update(id_.encode())
        return digest.hexdigest()

    def payload(self, payload: bytes) -> str:
        """Identify a payload that carries no id: 32 hexadecimal digits."""
        digest = self._payload.copy()
        digest.update(payload)
        return digest.hexdigest()


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


def _mask_of(byte: int) -> str:
    sign = chr(byte)
    if byte >= 128 or sign == "~":
        return "~"
    if sign.isalnum():
        return "0" if sign.isdigit() else "x"
    return sign if sign in '{}[]:,"\\+-. \t\r\n\0' else "!"


_MASKS: Final = "".join(map(_mask_of, range(256))).encode()
