"""Bytes that are no text: which format they are, so that a refusal can name it.

Signatures are looked at only where bytes are no UTF-8, or hold control characters as no text has
them. They make a refusal clearer, and decide nothing.

Sources: RFC 8949 (CBOR), section 3; the specification of MessagePack, "Formats"; bsonspec.org.
"""

from __future__ import annotations

import re
from typing import Final

from monitor.tweets.rejection import Reason, RejectedError

_COMPRESSED: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
    (b"\x78\x01", "zlib"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
"""How compressed data begins, and what it is called."""
_FORMATS: Final = (
    (b"Obj\x01", "Avro"),
    (b"PAR1", "Parquet"),
    (b"\xd9\xd9\xf7", "CBOR"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"%PDF-", "PDF"),
)
_PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
_MAPS: Final = (
    # A map, and as its first key a short string, whose length is in the low five bits.
    (re.compile(rb"[\xa1-\xb7\xbf]([\x61-\x77])([A-Za-z_$@][\w.$@-]*)"), "CBOR"),
    (
        re.compile(rb"(?:[\x81-\x8f]|\xde..)([\xa1-\xbf])([A-Za-z_$@][\w.$@-]*)", re.DOTALL),
        "MessagePack",
    ),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""What no keyboard writes. The escape of colours (0x1B) may stand in what a terminal showed."""
_SLIPS: Final = 2
"""So many such characters a text of any length may have."""
_RARE: Final = 10
"""A longer text may have one in so many."""


def refuse_binary(payload: bytes, text: str) -> None:
    """Refuse what can be decoded, and yet is no text.

    Raises:
        RejectedError: It begins with a control character, or has more than a text may have.
    """
    if text.isprintable():  # as most
        return
    count = len(_CONTROL.findall(text))
    if _CONTROL.match(text) or (count > _SLIPS and count * _RARE > len(text)):
        raise refusal(payload) or RejectedError(
            Reason.NOT_UTF8, "Binary data, and no text; publish JSON, or text in UTF-8."
        )


def refusal(payload: bytes) -> RejectedError | None:
    """Return a refusal that names the format of bytes that are no text, if it is a known one."""
    for beginning, name in _COMPRESSED:
        if payload.startswith(beginning):
            detail = f"Compressed ({name}); publish it as it was before."
            return RejectedError(Reason.NOT_UTF8, detail)
    if format_ := _format(payload):
        detail = f"Binary ({format_}), and no text; publish JSON, or text in UTF-8."
        return RejectedError(Reason.NOT_UTF8, detail)
    return None


def _format(payload: bytes) -> str | None:
    for beginning, name in _FORMATS:
        if payload.startswith(beginning):
            return name
    if _PICKLE.match(payload):
        return "pickle"
    if int.from_bytes(payload[:4], "little") == len(payload) and payload[-1:] == b"\0":
        return "BSON"
    for pattern, name in _MAPS:
        found = pattern.match(payload)
        if found and len(found[2]) >= found[1][0] & 0x1F:
            return name
    return None
