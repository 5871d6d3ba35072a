"""Pseudonyms: what is written instead of an author."""

from __future__ import annotations

from hashlib import blake2b

from monitor.console import counted
from monitor.tweets.keys import KEY_BYTES


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
            raise ValueError(f"the key has {counted(len(key), 'byte')} instead of {KEY_BYTES}")
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
