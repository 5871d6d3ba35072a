"""The shape of a payload that is no tweet, which is all that may be kept of it."""

from __future__ import annotations

from typing import Final


def mask(payload: bytes) -> bytes:
    """Keep the shape of a payload and nothing of what it says.

    Letters become ``x``, digits ``0``, bytes beyond ASCII ``~``; the punctuation of JSON, white
    space and NUL stay, and whatever else there is becomes ``!``. So a bracket too many, a cut-off
    end or UTF-16 can still be seen. Words of JSON and escape sequences are masked like any other:
    telling them from text would need a reader for what no reader could read. The length stays,
    masking twice changes nothing more, and the time is linear.
    """
    return payload.translate(_MASKS)


def _mask_of(byte: int) -> str:
    sign = chr(byte)
    if byte >= 128 or sign == "~":
        return "~"
    if sign.isalnum():
        return "0" if sign.isdigit() else "x"
    return sign if sign in '{}[]:,"\\+-. \t\r\n\0' else "!"


_MASKS: Final = "".join(map(_mask_of, range(256))).encode()
